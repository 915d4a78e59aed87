/**
 * The connections of the listeners that are asked about, from the columns of all connections. Four bytes a connection
 * and one entry a listener: a million connections, or a million listeners, are as many numbers and no objects.
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
  OPENER_1,
  portOf,
  tailOf,
  type Connections,
} from '../flow/table.ts';

/** An end that accepts connections as one number: host id and port. */
export function listenerKey(host: number, port: number): number {
  return host * 65_536 + port;
}

export interface ListenerRows {
  /** Rows of all connections of a listener, in order of the capture; none for a listener that was not asked about. */
  of(key: number): Int32Array;
}

const DATA_FROM_BOTH = DATA_0 | DATA_1;
const NONE = new Int32Array(0);

/** Collects the rows of the listeners in `wanted`. */
export function rowsByListener(table: Connections, wanted: Iterable<number>): ListenerRows {
  const indexOf = new Map<number, number>();
  const isServer = new Uint8Array(table.hosts.count);
  for (const key of wanted) {
    if (!indexOf.has(key)) indexOf.set(key, indexOf.size);
    isServer[Math.floor(key / 65_536)] = 1;
  }
  if (indexOf.size === 0) return { of: () => NONE };
  const listenerOfRow = new Int32Array(table.count).fill(-1);
  const ends = new Int32Array(indexOf.size + 1);
  for (let row = 0; row < table.count; row++) {
    if (!(isServer[hostOf(table, row, 0)]! | isServer[hostOf(table, row, 1)]!)) continue;
    const index = listenerIndex(table, row, indexOf);
    listenerOfRow[row] = index;
    if (index >= 0) ends[index + 1]!++;
  }
  for (let i = 1; i < ends.length; i++) ends[i]! += ends[i - 1]!;
  const rows = new Int32Array(ends[indexOf.size]!);
  const next = ends.slice();
  for (let row = 0; row < table.count; row++) {
    const index = listenerOfRow[row]!;
    if (index >= 0) rows[next[index]!++] = row;
  }
  return {
    of(key) {
      const index = indexOf.get(key);
      return index === undefined ? NONE : rows.subarray(ends[index]!, ends[index + 1]!);
    },
  };
}

/** The side that accepts is the one that did not open; without a handshake, the one that is known to be a listener. */
function listenerIndex(table: Connections, row: number, indexOf: ReadonlyMap<number, number>): number {
  const flags = flagsOf(table, row);
  const server = flags & OPENER_1 ? 0 : 1;
  const index = indexOf.get(listenerKey(hostOf(table, row, server), portOf(table, row, server))) ?? -1;
  if (index >= 0 || flags & (HAS_SYN | HAS_SYN_ACK)) return index;
  return indexOf.get(listenerKey(hostOf(table, row, 1 - server), portOf(table, row, 1 - server))) ?? -1;
}

/** Which side of a row of this listener is the client. */
export function clientSideAt(table: Connections, row: number, key: number): 0 | 1 {
  return listenerKey(hostOf(table, row, 1), portOf(table, row, 1)) === key ? 0 : 1;
}

/** The connection carried data both ways, no RST, and does not hang: its last packets do not repeat themselves unanswered. */
export function survived(table: Connections, row: number): boolean {
  const flags = flagsOf(table, row);
  if (flags & HAS_RST || (flags & DATA_FROM_BOTH) !== DATA_FROM_BOTH) return false;
  return (flags & FIN_0 && flags & FIN_1) !== 0 || tailOf(table, row).repeats < 2;
}
