/** How one listener fared: when it accepted and refused, and who lived on. */
import {
  FIN_0,
  FIN_1,
  flagsOf,
  HAS_RST,
  HAS_SYN,
  HAS_SYN_ACK,
  hostOf,
  lastNsOf,
  type Connections,
} from '../flow/table.ts';
import { clientSideAt, survived } from './listener-rows.ts';

/** Times in nanoseconds, ascending. */
export type Times = Float64Array | readonly number[];

export interface Listener {
  readonly connections: number;
  /** Clients of which a connection carried data both ways and no RST. */
  readonly survivorClients: ReadonlySet<number>;
  /** When connections were accepted (SYN+ACK seen) and refused. */
  readonly accepted: Times;
  readonly refused: Times;
  /** When established connections began and when they ended, each list for itself; without an end none was seen. */
  readonly begins: Times;
  readonly ends: Times;
  /** When connections that had lasted were closed by FIN, without a RST. */
  readonly closings: Times;
}

/** Shorter connections end all the time. */
const LASTED_NS = 1e9;

/** A listener as its rows show it; read when it is asked for. */
export function readListener(table: Connections, rows: Int32Array, key: number): Listener {
  return new ListenerOfRows(table, rows, key);
}

class ListenerOfRows implements Listener {
  readonly #table: Connections;
  readonly #rows: Int32Array;
  readonly #key: number;
  #clients: ReadonlySet<number> | undefined;
  #answers: Answers | undefined;
  #lives: Lives | undefined;

  constructor(table: Connections, rows: Int32Array, key: number) {
    this.#table = table;
    this.#rows = rows;
    this.#key = key;
  }

  get connections(): number {
    return this.#rows.length;
  }

  get survivorClients(): ReadonlySet<number> {
    return (this.#clients ??= readClients(this.#table, this.#rows, this.#key));
  }

  get accepted(): Times {
    return (this.#answers ??= readAnswers(this.#table, this.#rows)).accepted;
  }

  get refused(): Times {
    return (this.#answers ??= readAnswers(this.#table, this.#rows)).refused;
  }

  get begins(): Times {
    return (this.#lives ??= readLives(this.#table, this.#rows)).begins;
  }

  get ends(): Times {
    return (this.#lives ??= readLives(this.#table, this.#rows)).ends;
  }

  get closings(): Times {
    return (this.#lives ??= readLives(this.#table, this.#rows)).closings;
  }
}

type Answers = Pick<Listener, 'accepted' | 'refused'>;
type Lives = Pick<Listener, 'begins' | 'ends' | 'closings'>;

function readClients(table: Connections, rows: Int32Array, key: number): Set<number> {
  const clients = new Set<number>();
  for (const row of rows) {
    if (survived(table, row)) clients.add(hostOf(table, row, clientSideAt(table, row, key)));
  }
  return clients;
}

function readAnswers(table: Connections, rows: Int32Array): Answers {
  const accepted = new Float64Array(rows.length);
  const refused = new Float64Array(rows.length);
  let acceptedCount = 0;
  let refusedCount = 0;
  for (const row of rows) {
    const flags = flagsOf(table, row);
    if (flags & HAS_SYN_ACK) accepted[acceptedCount++] = table.firstNs[row]!;
    else if (flags & HAS_RST && flags & HAS_SYN) refused[refusedCount++] = table.firstNs[row]!;
  }
  return { accepted: ascending(accepted, acceptedCount), refused: ascending(refused, refusedCount) };
}

function readLives(table: Connections, rows: Int32Array): Lives {
  const begins = new Float64Array(rows.length);
  const ends = new Float64Array(rows.length);
  const closings = new Float64Array(rows.length);
  let beginCount = 0;
  let endCount = 0;
  let closingCount = 0;
  for (const row of rows) {
    const flags = flagsOf(table, row);
    const firstNs = table.firstNs[row]!;
    const lastNs = lastNsOf(table, row);
    if (flags & HAS_SYN_ACK || !(flags & HAS_SYN)) {
      begins[beginCount++] = firstNs;
      if (flags & (HAS_RST | FIN_0 | FIN_1)) ends[endCount++] = Math.max(firstNs, lastNs);
    }
    if (flags & (FIN_0 | FIN_1) && !(flags & HAS_RST) && lastNs - firstNs >= LASTED_NS) {
      closings[closingCount++] = lastNs;
    }
  }
  return {
    begins: ascending(begins, beginCount),
    ends: ascending(ends, endCount),
    closings: ascending(closings, closingCount),
  };
}

/** The first `count` times in order; connections come in the order in which they began, mostly. */
function ascending(times: Float64Array, count: number): Float64Array {
  const own = times.slice(0, count);
  for (let i = 1; i < count; i++) if (own[i]! < own[i - 1]!) return own.sort();
  return own;
}

/** Index of the first time that is not before `ns`. */
export function firstFrom(times: Times, ns: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! < ns) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first time after `ns`; undefined when there is none. */
export function nextAfter(times: Times, ns: number): number | undefined {
  return times[firstBeyond(times, ns)];
}

/** The last time before `ns`; undefined when there is none. */
export function lastBefore(times: Times, ns: number): number | undefined {
  return times[firstFrom(times, ns) - 1];
}

/** Index of the first time after `ns`. */
export function firstBeyond(times: Times, ns: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! <= ns) low = middle + 1;
    else high = middle;
  }
  return low;
}
