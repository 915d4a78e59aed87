/**
 * A trace counts from the boot of its machine, a capture in wall time. What ties them: a line that the user wrote into
 * the trace (`firsthand-clock` and the time), a trace clock that is wall time itself (`tai`), or several events of the
 * trace that fit packets of the capture by address and by the time between them. One event alone fixes nothing: any
 * capture of the same addresses would fit it.
 */
import type { KernelTrace, TraceEvent } from './kernel-trace.ts';

/** A packet that a trace event goes with. */
export interface Anchor {
  /** What kind of event, and both ends, as `keyOf` makes it. */
  readonly key: string;
  /** Epoch seconds. */
  readonly at: number;
}

export interface TraceClock {
  /** Epoch seconds minus the trace's seconds. */
  readonly offset: number;
  readonly how: 'marked' | 'wall' | 'matched' | 'single';
  /** Events that fit. */
  readonly events: number;
  /** How far an event may lie from its packet, in seconds. */
  readonly tolerance: number;
}

/** The least that schedulers, NAPI and tcpdump's own stamps take. */
const TOLERANCE = 0.02;
/** Between the marked line and the truth: a shell that was scheduled late, or the clock of another host. */
const MARK_TOLERANCE = 1;
/** TAI is ahead of UTC by so much since 2017; a kernel that was not told uses UTC. */
const TAI_OFFSETS = [0, -37];
const WALL_CLOCK_FROM = 1e9;
const PAIRS_PER_KEY = 64;
const MOST_PAIRS = 20_000;

/** The key of an event that packets show; null for the others. */
export function keyOf(event: TraceEvent): string | null {
  if (event.kind === 'send-reset' || event.kind === 'receive-reset') return resetKey(event.from, event.to);
  if (event.kind !== 'state' || event.before === 'TCP_CLOSE') return null;
  if (event.after === 'TCP_ESTABLISHED') return `opened ${event.local} ${event.remote}`;
  return event.after === 'TCP_FIN_WAIT1' ? `fin ${event.local} ${event.remote}` : null;
}

export function resetKey(from: string, to: string): string {
  return `reset ${from} ${to}`;
}

interface Pair {
  readonly key: string;
  readonly at: number;
  readonly offset: number;
}

/** How the trace's clock relates to the capture's; null when no event fits any packet. `slack` is a round trip, in seconds. */
export function alignTrace(trace: KernelTrace, anchors: readonly Anchor[], slack: number): TraceClock | null {
  const pairs = pairUp(trace, anchors);
  if (pairs.length === 0) return null;
  const tolerance = TOLERANCE + slack;
  const known = knownOffsets(trace);
  if (known !== null) {
    const near = pairs.filter(({ offset }) => known.offsets.some((one) => Math.abs(one - offset) <= MARK_TOLERANCE));
    const found = densest(near, tolerance);
    return found && { offset: found.offset, how: known.how, events: found.count, tolerance };
  }
  const found = densest(pairs, tolerance);
  if (found === null) return null;
  return { offset: found.offset, how: found.independent ? 'matched' : 'single', events: found.count, tolerance };
}

function knownOffsets({ marks, events }: KernelTrace): { how: 'marked' | 'wall'; offsets: readonly number[] } | null {
  if (marks.length > 0) return { how: 'marked', offsets: marks.map(({ at, wallSeconds }) => wallSeconds - at) };
  return (events[0]?.at ?? 0) > WALL_CLOCK_FROM ? { how: 'wall', offsets: TAI_OFFSETS } : null;
}

function pairUp(trace: KernelTrace, anchors: readonly Anchor[]): Pair[] {
  const byKey = new Map<string, number[]>();
  for (const { key, at } of anchors) {
    const times = byKey.get(key);
    if (times === undefined) byKey.set(key, [at]);
    else if (times.length < PAIRS_PER_KEY) times.push(at);
  }
  const pairs: Pair[] = [];
  for (const event of trace.events) {
    const key = keyOf(event);
    if (key === null) continue;
    for (const at of byKey.get(key) ?? []) {
      if (pairs.length < MOST_PAIRS) pairs.push({ key, at, offset: at - event.at });
    }
  }
  return pairs.sort((a, b) => a.offset - b.offset);
}

interface Cluster {
  readonly offset: number;
  readonly count: number;
  /** Events of several connections, or of one with time between them that fits. */
  readonly independent: boolean;
}

/** The window of offsets that most events agree on; null without any, or when two windows claim the same. */
function densest(pairs: readonly Pair[], tolerance: number): Cluster | null {
  let best: { from: number; to: number; count: number } | null = null;
  let rival = false;
  for (let from = 0, to = 0; from < pairs.length; from++) {
    while (to < pairs.length && pairs[to]!.offset - pairs[from]!.offset <= tolerance) to++;
    const count = to - from;
    if (best === null || count > best.count) {
      best = { from, to, count };
      rival = false;
    } else if (count === best.count && pairs[from]!.offset - pairs[best.to - 1]!.offset > tolerance) rival = true;
  }
  if (best === null || rival) return null;
  const inside = pairs.slice(best.from, best.to);
  return {
    offset: inside[inside.length >> 1]!.offset,
    count: best.count,
    independent: isIndependent(inside, tolerance),
  };
}

function isIndependent(pairs: readonly Pair[], tolerance: number): boolean {
  const connections = new Set(pairs.map(({ key }) => key.split(' ').slice(1).sort().join(' ')));
  if (connections.size > 1) return true;
  const times = pairs.map(({ at }) => at);
  return Math.max(...times) - Math.min(...times) >= 10 * tolerance;
}
