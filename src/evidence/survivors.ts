/**
 * The survivors of some listeners, with the numbers that stories compare. Many stories are about one listener: what was
 * read of its survivors once is kept, sorted or counted, so that another story costs a look-up and not a walk.
 */
import type { Connections } from '../flow/table.ts';
import { clientSideAt, survived, type ListenerRows } from './listener-rows.ts';

export interface Survivors {
  readonly rows: Int32Array;
  /** Which side of each row is the client. */
  readonly clientSides: Uint8Array;
  /** Connections of the listeners, whatever became of them. */
  readonly connections: number;
  /** Numbers by the name of what they measure, ascending; see `sortedOf`. */
  readonly sorted: Map<string, Float64Array>;
  /** How many have each value, by the name of the property; see `countsOf`. */
  readonly counts: Map<string, ValueCounts>;
}

export interface ValueCounts {
  /** Survivors by value. */
  readonly byValue: ReadonlyMap<number, number>;
  /** Survivors of which the value is known. */
  readonly known: number;
}

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
  for (const key of listeners) {
    for (const row of rows.of(key)) {
      if (!survived(table, row)) continue;
      found[count] = row;
      clientSides[count++] = clientSideAt(table, row, key);
    }
  }
  return {
    rows: found.slice(0, count),
    clientSides: clientSides.slice(0, count),
    connections,
    sorted: new Map(),
    counts: new Map(),
  };
}

type ValueOf = (row: number, clientSide: 0 | 1) => number;

/** The numbers of all survivors, ascending; those that are not a number are left out. */
export function sortedOf(survivors: Survivors, name: string, valueOf: ValueOf): Float64Array {
  let sorted = survivors.sorted.get(name);
  if (sorted !== undefined) return sorted;
  const values = new Float64Array(survivors.rows.length);
  let count = 0;
  for (let i = 0; i < survivors.rows.length; i++) {
    const value = valueOf(survivors.rows[i]!, survivors.clientSides[i] as 0 | 1);
    if (!Number.isNaN(value)) values[count++] = value;
  }
  sorted = values.slice(0, count).sort();
  survivors.sorted.set(name, sorted);
  return sorted;
}

/** How many survivors have each value; -1 is unknown and does not count. */
export function countsOf(survivors: Survivors, name: string, valueOf: ValueOf): ValueCounts {
  let counts = survivors.counts.get(name);
  if (counts !== undefined) return counts;
  const byValue = new Map<number, number>();
  let known = 0;
  for (let i = 0; i < survivors.rows.length; i++) {
    const value = valueOf(survivors.rows[i]!, survivors.clientSides[i] as 0 | 1);
    if (value < 0) continue;
    known++;
    byValue.set(value, (byValue.get(value) ?? 0) + 1);
  }
  counts = { byValue, known };
  survivors.counts.set(name, counts);
  return counts;
}
