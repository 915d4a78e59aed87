/**
 * The survivors of some listeners, with the numbers that stories compare. Many stories are about one listener: what was
 * read of its survivors once is kept as columns or counted, so that another story does not walk the table again.
 */
import {
  BITS,
  FIN_0,
  FIN_1,
  flagsOf,
  HAS_RST,
  HAS_SYN,
  hostOf,
  lastNsOf,
  longestIdleMsOf,
  spanOf,
  type Connections,
} from '../flow/table.ts';
import { clientSideAt, survived, type ListenerRows } from './listener-rows.ts';

/** A number by which connections are compared: the more of it, the more of the others it sets them apart from. */
export type Measure = 'idle' | 'bytes-from-client' | 'bytes-from-server' | 'age' | 'start';

export const MEASURES: readonly Measure[] = ['idle', 'bytes-from-client', 'bytes-from-server', 'age', 'start'];

export interface Survivors {
  readonly rows: Int32Array;
  /** Connections of the listeners, whatever became of them. */
  readonly connections: number;
  /** Those of them with a RST. */
  readonly resets: number;
  /** A number a survivor; of `start` only for those whose SYN was seen. */
  readonly measures: Readonly<Record<Measure, Float64Array>>;
  /** A property a survivor; -1 is unknown. */
  readonly properties: Readonly<Record<Property, Int32Array>>;
}

/** A property by which connections are compared: a host id, a TTL, or the id of encapsulations. */
export type Property = 'client' | 'encapsulation' | 'client-ttl' | 'server-ttl';

/** Fifty bytes each: those of a listener with more are read again for each of its stories. */
const MOST_KEPT = 65_536;

const KNOWN = new WeakMap<ListenerRows, Map<number, Survivors>>();

/** The survivors of these listeners, in order of the capture by listener. */
export function survivorsOf(table: Connections, rows: ListenerRows, listeners: readonly number[]): Survivors {
  const [key] = listeners;
  if (listeners.length !== 1 || key === undefined) return read(table, rows, listeners);
  let known = KNOWN.get(rows);
  if (known === undefined) KNOWN.set(rows, (known = new Map()));
  let survivors = known.get(key);
  if (survivors !== undefined) return survivors;
  survivors = read(table, rows, listeners);
  if (survivors.rows.length <= MOST_KEPT) known.set(key, survivors);
  return survivors;
}

function read(table: Connections, rows: ListenerRows, listeners: readonly number[]): Survivors {
  let connections = 0;
  for (const key of listeners) connections += rows.of(key).length;
  const found = new Int32Array(connections);
  const clientSides = new Uint8Array(connections);
  let count = 0;
  let resets = 0;
  for (const key of listeners) {
    for (const row of rows.of(key)) {
      if (flagsOf(table, row) & HAS_RST) resets++;
      if (!survived(table, row)) continue;
      found[count] = row;
      clientSides[count++] = clientSideAt(table, row, key);
    }
  }
  const own = found.slice(0, count);
  const columns = newColumns(count);
  const starts = fill(columns, table, own, clientSides);
  const { measures, properties } = columns;
  return {
    rows: own,
    connections,
    resets,
    measures: { ...measures, start: measures.start.slice(0, starts) },
    properties,
  };
}

type Columns = Pick<Survivors, 'measures' | 'properties'>;

function newColumns(count: number): Columns {
  return {
    measures: {
      idle: new Float64Array(count),
      'bytes-from-client': new Float64Array(count),
      'bytes-from-server': new Float64Array(count),
      age: new Float64Array(count),
      start: new Float64Array(count),
    },
    properties: {
      client: new Int32Array(count),
      encapsulation: new Int32Array(count),
      'client-ttl': new Int32Array(count),
      'server-ttl': new Int32Array(count),
    },
  };
}

/** All columns at once: a row is one line of cache, and the rows of a listener lie far apart. Returns the length of `start`. */
function fill({ measures, properties }: Columns, table: Connections, rows: Int32Array, sides: Uint8Array): number {
  const { idle, age, start } = measures;
  const { client, encapsulation } = properties;
  const fromClient = measures['bytes-from-client'];
  const fromServer = measures['bytes-from-server'];
  const clientTtl = properties['client-ttl'];
  const serverTtl = properties['server-ttl'];
  let starts = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    const side = sides[i]!;
    client[i] = hostOf(table, row, side);
    encapsulation[i] = table.encapsulation[row]!;
    clientTtl[i] = ttlOf(table, row, side) || -1;
    serverTtl[i] = ttlOf(table, row, 1 - side) || -1;
    idle[i] = longestIdleMsOf(table, row);
    fromClient[i] = bytesOf(table, row, side);
    fromServer[i] = bytesOf(table, row, 1 - side);
    age[i] = ageMsOf(table, row);
    if (flagsOf(table, row) & HAS_SYN) start[starts++] = table.firstNs[row]!;
  }
  return starts;
}

/** One property of one connection; -1 is unknown. */
export function propertyOf(table: Connections, row: number, clientSide: 0 | 1, property: Property): number {
  switch (property) {
    case 'client':
      return hostOf(table, row, clientSide);
    case 'encapsulation':
      return table.encapsulation[row]!;
    case 'client-ttl':
      return ttlOf(table, row, clientSide) || -1;
    case 'server-ttl':
      return ttlOf(table, row, 1 - clientSide) || -1;
  }
}

/** TTL of the last plain segment of a side, 0 while there was none. */
function ttlOf({ words }: Connections, row: number, side: number): number {
  return (words[row * 16 + BITS]! >>> (16 + side * 8)) & 0xff;
}

/** One number of one connection: milliseconds, bytes or, for `start`, nanoseconds. */
export function measured(table: Connections, row: number, clientSide: 0 | 1, measure: Measure): number {
  switch (measure) {
    case 'idle':
      return longestIdleMsOf(table, row);
    case 'age':
      return ageMsOf(table, row);
    case 'start':
      return table.firstNs[row]!;
    case 'bytes-from-client':
      return bytesOf(table, row, clientSide);
    case 'bytes-from-server':
      return bytesOf(table, row, 1 - clientSide);
  }
}

function ageMsOf(table: Connections, row: number): number {
  return Math.max(0, lastNsOf(table, row) - table.firstNs[row]!) / 1e6;
}

/** A span beyond half the sequence space is a stray number, not data. */
function bytesOf(table: Connections, row: number, side: number): number {
  const bytes = spanOf(table, row, side) - (flagsOf(table, row) & (side === 0 ? FIN_0 : FIN_1) ? 1 : 0);
  return bytes > 0x7fffffff ? 0 : Math.max(0, bytes);
}

/** How many of the numbers lie below a threshold. */
export function countBelow(numbers: Float64Array, threshold: number): number {
  let count = 0;
  for (let i = 0; i < numbers.length; i++) if (numbers[i]! < threshold) count++;
  return count;
}

/** The largest of those below; -Infinity when there is none. */
export function mostBelow(numbers: Float64Array, threshold: number): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < numbers.length; i++) if (numbers[i]! < threshold && numbers[i]! > most) most = numbers[i]!;
  return most;
}
