/**
 * What only many connections together can show: how a listener fared, resets in one moment, the same idle time again
 * and again, probes at an interval, scans. Built once from the columns of all connections and the facts of those
 * that carried a RST.
 */
import {
  DATA_0,
  DATA_1,
  FIN_0,
  FIN_1,
  HAS_RST,
  HAS_SYN,
  HAS_SYN_ACK,
  OPENER_1,
  type Connections,
} from '../flow/table.ts';
import type { ResetFacts } from './facts.ts';

const DATA_FROM_BOTH = DATA_0 | DATA_1;

export interface Listener {
  connections: number;
  /** Connections without any RST that carried data both ways and longest idle time survived, milliseconds. */
  survivors: number;
  longestIdleSurvivedMs: number;
  survivorsFinished: number;
  mostBytesSurvived: number;
  /** When connections were accepted (SYN+ACK seen) and refused, ns, in order of the capture. */
  accepted: number[];
  refused: number[];
  /** Open or half-open at most recently: first and last times of every connection. */
  spans: { firstNs: number; lastNs: number; reset: boolean }[];
}

export interface Population {
  readonly listeners: ReadonlyMap<string, Listener>;
  readonly resets: readonly ResetFacts[];
  readonly byListener: ReadonlyMap<string, readonly ResetFacts[]>;
  readonly byClient: ReadonlyMap<number, ClientTargets>;
  readonly captureEndNs: number;
}

/** What one host tried to reach. */
export interface ClientTargets {
  attempts: number;
  /** Attempts that carried no data and ended in a RST, a refusal or silence. */
  barren: number;
  targets: Set<string>;
}

const MAX_TIMES = 4096;
const MAX_TARGETS = 256;

export function buildPopulation(table: Connections, resets: readonly ResetFacts[], captureEndNs: number): Population {
  const listeners = new Map<string, Listener>();
  const byClient = new Map<number, ClientTargets>();
  for (let row = 0; row < table.count; row++) addRow(table, row, listeners, byClient);
  const byListener = new Map<string, ResetFacts[]>();
  for (const facts of resets) {
    const key = listenerKey(facts.server.host, facts.server.port);
    const list = byListener.get(key);
    if (list === undefined) byListener.set(key, [facts]);
    else list.push(facts);
  }
  return { listeners, resets, byListener, byClient, captureEndNs };
}

export function listenerKey(host: number, port: number): string {
  return `${host}:${port}`;
}

export function listenerOf(population: Population, facts: { server: { host: number; port: number } }): Listener | undefined {
  return population.listeners.get(listenerKey(facts.server.host, facts.server.port));
}

function addRow(
  table: Connections,
  row: number,
  listeners: Map<string, Listener>,
  byClient: Map<number, ClientTargets>,
): void {
  const flags = table.flags[row]!;
  const ports = table.ports[row]!;
  const openerIs1 = (flags & OPENER_1) !== 0;
  const serverHost = openerIs1 ? table.host0[row]! : table.host1[row]!;
  const clientHost = openerIs1 ? table.host1[row]! : table.host0[row]!;
  const serverPort = openerIs1 ? ports >>> 16 : ports & 0xffff;
  const key = listenerKey(serverHost, serverPort);
  let listener = listeners.get(key);
  if (listener === undefined) {
    listener = {
      connections: 0,
      survivors: 0,
      longestIdleSurvivedMs: 0,
      survivorsFinished: 0,
      mostBytesSurvived: 0,
      accepted: [],
      refused: [],
      spans: [],
    };
    listeners.set(key, listener);
  }
  const reset = (flags & HAS_RST) !== 0;
  const data = flags & DATA_FROM_BOTH;
  listener.connections++;
  if (!reset && data === DATA_FROM_BOTH) {
    listener.survivors++;
    if (flags & FIN_0 && flags & FIN_1) listener.survivorsFinished++;
    listener.longestIdleSurvivedMs = Math.max(listener.longestIdleSurvivedMs, table.longestIdleMs[row]!);
    const bytes = span(table, row, 0) + span(table, row, 1);
    listener.mostBytesSurvived = Math.max(listener.mostBytesSurvived, bytes);
  }
  if (flags & HAS_SYN_ACK && listener.accepted.length < MAX_TIMES) listener.accepted.push(table.firstNs[row]!);
  if (reset && (flags & HAS_SYN_ACK) === 0 && flags & HAS_SYN && listener.refused.length < MAX_TIMES) {
    listener.refused.push(table.firstNs[row]!);
  }
  if (listener.spans.length < MAX_TIMES) {
    listener.spans.push({ firstNs: table.firstNs[row]!, lastNs: table.lastNs[row]!, reset });
  }
  if ((flags & HAS_SYN) === 0) return;
  let targets = byClient.get(clientHost);
  if (targets === undefined) {
    targets = { attempts: 0, barren: 0, targets: new Set() };
    byClient.set(clientHost, targets);
  }
  targets.attempts++;
  if (data === 0 && (reset || (flags & HAS_SYN_ACK) === 0)) {
    targets.barren++;
    if (targets.targets.size < MAX_TARGETS) targets.targets.add(key);
  }
}

function span(table: Connections, row: number, side: number): number {
  if ((table.seen[row]! & (1 << side)) === 0) return 0;
  const bytes = (table.nextSeq[row * 2 + side]! - table.startSeq[row * 2 + side]!) >>> 0;
  return bytes > 0x7fffffff ? 0 : bytes;
}

/** Resets in one moment at one listener. */
export interface MassEvent {
  readonly count: number;
  readonly spanMs: number;
  /** Share of the listener's connections open at that moment that were reset, 0 to 1. */
  readonly share: number;
  /** Until the listener accepted a connection again, milliseconds; null when the capture does not show one. */
  readonly backAfterMs: number | null;
  readonly refusedMeanwhile: number;
  readonly frames: readonly number[];
}

const MASS_WINDOW_MS = 1000;

/** The resets from the same side at the same listener within a second around this one; null below three. */
export function massEvent(population: Population, facts: ResetFacts): MassEvent | null {
  const peers = population.byListener.get(listenerKey(facts.server.host, facts.server.port)) ?? [];
  const near = peers.filter(
    (other) => other.sender === facts.sender && other.rst.from.packets > 0 && Math.abs(other.atNs - facts.atNs) <= MASS_WINDOW_MS * 1e6,
  );
  if (near.length < 3) return null;
  const times = near.map((other) => other.atNs).sort((a, b) => a - b);
  const first = times[0]!;
  const last = times.at(-1)!;
  const listener = listenerOf(population, facts);
  const open = listener?.spans.filter((s) => s.firstNs < last && s.lastNs >= first).length ?? near.length;
  const back = listener?.accepted.find((ns) => ns > last);
  return {
    count: near.length,
    spanMs: (last - first) / 1e6,
    share: Math.min(1, near.length / Math.max(1, open)),
    backAfterMs: back === undefined ? null : (back - last) / 1e6,
    refusedMeanwhile: listener?.refused.filter((ns) => ns >= first && (back === undefined || ns < back)).length ?? 0,
    frames: near.slice(0, 5).map((other) => other.rst.packet.frame),
  };
}

/** The same idle time before a reset, again and again. */
export interface IdlePeriod {
  readonly count: number;
  readonly medianMs: number;
  readonly spreadMs: number;
}

/** Idle times of resets without a trigger, from the same side of the same listener, that agree within 2 % or 150 ms. */
export function idlePeriod(population: Population, facts: ResetFacts): IdlePeriod | null {
  const own = facts.idleMs;
  if (own === null) return null;
  const tolerance = Math.max(150, own * 0.02);
  const peers = population.byListener.get(listenerKey(facts.server.host, facts.server.port)) ?? [];
  const times = peers
    .filter((other) => other.sender === facts.sender && other.trigger === null && other.idleMs !== null)
    .map((other) => other.idleMs!)
    .filter((idle) => Math.abs(idle - own) <= tolerance)
    .sort((a, b) => a - b);
  if (times.length < 3) return null;
  return { count: times.length, medianMs: times[times.length >> 1]!, spreadMs: times.at(-1)! - times[0]! };
}

/** Connections without data, reset by the same client at the same listener, again and again. */
export interface ProbeSeries {
  readonly count: number;
  readonly intervalMs: number;
  readonly regular: boolean;
  readonly frames: readonly number[];
}

export function probeSeries(population: Population, facts: ResetFacts): ProbeSeries | null {
  const peers = population.byListener.get(listenerKey(facts.server.host, facts.server.port)) ?? [];
  const probes = peers
    .filter((other) => other.sender === 'client' && other.client.host === facts.client.host && isBarren(other))
    .sort((a, b) => a.firstNs - b.firstNs);
  if (probes.length < 3) return null;
  const gaps = probes.slice(1).map((probe, i) => (probe.firstNs - probes[i]!.firstNs) / 1e6);
  const sorted = [...gaps].sort((a, b) => a - b);
  const intervalMs = sorted[sorted.length >> 1]!;
  const regular = gaps.filter((gap) => Math.abs(gap - intervalMs) <= Math.max(50, intervalMs * 0.15)).length;
  return {
    count: probes.length,
    intervalMs,
    regular: intervalMs >= 20 && regular >= gaps.length * 0.7,
    frames: probes.slice(0, 5).map((probe) => probe.rst.packet.frame),
  };
}

/** A connection on which nobody said anything. */
export function isBarren(facts: ResetFacts): boolean {
  return facts.bytes.client === 0 && facts.bytes.server === 0;
}

/** One host that knocks at many doors without saying anything. */
export function scanBy(population: Population, clientHost: number): ClientTargets | null {
  const tried = population.byClient.get(clientHost);
  if (tried === undefined || tried.targets.size < 10 || tried.barren < tried.attempts * 0.8) return null;
  return tried;
}
