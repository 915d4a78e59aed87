/** What the lines of a group have in common that other lines do not: the same wait, the same period, large bodies, one request. */
import type { CauseId, SilenceId } from '../../terms/causes.ts';
import type { Condition } from '../../terms/conditions.ts';
import type { Pattern } from '../define.ts';
import type { Finding } from './define.ts';
import { findLimit } from './limits.ts';
import type { Sample } from './sample.ts';
import { toDuration } from './words.ts';

export interface GroupFacts {
  /** Durations that the lines state, ms. */
  readonly waits: Sample;
  /** Of these the ones said to be idle time. */
  readonly idles: Sample;
  /** Since the line before of the same connection, ms. */
  readonly gaps: Sample;
  /** Since the failure before of the same group and peer, ms. */
  readonly periods: Sample;
  /** Bytes that the lines state. */
  readonly sizes: Sample;
  /** All of them are said to be of requests. */
  areRequestSizes: boolean;
  /** When the lines were written, epoch ms. */
  readonly times: Sample;
  readonly requests: Map<string, number>;
  withRequest: number;
}

/** Lines that no pattern recognised, sampled: what is normal in this log. */
export interface Baseline {
  readonly sizes: Sample;
  readonly requests: Map<string, number>;
  withRequest: number;
}

/** Shorter waits are nobody's limit. */
const SHORTEST_MS = 1000;
/** The same wait this often is a finding, when it is this share of all. */
const SAME_TIMES = 3;
const SAME_SHARE = 0.6;
/** Seen in a sample of lines that went well before a contrast is drawn. */
const BASELINE_LINES = 5;

/** All findings that come from the group's own lines. */
export function findCommon(facts: GroupFacts, baseline: Baseline, pattern: Pattern): Finding[] {
  const idle = sameWait(facts.idles, 50, 'said to have been idle', toIdleCause(pattern));
  const gap = sameWait(facts.gaps, 1100, 'since the line before of the same connection', toIdleCause(pattern));
  const wait = sameWait(facts.waits, 50, 'by the timer in the line', undefined);
  const period = idle || gap || wait ? null : samePeriod(facts.periods);
  return [idle, gap, wait, onlyLarge(facts, baseline), onlyRequest(facts, baseline), sameSize(facts), period].filter(
    (finding) => finding !== null,
  );
}

const IDLE_CAUSES: Readonly<Partial<Record<Condition, CauseId | SilenceId>>> = {
  reset: 'idle-timeout',
  closed: 'stale-reuse',
  'broken-pipe': 'stale-reuse',
  'timed-out': 'idle-dropped',
  aborted: 'client-abort',
};

/** A RST after quiet is the idle limit's; a close met by the next request is the race with it. */
function toIdleCause({ condition }: Pattern): CauseId | SilenceId | undefined {
  return IDLE_CAUSES[condition];
}

function sameWait(
  sample: Sample,
  leastToleranceMs: number,
  how: string,
  points: CauseId | SilenceId | undefined,
): Finding | null {
  const same = findSame(sample, leastToleranceMs, SAME_TIMES, SAME_SHARE);
  if (!same) return null;
  const limit = findLimit(same.ms, same.toleranceMs);
  const value = limit?.ms ?? Math.round(same.ms / 100) * 100;
  const whose = limit ? `; ${toDuration(limit.ms)} is the default of ${limit.whose}` : '';
  const text = `the same ${toDuration(value)} again and again, ${how}: a time limit${whose}`;
  return {
    kind: 'same-wait',
    text,
    count: same.count,
    of: same.of,
    value,
    ...(points === undefined ? {} : { points }),
  };
}

function samePeriod(sample: Sample): Finding | null {
  const same = findSame(sample, 1100, 5, 0.8);
  if (!same || same.ms < 2 * same.toleranceMs) return null;
  const value = Math.round(same.ms / 100) * 100;
  const limit = findLimit(same.ms, same.toleranceMs);
  const text = `again every ${toDuration(limit?.ms ?? value)}: something periodic, as a health check, a job or a pool that reconnects${limit ? `; it is also the default of ${limit.whose}` : ''}`;
  return { kind: 'same-period', text, count: same.count, of: same.of, value };
}

/** The window of 4 % (or twice the least tolerance) that holds the most values. */
function findSame(
  { values }: Sample,
  leastToleranceMs: number,
  times: number,
  share: number,
): { ms: number; toleranceMs: number; count: number; of: number } | null {
  const sorted = values.filter((value) => value >= SHORTEST_MS).sort((a, b) => a - b);
  let best = { from: 0, count: 0 };
  for (let from = 0, to = 0; from < sorted.length; from++) {
    const width = 2 * toTolerance(sorted[from]!, leastToleranceMs);
    while (to < sorted.length && sorted[to]! - sorted[from]! <= width) to++;
    if (to - from > best.count) best = { from, count: to - from };
  }
  if (best.count < times || best.count < sorted.length * share) return null;
  const ms = sorted[best.from + Math.floor(best.count / 2)]!;
  return { ms, toleranceMs: toTolerance(ms, leastToleranceMs), count: best.count, of: sorted.length };
}

function toTolerance(ms: number, leastMs: number): number {
  return Math.max(ms * 0.02, leastMs);
}

function onlyLarge({ sizes, areRequestSizes }: GroupFacts, baseline: Baseline): Finding | null {
  const other = [...baseline.sizes.values].sort((a, b) => a - b);
  if (sizes.values.length < SAME_TIMES || other.length < BASELINE_LINES) return null;
  const smallest = sizes.values.reduce((least, size) => Math.min(least, size), Infinity);
  const usual = other[Math.floor(other.length * 0.95)] ?? 0;
  if (smallest <= usual) return null;
  const text = `only large ones: each of these carries ${toBytes(smallest)} or more, of the other lines 95 % ${toBytes(usual)} or less`;
  const { length: count } = sizes.values;
  const finding = { kind: 'only-large', text, count, of: count, value: smallest } as const;
  return areRequestSizes ? { ...finding, points: 'payload-rejected' } : finding;
}

function sameSize({ sizes }: GroupFacts): Finding | null {
  const counts = new Map<number, number>();
  for (const size of sizes.values) if (size > 0) counts.set(size, (counts.get(size) ?? 0) + 1);
  const [value, count] = [...counts].reduce((best, one) => (one[1] > best[1] ? one : best), [0, 0]);
  const of = sizes.values.length;
  if (count < SAME_TIMES || count < of * 0.8) return null;
  return { kind: 'same-size', text: `always the same size, ${toBytes(value)}`, count, of, value };
}

function onlyRequest({ requests, withRequest }: GroupFacts, baseline: Baseline): Finding | null {
  const [request, count] = [...requests].reduce((best, one) => (one[1] > best[1] ? one : best), ['', 0]);
  if (count < SAME_TIMES || count < withRequest * 0.9 || baseline.withRequest < BASELINE_LINES) return null;
  const usual = (baseline.requests.get(request) ?? 0) / baseline.withRequest;
  if (usual > 0.5) return null;
  const text = `only ${request}, which is ${Math.round(usual * 100)} % of the other requests`;
  return { kind: 'only-request', text, count, of: withRequest };
}

function toBytes(bytes: number): string {
  return `${bytes.toLocaleString('en-US')} bytes`;
}
