/**
 * How far the clocks of two captures lie apart. A segment never arrives before it was sent: what flows from A to B
 * bounds the difference from above, what flows from B to A from below (Paxson, “On Calibrating Measurements of Packet
 * Transit Times”, 1998). The narrower the two bounds, the better it is known.
 */

/** One segment that both captures show: when it was in A, and how much later by B's clock it was in B; nanoseconds. */
export interface Crossing {
  readonly atNs: number;
  readonly laterNs: number;
  /** It flowed from A's place to B's. */
  readonly aFirst: boolean;
}

export interface ClockDifference {
  /** B's clock minus A's at `sinceNs` of A's clock, nanoseconds. */
  readonly offsetNs: number;
  readonly sinceNs: number;
  /** How much B's clock gains on A's, parts per million; 0 where the capture is too short to tell. */
  readonly driftPpm: number;
  /** The offset is known to this, nanoseconds. */
  readonly errorNs: number;
  readonly crossings: number;
}

/** The difference that all crossings agree on; null without any. */
export function clockDifference(crossings: readonly Crossing[]): ClockDifference | null {
  const forth = crossings.filter(({ aFirst }) => aFirst);
  const back = crossings.filter(({ aFirst }) => !aFirst);
  if (crossings.length === 0) return null;
  if (forth.length === 0 || back.length === 0) return oneWay(crossings);
  const sinceNs = crossings.reduce((least, { atNs }) => Math.min(least, atNs), Number.POSITIVE_INFINITY);
  const driftPpm = driftOf(forth, back, sinceNs);
  const straight = ({ atNs, laterNs }: Crossing): number => laterNs - ((atNs - sinceNs) * driftPpm) / 1e6;
  const above = forth.reduce((least, one) => Math.min(least, straight(one)), Number.POSITIVE_INFINITY);
  const below = back.reduce((most, one) => Math.max(most, straight(one)), Number.NEGATIVE_INFINITY);
  return {
    offsetNs: (above + below) / 2,
    sinceNs,
    driftPpm,
    errorNs: Math.max(Math.abs(above - below) / 2, CLOCK_GRAIN_NS),
    crossings: crossings.length,
  };
}

/** Segments in one direction only: the clocks differ by what they show, but for the unknown time on the way. */
function oneWay(crossings: readonly Crossing[]): ClockDifference {
  const [first] = crossings;
  const sign = first!.aFirst ? 1 : -1;
  const quickest = crossings.reduce((best, one) => ((one.laterNs - best.laterNs) * sign < 0 ? one : best), first!);
  return {
    offsetNs: quickest.laterNs,
    sinceNs: quickest.atNs,
    driftPpm: 0,
    errorNs: LONGEST_WAY_NS,
    crossings: crossings.length,
  };
}

/** No path of one direction takes longer. */
const LONGEST_WAY_NS = 500e6;

/** A time of B's clock on A's. */
export function onClockOfA({ offsetNs, sinceNs, driftPpm }: ClockDifference, bNs: number): number {
  const undrifted = bNs - offsetNs;
  return undrifted - ((undrifted - sinceNs) * driftPpm) / 1e6;
}

/** A time of A's clock on B's. */
export function onClockOfB({ offsetNs, sinceNs, driftPpm }: ClockDifference, aNs: number): number {
  return aNs + offsetNs + ((aNs - sinceNs) * driftPpm) / 1e6;
}

/** Captures with microseconds cut what lies below. */
const CLOCK_GRAIN_NS = 1000;
/** Crystals differ by tens of parts per million: in so short a time that is less than any path's jitter. */
const DRIFT_SPAN_NS = 30e9;
const BUCKETS = 16;
/** No crystal is worse; a slope beyond it is a path that changed. */
const MAX_DRIFT_PPM = 500;

/** The slope that the fastest crossings of each stretch of time share in both directions. */
function driftOf(forth: readonly Crossing[], back: readonly Crossing[], sinceNs: number): number {
  const untilNs = [...forth, ...back].reduce((most, { atNs }) => Math.max(most, atNs), sinceNs);
  const spanNs = untilNs - sinceNs;
  if (spanNs < DRIFT_SPAN_NS) return 0;
  const up = slopeOf(fastest(forth, sinceNs, spanNs, 1));
  const down = slopeOf(fastest(back, sinceNs, spanNs, -1));
  if (up === null || down === null) return 0;
  // A queue that fills moves one direction only; a clock moves both.
  const ppm = ((up + down) / 2) * 1e6;
  const agree = Math.abs(up - down) * 1e6 <= Math.max(20, Math.abs(ppm) / 2);
  return agree && Math.abs(ppm) <= MAX_DRIFT_PPM ? ppm : 0;
}

/** The crossing of least delay in each of sixteen stretches of time. */
function fastest(crossings: readonly Crossing[], sinceNs: number, spanNs: number, sign: 1 | -1): Crossing[] {
  const best = new Map<number, Crossing>();
  for (const crossing of crossings) {
    const bucket = Math.min(BUCKETS - 1, Math.floor(((crossing.atNs - sinceNs) / spanNs) * BUCKETS));
    const before = best.get(bucket);
    if (before === undefined || (crossing.laterNs - before.laterNs) * sign < 0) best.set(bucket, crossing);
  }
  return [...best.values()];
}

/** The median of the slopes between all pairs (Theil and Sen); null with fewer than five points. */
function slopeOf(points: readonly Crossing[]): number | null {
  if (points.length < 5) return null;
  const slopes: number[] = [];
  for (const [i, a] of points.entries()) {
    for (const b of points.slice(i + 1)) {
      if (a.atNs !== b.atNs) slopes.push((b.laterNs - a.laterNs) / (b.atNs - a.atNs));
    }
  }
  slopes.sort((x, y) => x - y);
  return slopes[slopes.length >> 1] ?? null;
}
