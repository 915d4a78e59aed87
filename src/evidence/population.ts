/**
 * What only many connections together can show: how a listener fared, resets in one moment, the same idle time again
 * and again, probes at an interval, scans. Built from the columns of all connections and the facts of those that
 * carried a RST; what is asked of a listener is read from its rows when it is asked.
 */
import type { Connections } from '../flow/table.ts';
import { barrenClients, type Attempts } from './attempts.ts';
import type { ResetFacts, SilenceFacts } from './facts.ts';
import { firstBeyond, firstFrom, nextAfter, readListener, type Listener } from './listener.ts';
import { listenerKey, rowsByListener, type ListenerRows } from './listener-rows.ts';
import { binomialTail, clustersByChance } from './significance.ts';

export interface Population {
  readonly listeners: { get(key: number): Listener | undefined };
  readonly resets: readonly ResetFacts[];
  readonly byListener: ReadonlyMap<number, readonly ResetFacts[]>;
  /** Hosts that knocked in vain. */
  readonly byClient: ReadonlyMap<number, Attempts>;
  readonly captureEndNs: number;
  /** The columns, and the rows of each listener that has resets or silences; absent where facts alone are judged. */
  readonly columns?: { readonly table: Connections; readonly rows: ListenerRows };
}

/** `silences` are connections whose listeners will be asked about beside those of the resets. */
export function buildPopulation(
  table: Connections,
  resets: readonly ResetFacts[],
  captureEndNs: number,
  silences: readonly SilenceFacts[] = [],
): Population {
  const byListener = new Map<number, ResetFacts[]>();
  for (const facts of resets) {
    const key = keyOf(facts);
    const list = byListener.get(key);
    if (list === undefined) byListener.set(key, [facts]);
    else list.push(facts);
  }
  const wanted = new Set(byListener.keys());
  for (const facts of silences) wanted.add(keyOf(facts));
  const rows = rowsByListener(table, wanted);
  return {
    listeners: readOnDemand(table, rows),
    resets,
    byListener,
    byClient: barrenClients(table),
    captureEndNs,
    columns: { table, rows },
  };
}

/** So few rows are read again sooner than kept: a scan has a million listeners with one connection each. */
const READ_AGAIN = 16;

function readOnDemand(table: Connections, rows: ListenerRows): Population['listeners'] {
  const known = new Map<number, Listener>();
  return {
    get(key) {
      const before = known.get(key);
      if (before !== undefined) return before;
      const own = rows.of(key);
      if (own.length === 0) return undefined;
      const listener = readListener(table, own, key);
      if (own.length > READ_AGAIN) known.set(key, listener);
      return listener;
    },
  };
}

/** The listener of a connection, as `listenerKey` numbers it. */
export function keyOf(facts: { readonly server: { readonly host: number; readonly port: number } }): number {
  return listenerKey(facts.server.host, facts.server.port);
}

export function listenerOf(
  population: Population,
  facts: { readonly server: { readonly host: number; readonly port: number } },
): Listener | undefined {
  return population.listeners.get(keyOf(facts));
}

/** Resets in one moment at one listener. */
export interface MassEvent {
  /** Connections reset that had all been open when the first of them was. */
  readonly count: number;
  /** The listener's connections that were open then. */
  readonly open: number;
  /** Connections that had lasted and were closed by FIN in the same moment, as a process that ends does where nothing is unread. */
  readonly closed: number;
  /** `count` and `closed` of `open`, 0 to 1. */
  readonly share: number;
  readonly firstNs: number;
  readonly spanMs: number;
  /** Until the listener accepted a connection again, milliseconds; null when the capture does not show one. */
  readonly backAfterMs: number | null;
  readonly refusedMeanwhile: number;
  readonly frames: readonly number[];
}

/** Resets further apart are not one moment. */
const BURST_GAP_NS = 500e6;
const BURST_NS = 2e9;

/**
 * The moment to which a reset belongs; null below three. Connections that began after the first reset do not count:
 * a listener that resets each of its short connections has many resets in every second, and no moment.
 */
export function massEvent(population: Population, facts: ResetFacts): MassEvent | null {
  const peers = peersOf(population, facts);
  const { byTime, bursts } = peers;
  const own = firstFrom(peers.times, facts.atNs);
  if (own >= byTime.length) return null;
  const burst = bursts[firstBeyond(peers.burstStarts, own) - 1]!;
  if (burst.event === undefined) burst.event = readEvent(population, byTime.slice(burst.from, burst.to));
  return burst.event;
}

function readEvent(population: Population, burst: readonly ResetFacts[]): MassEvent | null {
  const first = burst[0]!.atNs;
  const together = burst.filter((one) => one.firstNs <= first);
  if (together.length < 3 || together.length * 2 < burst.length) return null;
  const last = together.at(-1)!.atNs;
  const listener = listenerOf(population, burst[0]!);
  const open = Math.max(together.length, listener === undefined ? 0 : openAt(listener, first));
  const closed = listener === undefined ? 0 : closedBetween(listener, first, last, open - together.length);
  const back = listener === undefined ? undefined : nextAfter(listener.accepted, last);
  const refused = listener?.refused ?? [];
  return {
    count: together.length,
    open,
    closed,
    share: (together.length + closed) / open,
    firstNs: first,
    spanMs: (last - first) / 1e6,
    backAfterMs: back === undefined ? null : (back - last) / 1e6,
    refusedMeanwhile: (back === undefined ? refused.length : firstFrom(refused, back)) - firstFrom(refused, first),
    frames: together.slice(0, 5).map((one) => one.rst.packet.frame),
  };
}

function openAt(listener: Listener, ns: number): number {
  return firstBeyond(listener.begins, ns) - firstFrom(listener.ends, ns);
}

/** Closings in a moment, no more than were open besides. */
function closedBetween(listener: Listener, firstNs: number, lastNs: number, most: number): number {
  const { closings } = listener;
  const count = firstBeyond(closings, lastNs + BURST_GAP_NS) - firstFrom(closings, firstNs - BURST_GAP_NS);
  return Math.min(most, count);
}

/** The same idle time before a reset, again and again. */
export interface IdlePeriod {
  readonly count: number;
  readonly medianMs: number;
  readonly spreadMs: number;
}

/** What chance would bring about less often than this is taken for a rule. */
const RARE = 0.01;
/** No clock of an application is finer than this share of its own length. */
const LEAST_WIDTH = 0.005;

/**
 * Idle times of resets without a trigger, from the same side of the same listener, that agree within 2 % or 150 ms;
 * null when so many of all those between half and double that time agree by chance.
 */
export function idlePeriod(population: Population, facts: ResetFacts): IdlePeriod | null {
  const own = facts.idleMs;
  if (own === null) return null;
  const tolerance = Math.max(150, own * 0.02);
  const { idle } = peersOf(population, facts);
  const from = firstFrom(idle, own - tolerance);
  const to = firstFrom(idle, own + tolerance);
  if (to - from < 3) return null;
  const [shortest, longest] = [idle[from]!, idle[to - 1]!];
  const neighbours = firstBeyond(idle, own * 2) - firstFrom(idle, own / 2);
  const width = Math.max(LEAST_WIDTH, Math.log(longest / Math.max(1, shortest))) / Math.log(4);
  if (clustersByChance(to - from, neighbours, width) > RARE) return null;
  return { count: to - from, medianMs: idle[(from + to) >> 1]!, spreadMs: longest - shortest };
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
  readonly times: readonly number[];
  readonly bursts: readonly Burst[];
  readonly burstStarts: readonly number[];
  /** Idle times before resets without a trigger, ascending, milliseconds. */
  readonly idle: readonly number[];
  readonly probes: ReadonlyMap<number, ProbeSeries>;
}

/** Resets `from` to before `to` in the order of time. */
interface Burst {
  readonly from: number;
  readonly to: number;
  event?: MassEvent | null;
}

const PEERS = new WeakMap<Population, Map<string, Peers>>();

function peersOf(population: Population, facts: ResetFacts): Peers {
  let known = PEERS.get(population);
  if (known === undefined) PEERS.set(population, (known = new Map()));
  const listener = keyOf(facts);
  const key = `${facts.sender} ${listener}`;
  let peers = known.get(key);
  if (peers === undefined) {
    const all = (population.byListener.get(listener) ?? []).filter((one) => one.sender === facts.sender);
    const byTime = all.filter((one) => one.half[one.sender].packets > 0).sort((a, b) => a.atNs - b.atNs);
    const bursts = burstsOf(byTime);
    peers = {
      byTime,
      times: byTime.map((one) => one.atNs),
      bursts,
      burstStarts: bursts.map(({ from }) => from),
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

function burstsOf(byTime: readonly ResetFacts[]): Burst[] {
  const bursts: Burst[] = [];
  let from = 0;
  for (let i = 1; i <= byTime.length; i++) {
    const ns = byTime[i]?.atNs ?? Number.POSITIVE_INFINITY;
    if (ns - byTime[i - 1]!.atNs <= BURST_GAP_NS && ns - byTime[from]!.atNs <= BURST_NS) continue;
    bursts.push({ from, to: i });
    from = i;
  }
  return bursts;
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

/** How often, and whether on a schedule, connections came again. */
export function toSeries(unsorted: readonly ResetFacts[]): ProbeSeries {
  const probes = [...unsorted].sort((a, b) => a.firstNs - b.firstNs);
  const gaps = probes.slice(1).map((probe, i) => (probe.firstNs - probes[i]!.firstNs) / 1e6);
  const sorted = [...gaps].sort((a, b) => a - b);
  const intervalMs = sorted[sorted.length >> 1]!;
  const tolerance = Math.max(50, intervalMs * 0.15);
  const alike = gaps.filter((gap) => Math.abs(gap - intervalMs) <= tolerance).length;
  return {
    count: probes.length,
    intervalMs,
    regular:
      intervalMs >= 20 && alike >= gaps.length * 0.7 && !alikeByChance(alike, gaps.length, tolerance / intervalMs),
    frames: probes.slice(0, 5).map((probe) => probe.rst.packet.frame),
  };
}

/**
 * Arrivals without a schedule have gaps of every length. That one of them lies within `tolerance` of their median has a
 * known chance, and the median itself, which always does, does not count.
 */
function alikeByChance(alike: number, gaps: number, tolerance: number): boolean {
  const near = Math.min(1, tolerance);
  return binomialTail(alike - 1, gaps - 1, 2 ** (near - 1) - 2 ** (-near - 1)) > OFTEN;
}

/** Looser than RARE: resets of one client without a byte are half a sign of probes already. */
const OFTEN = 0.02;

/** A connection on which nobody said anything. */
export function isBarren(facts: ResetFacts): boolean {
  return facts.bytes.client === 0 && facts.bytes.server === 0;
}

/** A client that comes back to the same doors retries; a scanner knocks once at each, or a few times. */
const KNOCKS = 4;

/** One host that knocks at many doors without saying anything. */
export function scanBy(population: Population, clientHost: number): Attempts | null {
  const tried = population.byClient.get(clientHost);
  if (tried === undefined || tried.targets < 10) return null;
  if (tried.barren < tried.attempts * 0.8 || tried.barren > tried.targets * KNOCKS) return null;
  return tried;
}
