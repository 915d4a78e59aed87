/** Times as logs write them: whole, without the year, or only of the day; what is missing comes from the capture. */

export type LogTime =
  | { readonly kind: 'epoch'; readonly seconds: number }
  /** Date and time without a zone, as seconds of a UTC clock that showed the same. */
  | { readonly kind: 'no-zone'; readonly seconds: number }
  /** Month 0 to 11. */
  | { readonly kind: 'no-year'; readonly month: number; readonly day: number; readonly ofDay: number }
  | { readonly kind: 'of-day'; readonly ofDay: number };

const DAY = 86_400;

/** Epoch seconds of a log's time, the closest to `nearSeconds` where it is not whole; `zoneMin` is minutes east of UTC. */
export function resolveTime(time: LogTime, nearSeconds: number, zoneMin: number): number {
  if (time.kind === 'epoch') return time.seconds;
  const shift = zoneMin * 60;
  if (time.kind === 'no-zone') return time.seconds - shift;
  if (time.kind === 'of-day') {
    const today = Math.floor((nearSeconds + shift) / DAY) * DAY - shift + time.ofDay;
    return closest([today - DAY, today, today + DAY], nearSeconds);
  }
  const year = new Date(nearSeconds * 1000).getUTCFullYear();
  const years = [year - 1, year, year + 1];
  return closest(
    years.map((one) => Date.UTC(one, time.month, time.day) / 1000 + time.ofDay - shift),
    nearSeconds,
  );
}

/** `12:00:01`, `12:00:01.123456` as seconds; null when it is none. */
export function ofDay(text: string): number | null {
  const match = /^(\d\d):(\d\d):(\d\d(?:\.\d{1,9})?)$/.exec(text);
  if (match === null) return null;
  const seconds = Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]);
  return seconds < DAY + 1 ? seconds : null;
}

/** Zones lie whole quarters of an hour apart, at most so far. */
const QUARTER = 900;
const FARTHEST = 14 * 3600;

/** The zone that `offSeconds` looks like, as `+01:00`, where a log is that much ahead; null when it looks like none. */
export function zoneLike(offSeconds: number, toleranceSeconds: number): string | null {
  const quarters = Math.round(offSeconds / QUARTER);
  if (quarters === 0 || Math.abs(offSeconds) > FARTHEST) return null;
  if (Math.abs(offSeconds - quarters * QUARTER) > toleranceSeconds) return null;
  const minutes = Math.abs(quarters) * 15;
  return `${quarters < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}

function closest(values: readonly number[], near: number): number {
  let best = values[0]!;
  for (const value of values) if (Math.abs(value - near) < Math.abs(best - near)) best = value;
  return best;
}

function two(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}
