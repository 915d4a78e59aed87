/**
 * Every connection of a capture as one row in typed columns.
 *
 * A row is one incarnation of a 4-tuple: a SYN with a new initial sequence number opens another one.
 * Side 0 is the host that was met first (the lower port between two sockets of one host), side 1 the other;
 * OPENER_1 says which of them opened the connection.
 * Memory is bounded by the number of connections, never by the number of packets.
 */
import { createHosts, hostId, mix, type Hosts } from './hosts.ts';

/** Row flags. */
export const HAS_RST = 1;
export const HAS_SYN = 2;
export const HAS_SYN_ACK = 4;
export const FIN_0 = 8;
export const FIN_1 = 16;
export const DATA_0 = 32;
export const DATA_1 = 64;
/** Side 1 sent the SYN, or the first packet where no SYN was seen. */
export const OPENER_1 = 128;

export interface Connections {
  readonly hosts: Hosts;
  count: number;
  /** Open-addressing table: slot to the newest incarnation of its tuple. */
  slots: Int32Array;
  /** Tuples in `slots`. */
  tuples: number;
  host0: Uint32Array;
  host1: Uint32Array;
  /** Port of side 0 in the upper, of side 1 in the lower half. */
  ports: Uint32Array;
  /** The incarnation before this one of the same tuple, or -1. */
  previous: Int32Array;
  flags: Uint8Array;
  firstFrame: Uint32Array;
  lastFrame: Uint32Array;
  /** Nanoseconds since the capture's first whole second. */
  firstNs: Float64Array;
  lastNs: Float64Array;
  lastDataNs: Float64Array;
  /** Longest time without application data that the connection survived, milliseconds. */
  longestIdleMs: Float32Array;
  packets: Uint32Array;
  rsts: Uint32Array;
  /** Initial, or first seen, sequence number by side: `row * 2 + side`. */
  startSeq: Uint32Array;
  /** End of the highest segment by side. */
  nextSeq: Uint32Array;
  /** Bit 0, 1: a packet of that side was seen. */
  seen: Uint8Array;
  /** Who sent the last packets, and how many in a row. */
  tailSide: Uint8Array;
  tailCount: Uint16Array;
  /** How many of those repeated sequence numbers already sent. */
  tailRepeats: Uint16Array;
}

export function createConnections(): Connections {
  const capacity = 1024;
  return {
    hosts: createHosts(),
    count: 0,
    slots: new Int32Array(capacity * 2).fill(-1),
    tuples: 0,
    host0: new Uint32Array(capacity),
    host1: new Uint32Array(capacity),
    ports: new Uint32Array(capacity),
    previous: new Int32Array(capacity),
    flags: new Uint8Array(capacity),
    firstFrame: new Uint32Array(capacity),
    lastFrame: new Uint32Array(capacity),
    firstNs: new Float64Array(capacity),
    lastNs: new Float64Array(capacity),
    lastDataNs: new Float64Array(capacity),
    longestIdleMs: new Float32Array(capacity),
    packets: new Uint32Array(capacity),
    rsts: new Uint32Array(capacity),
    startSeq: new Uint32Array(capacity * 2),
    nextSeq: new Uint32Array(capacity * 2),
    seen: new Uint8Array(capacity),
    tailSide: new Uint8Array(capacity),
    tailCount: new Uint16Array(capacity),
    tailRepeats: new Uint16Array(capacity),
  };
}

/** What `lookup` found: rewritten by every call, so that a packet costs no allocation. */
export interface Found {
  /** Newest incarnation of the tuple, or -1. */
  row: number;
  /** Which side sent the packet. */
  side: number;
  slot: number;
  host0: number;
  host1: number;
  ports: number;
}

export function newFound(): Found {
  return { row: -1, side: 0, slot: 0, host0: 0, host1: 0, ports: 0 };
}

/** Finds the newest incarnation of the packet's tuple. */
export function lookup(
  table: Connections,
  view: DataView,
  src: number,
  dst: number,
  version: number,
  srcPort: number,
  dstPort: number,
  found: Found,
): void {
  const from = hostId(table.hosts, view, src, version);
  const to = hostId(table.hosts, view, dst, version);
  const swapped = from > to || (from === to && srcPort > dstPort);
  const host0 = swapped ? to : from;
  const host1 = swapped ? from : to;
  const ports = (swapped ? (dstPort << 16) | srcPort : (srcPort << 16) | dstPort) >>> 0;
  const mask = table.slots.length - 1;
  let slot = mix(Math.imul(host0, 0x9e3779b1) ^ mix(host1 ^ mix(ports))) & mask;
  let row = table.slots[slot]!;
  while (row >= 0 && (table.host0[row] !== host0 || table.host1[row] !== host1 || table.ports[row] !== ports)) {
    slot = (slot + 1) & mask;
    row = table.slots[slot]!;
  }
  found.row = row;
  found.side = swapped ? 1 : 0;
  found.slot = slot;
  found.host0 = host0;
  found.host1 = host1;
  found.ports = ports;
}

/** Opens a row for the tuple that `lookup` described; returns it. */
export function open(table: Connections, found: Found, frame: number, tNs: number): number {
  const row = table.count++;
  if (row >= table.flags.length) growRows(table);
  table.host0[row] = found.host0;
  table.host1[row] = found.host1;
  table.ports[row] = found.ports;
  table.previous[row] = found.row;
  table.flags[row] = found.side === 1 ? OPENER_1 : 0;
  table.firstFrame[row] = frame;
  table.firstNs[row] = tNs;
  table.lastDataNs[row] = -1;
  table.tailSide[row] = found.side;
  table.slots[found.slot] = row;
  if (found.row < 0 && ++table.tuples * 2 > table.slots.length) rehash(table);
  return row;
}

/** Finds the incarnation that a frame belongs to, given the newest of its tuple; -1 when none. */
export type IncarnationFinder = (newest: number, frame: number) => number;

/**
 * For a second pass over the same packets, whose frames only grow. A tuple may come back ten thousands of times, so
 * each one remembers how far the pass has come instead of walking its incarnations for every packet.
 */
export function incarnations(table: Connections): IncarnationFinder {
  const { count, previous, firstFrame } = table;
  const next = new Int32Array(count).fill(-1);
  const current = new Int32Array(count);
  for (let row = 0; row < count; row++) {
    const before = previous[row]!;
    current[row] = before < 0 ? row : current[before]!;
    if (before >= 0) next[before] = row;
  }
  return (newest, frame) => {
    if (newest < 0 || newest >= count) return -1;
    let row = current[newest]!;
    while (next[row]! >= 0 && firstFrame[next[row]!]! <= frame) row = next[row]!;
    current[newest] = row;
    return firstFrame[row]! <= frame ? row : -1;
  };
}

function rehash(table: Connections): void {
  const old = table.slots;
  const slots = new Int32Array(old.length * 2).fill(-1);
  const mask = slots.length - 1;
  for (const row of old) {
    if (row < 0) continue;
    let slot = mix(Math.imul(table.host0[row]!, 0x9e3779b1) ^ mix(table.host1[row]! ^ mix(table.ports[row]!))) & mask;
    while (slots[slot]! >= 0) slot = (slot + 1) & mask;
    slots[slot] = row;
  }
  table.slots = slots;
}

function growRows(table: Connections): void {
  const columns = table as unknown as Record<string, unknown>;
  for (const name of Object.keys(columns)) {
    const column = columns[name];
    if (name === 'slots' || !ArrayBuffer.isView(column)) continue;
    const from = column as Uint32Array;
    const to = new (from.constructor as Uint32ArrayConstructor)(from.length * 2);
    to.set(from);
    columns[name] = to;
  }
}
