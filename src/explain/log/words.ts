/** Sentences about a log report that its text and its Markdown share; nothing in them is escaped. */
import type { Condition } from '../../terms/conditions.ts';
import * as report from '../../report/words.ts';
import type { Episode, Finding, LogGroup, LogInput, LogReport, Moment, Nearby, Rate, Seen } from './define.ts';

const { toCount } = report;

/** In front of what is told of one of several logs: its file name where that is enough; empty for a single log. */
export function toOrigin({ inputs }: LogReport, input: number): string {
  const path = inputs[input]?.path ?? '';
  const name = toFileName(path);
  if (inputs.length === 1) return '';
  return `${inputs.filter((other) => toFileName(other.path) === name).length > 1 ? toName(path) : name}: `;
}

function toFileName(path: string): string {
  return toName(path).replace(/^.*[/\\](?=.)/, '');
}

/** The answer in a sentence. */
export function toHeadline({ inputs, groups, moreGroups }: LogReport): string {
  const lines = inputs.reduce((sum, input) => sum + input.lines, 0);
  const recognised = inputs.reduce((sum, input) => sum + input.recognised, 0);
  const where = `${toCount(lines, 'line')}${inputs.length === 1 ? '' : ` of ${inputs.length} logs`}`;
  if (recognised === 0) return `None of ${where} tells of a failed connection.`;
  const kinds = groups.length + moreGroups;
  return `${toCount(recognised, 'failure')} in ${where}${kinds === 1 ? '' : `, of ${kinds} kinds`}.`;
}

/** `nginx: reset in the response phase, 412 times`. */
export function toGroupTitle(group: LogGroup): string {
  return `${toWording(group)}, ${group.count === 1 ? 'once' : toCount(group.count, 'time')}`;
}

function toWording({ program, pattern, condition, phase }: LogGroup): string {
  return `${program}: ${toEnding(condition, pattern)}${phase === 'unknown' ? '' : ` in the ${phase} phase`}`;
}

/** The condition; a wording that does not tell how the connection ended goes by its own name, such as 502. */
export function toEnding(condition: Condition, pattern: string): string {
  return condition === 'unknown' ? pattern.replace(/^.*\//, '') : condition;
}

/** A finding with its count and the cause that it speaks for. */
export function toFinding({ kind, text, count, of, points }: Finding): string {
  const share = kind === 'near-event' ? '' : ` (${count.toLocaleString('en-US')} of ${of.toLocaleString('en-US')})`;
  return `${text}${share}${points === undefined ? '' : `; speaks for ${points}`}`;
}

/** First and last occurrence. */
export function toTimes({ first, last, count }: LogGroup): string {
  return count === 1 ? toPlace(first) : `first ${toPlace(first)}, last ${toPlace(last)}`;
}

/** A time with its line, or the line alone. */
export function toPlace({ at, line }: Seen): string {
  return at === null ? `line ${line}` : `${toClock(at)} (line ${line})`;
}

/** Milliseconds only where the log had some. */
export function toClock(at: string): string {
  return at.replace('.000Z', 'Z');
}

/** Peers with their counts, and how many more there are. */
export function toPeers({ peers, morePeers, morePeerLines, peersOverflowed }: LogGroup): string {
  const listed = peers.map(({ address, count }) => `${address} (${count.toLocaleString('en-US')})`).join(', ');
  const least = peersOverflowed ? 'at least ' : '';
  return morePeers > 0 ? `${listed}, and ${least}${morePeers} more (${morePeerLines.toLocaleString('en-US')})` : listed;
}

/** The rate in a sentence; the burst if there is one. */
export function toRate({ bucketMs, counts, burst }: Rate): string {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const peak = counts.reduce((most, count) => Math.max(most, count), 0);
  const per = toDuration(bucketMs);
  const most = counts.length === 1 ? `all within ${per}` : `at most ${peak.toLocaleString('en-US')} in ${per}`;
  if (!burst) return most;
  const share = `${burst.count.toLocaleString('en-US')} of ${total.toLocaleString('en-US')}`;
  return `${most}; a burst of ${share} from ${toClock(burst.from)} to ${toClock(burst.to)}`;
}

/** `60 s`, without a fraction that says nothing. */
export function toDuration(ms: number): string {
  return report.toDuration(ms).replace('.0 ', ' ');
}

/** A line about the life of a process. */
export function toNearby({ seen, text }: Nearby): string {
  return `${toPlace(seen)}  ${text}`;
}

/** When a moment was, and what joins its episodes when they are of several logs. */
export function toMomentTitle({ from, shared, episodes }: Moment): string {
  const at = toClock(from);
  if (new Set(episodes.map(({ input }) => input)).size < 2) return at;
  return `${at}  joined by ${shared.length > 0 ? `time and ${shared.slice(0, 3).join(', ')}` : 'time only'}`;
}

/** Moments that addresses join; only where there are none, those that merely fall together. */
export function toTelling(timeline: readonly Moment[]): readonly Moment[] {
  const joined = timeline.filter(({ shared }) => shared.length > 0);
  return joined.length > 0 ? joined : timeline;
}

/** The episodes that the addresses join, or all where only the time does. */
export function toJoined({ shared, episodes }: Moment): readonly Episode[] {
  return shared.length === 0
    ? episodes
    : episodes.filter(({ addresses }) => addresses.some((one) => shared.includes(one)));
}

/** An episode of a moment in a line. */
export function toEpisodeText({ text, count, line, from, to }: Episode, moment: Moment): string {
  const lastedMs = Date.parse(to) - Date.parse(from);
  const times = count === 1 ? '' : `, ${toCount(count, 'time')}${lastedMs > 0 ? ` in ${toDuration(lastedMs)}` : ''}`;
  const afterMs = Date.parse(from) - Date.parse(moment.from);
  return `+${afterMs === 0 ? '0 s' : toDuration(afterMs)}  ${text}${times} (line ${line})`;
}

/** A log as it is called in sentences. */
export function toName(path: string): string {
  return path === '-' ? 'standard input' : path;
}

/** What was read. */
export function toInputText({ path, lines, recognised, from, to, damage }: LogInput): string {
  const span = from === null || to === null ? 'no times' : `${toClock(from)} to ${toClock(to)}`;
  return `${toName(path)}: ${toCount(lines, 'line')}, ${toCount(recognised, 'failure')}, ${span}${damage.map((one) => `; ${one}`).join('')}`;
}
