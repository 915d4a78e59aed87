/** Logs of one incident as one report: their groups side by side, their episodes on one timeline. */
import { toList } from '../../report/words.ts';
import type { Episode, LogReport, Moment, Nearby } from './define.ts';
import { toEpisode } from './episodes.ts';
import { toLogGroup } from './group.ts';
import { SKEW_MS, toMoments } from './moments.ts';
import { type Covered, findNearEvents } from './near-events.ts';
import type { LogPart } from './part.ts';

/** Offsets between two logs before they are told, and how far most of them may lie apart, ms. */
const LEAST_OFFSETS = 3;
const OFFSET_SPREAD_MS = 300;
/** A smaller offset is the time that a failure takes from hop to hop. */
const LEAST_OFFSET_MS = 500;

/** The report of one or more logs; `inputs` keeps their order. */
export function toLogReport(parts: readonly LogPart[]): LogReport {
  const nearby: Nearby[] = parts.flatMap((part, input) => part.nearby.map((one) => ({ ...one, input })));
  const groups = parts
    .flatMap((part, input) => part.groups.map((group) => ({ group, input, baseline: part.baseline })))
    .sort((a, b) => b.group.span.count - a.group.span.count);
  const episodes = parts.flatMap((part, input): Episode[] => part.episodes.map((one) => ({ ...one, input })));
  const { moments, moreMoments } = toMoments([...episodes, ...nearby.flatMap(toEpisode)], parts.length);
  const covered = toCovered(parts);
  const sum = (of: (part: LogPart) => number): number => parts.reduce((total, part) => total + of(part), 0);
  return {
    schemaVersion: 1,
    inputs: parts.map(({ input }) => input),
    groups: groups.map(({ group, input, baseline }, at) =>
      toLogGroup(group, baseline, findNearEvents(group, input, nearby, covered), `g${at + 1}`, input),
    ),
    moreGroups: sum((part) => part.moreGroups),
    moreGroupLines: sum((part) => part.moreGroupLines),
    nearby,
    moreNearby: sum((part) => part.moreNearby),
    timeline: moments,
    moreMoments,
    notes: [...parts.flatMap((part) => part.notes), ...(parts.length > 1 ? joinNotes(parts, moments) : [])],
  };
}

function toCovered(parts: readonly LogPart[]): Covered {
  const from = parts.flatMap(({ input }) => (input.from === null ? [] : [Date.parse(input.from)]));
  const to = parts.flatMap(({ input }) => (input.to === null ? [] : [Date.parse(input.to)]));
  return { fromMs: Math.min(...from), toMs: Math.max(...to) };
}

function joinNotes(parts: readonly LogPart[], moments: readonly Moment[]): string[] {
  const paths = parts.map(({ input }) => input.path);
  const joined = `Lines of different logs are joined when at most ${SKEW_MS / 1000} s apart; clocks of the hosts that differ by more are not corrected.`;
  const skews = paths.flatMap((path, input) => (input === 0 ? [] : toSkewNote(moments, input, paths[0] ?? '', path)));
  const apart = paths.filter(
    (_, input) => !moments.some(({ episodes }) => episodes.some((one) => one.input === input)),
  );
  const alone = apart.length === 0 ? [] : [`${toList(apart)}: nothing in it falls together with another log.`];
  return [joined, ...skews, ...alone];
}

/** The same offset again and again, in moments that share an address, is a clock's and not the network's. */
function toSkewNote(moments: readonly Moment[], input: number, firstPath: string, path: string): string[] {
  const offsetsMs = moments.flatMap(({ episodes, shared }) => {
    const ofShared = episodes.filter(({ addresses }) => addresses.some((address) => shared.includes(address)));
    const [first, other] = [0, input].map((wanted) => ofShared.find((one) => one.input === wanted));
    return first && other ? [Date.parse(other.from) - Date.parse(first.from)] : [];
  });
  offsetsMs.sort((a, b) => a - b);
  const median = offsetsMs[Math.floor(offsetsMs.length / 2)];
  if (median === undefined || Math.abs(median) < LEAST_OFFSET_MS) return [];
  const near = offsetsMs.filter((offset) => Math.abs(offset - median) <= OFFSET_SPREAD_MS);
  if (near.length < LEAST_OFFSETS || near.length < offsetsMs.length * 0.8) return [];
  const seconds = (Math.abs(median) / 1000).toFixed(1);
  return [
    `The clock of ${path} seems ${seconds} s ${median > 0 ? 'ahead of' : 'behind'} that of ${firstPath} (${near.length} of ${offsetsMs.length} moments).`,
  ];
}
