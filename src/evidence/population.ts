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
  flagsOf,
  HAS_RST,
  HAS_SYN,
  HAS_SYN_ACK,
  hostOf,
  lastNsOf,
  longestIdleMsOf,
  OPENER_1,
  portOf,
  spanOf,
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
  survivorClients: Set<number>;
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
  const byEnd = new Map<number, Listener>();
  const byClient = new Map<number, ClientTargets>();
  for (let row = 0; row < table.count; row++) addRow(table, row, byEnd, byClient);
  const listeners = new Map<string, Listener>();
  for (const [end, listener] of byEnd) {
    listeners.set(listenerKey(Math.floor(end / 65_536), end % 65_536), listener);
  }
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

export function listenerOf(
  population: Population,
  facts: { server: { host: number; port: number } },
): Listener | undefined {
  return population.listeners.get(listenerKey(facts.server.host, facts.server.port));
}

function addRow(
  table: Connections,
  row: number,
  listeners: Map<number, Listener>,
  byClient: Map<number, ClientTargets>,
): void {
  const flags = flagsOf(table, row);
  const clientSide = flags & OPENER_1 ? 1 : 0;
  const serverHost = hostOf(table, row, 1 - clientSide);
  const clientHost = hostOf(table, row, clientSide);
  const serverPort = portOf(table, row, 1 - clientSide);
  const end = serverHost * 65_536 + serverPort;
  let listener = listeners.get(end);
  if (listener === undefined) {
    listener = {
      connections: 0,
      survivors: 0,
      longestIdleSurvivedMs: 0,
      survivorsFinished: 0,
      mostBytesSurvived: 0,
      survivorClients: new Set(),
      accepted: [],
      refused: [],
      spans: [],
    };
    listeners.set(end, listener);
  }
  const reset = (flags & HAS_RST) !== 0;
  const data = flags & DATA_FROM_BOTH;
  listener.connections++;
  if (!reset && data === DATA_FROM_BOTH) {
    listener.survivors++;
    if (listener.survivorClients.size < MAX_TARGETS) listener.survivorClients.add(clientHost);
    if (flags & FIN_0 && flags & FIN_1) listener.survivorsFinished++;
    listener.longestIdleSurvivedMs = Math.max(listener.longestIdleSurvivedMs, longestIdleMsOf(table, row));
    const bytes = span(table, row, 0) + span(table, row, 1);
    listener.mostBytesSurvived = Math.max(listener.mostBytesSurvived, bytes);
  }
  if (flags & HAS_SYN_ACK && listener.accepted.length < MAX_TIMES) listener.accepted.push(table.firstNs[row]!);
  if (reset && (flags & HAS_SYN_ACK) === 0 && flags & HAS_SYN && listener.refused.length < MAX_TIMES) {
    listener.refused.push(table.firstNs[row]!);
  }
  if (listener.spans.length < MAX_TIMES) {
    listener.spans.push({ firstNs: table.firstNs[row]!, lastNs: lastNsOf(table, row), reset });
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
    if (targets.targets.size < MAX_TARGETS) targets.targets.add(listenerKey(serverHost, serverPort));
  }
}

function span(table: Connections, row: number, side: number): number {
  const bytes = spanOf(table, row, side);
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
  const { byTime } = peersOf(population, facts);
  const windowNs = MASS_WINDOW_MS * 1e6;
  const from = firstAtLeast(byTime, facts.atNs - windowNs, (one) => one.atNs);
  const to = firstAtLeast(byTime, facts.atNs + windowNs + 1, (one) => one.atNs);
  if (to - from < 3) return null;
  const first = byTime[from]!.atNs;
  const last = byTime[to - 1]!.atNs;
  const listener = listenerOf(population, facts);
  const open = listener === undefined ? to - from : openBetween(listener, first, last);
  const back = listener?.accepted.find((ns) => ns > last);
  return {
    count: to - from,
    spanMs: (last - first) / 1e6,
    share: Math.min(1, (to - from) / Math.max(1, open)),
    backAfterMs: back === undefined ? null : (back - last) / 1e6,
    refusedMeanwhile: listener?.refused.filter((ns) => ns >= first && (back === undefined || ns < back)).length ?? 0,
    frames: byTime.slice(from, Math.min(to, from + 5)).map((one) => one.rst.packet.frame),
  };
}

interface Lifetimes {
  readonly begins: readonly number[];
  readonly ends: readonly number[];
}

const LIFETIMES = new WeakMap<Listener, Lifetimes>();

/** Connections that began before `last` and were still seen at `first`; those that ended earlier began earlier too. */
function openBetween(listener: Listener, first: number, last: number): number {
  let known = LIFETIMES.get(listener);
  if (known === undefined) {
    const { spans } = listener;
    known = {
      begins: spans.map(({ firstNs }) => firstNs).sort(ascending),
      ends: spans.map(({ firstNs, lastNs }) => Math.max(firstNs, lastNs)).sort(ascending),
    };
    LIFETIMES.set(listener, known);
  }
  return firstAtLeast(known.begins, last, itself) - firstAtLeast(known.ends, first, itself);
}

function ascending(a: number, b: number): number {
  return a - b;
}

function itself(value: number): number {
  return value;
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
  const { idle } = peersOf(population, facts);
  const from = firstAtLeast(idle, own - tolerance, (ms) => ms);
  const to = firstAtLeast(idle, own + tolerance, (ms) => ms);
  if (to - from < 3) return null;
  return { count: to - from, medianMs: idle[(from + to) >> 1]!, spreadMs: idle[to - 1]! - idle[from]! };
}

/** Connections without data, reset by the same client at the same listener, again and again. */
export interface ProbeSeries {
  readonly count: number;
  readonly intervalMs: number;
  readonly regular: boolean;
  readonly frames: readonly number[];
}

export function probeSeries(population: Population, facts: ResetFacts): ProbeSeries | null {
  return peersOf(population, facts).probes.get(facts.client.host) ?? null;
}

/** What the resets of one side at one listener have in common; worked out once. */
interface Peers {
  readonly byTime: readonly ResetFacts[];
  /** Idle times before resets without a trigger, ascending, milliseconds. */
  readonly idle: readonly number[];
  readonly probes: ReadonlyMap<number, ProbeSeries>;
}

const PEERS = new WeakMap<Population, Map<string, Peers>>();

function peersOf(population: Population, facts: ResetFacts): Peers {
  let known = PEERS.get(population);
  if (known === undefined) PEERS.set(population, (known = new Map()));
  const listener = listenerKey(facts.server.host, facts.server.port);
  const key = `${facts.sender} ${listener}`;
  let peers = known.get(key);
  if (peers === undefined) {
    const all = (population.byListener.get(listener) ?? []).filter((one) => one.sender === facts.sender);
    const heard = all.filter((one) => one.half[one.sender].packets > 0);
    peers = {
      byTime: heard.sort((a, b) => a.atNs - b.atNs),
      idle: all
        .filter((one) => one.trigger === null && one.idleMs !== null)
        .map((one) => one.idleMs!)
        .sort((a, b) => a - b),
      probes: facts.sender === 'client' ? seriesByClient(all) : new Map(),
    };
    known.set(key, peers);
  }
  return peers;
}

function seriesByClient(resets: readonly ResetFacts[]): Map<number, ProbeSeries> {
  const byClient = new Map<number, ResetFacts[]>();
  for (const one of resets) {
    if (!isBarren(one)) continue;
    const list = byClient.get(one.client.host);
    if (list === undefined) byClient.set(one.client.host, [one]);
    else list.push(one);
  }
  const series = new Map<number, ProbeSeries>();
  for (const [host, probes] of byClient) if (probes.length >= 3) series.set(host, toSeries(probes));
  return series;
}

function toSeries(unsorted: readonly ResetFacts[]): ProbeSeries {
  const probes = [...unsorted].sort((a, b) => a.firstNs - b.firstNs);
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

function firstAtLeast<T>(sorted: readonly T[], value: number, of: (item: T) => number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (of(sorted[middle]!) < value) low = middle + 1;
    else high = middle;
  }
  return low;
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
