/**
 * Every connection of a capture as one row.
 *
 * A row is one incarnation of a 4-tuple: a SYN with a new initial sequence number opens another one.
 * Side 0 is the host that was met first (the lower port between two sockets of one host), side 1 the other;
 * OPENER_1 says which of them opened the connection.
 * Memory is bounded by the number of connections, never by the number of packets.
 *
 * What every packet reads or writes stands together in 64 bytes, one line of the processor's cache; what is written
 * once a connection stands in columns.
 */
import { allPlain, createEncapsulations, holds, PLAIN, type Encapsulations } from './encapsulations.ts';
import { createHosts, hostId, type Hosts } from './hosts.ts';
import { tupleHash } from './tuple-hash.ts';

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

/** Words of a line. KEY and KEY + 1: the IPv4 address of each side, or the id of its IPv6 host. */
export const KEY = 0;
/** Port of side 0 in the upper, of side 1 in the lower half. */
export const PORTS = 2;
/** Row flags in the lowest byte, then SEEN_0, SEEN_1, TAIL_SIDE_1, IPV6; a TTL byte of each side on top. */
export const BITS = 3;
/** Initial, or first seen, sequence number by side. */
export const START_SEQ = 4;
/** End of the highest segment by side. */
export const NEXT_SEQ = 6;
export const PACKETS = 8;
/** How many packets in a row came from the side that sent the last one, and how many of those repeated numbers sent before. */
export const TAIL_COUNT = 9;
export const LAST_FRAME = 10;
/** As a 32-bit float: longest time without application data that the connection survived, milliseconds. */
export const LONGEST_IDLE = 11;
/** In 64-bit floats: times of the last packet and of the last data (-1 before any), ns since the capture's first second. */
export const LAST_NS = 6;
export const LAST_DATA_NS = 7;

/** Bits above the row flags: a packet of that side was seen; side 1 sent the last packets; the keys are IPv6 hosts. */
export const SEEN_0 = 0x100;
export const SEEN_1 = 0x200;
export const TAIL_SIDE_1 = 0x400;
export const IPV6 = 0x800;
/** The connection is encapsulated in something: see its column. */
export const ENCAPSULATED = 0x1000;
/** What of these tells tuples with equal words apart. */
const APART = IPV6 | ENCAPSULATED;

export interface Connections {
  readonly hosts: Hosts;
  count: number;
  /** Open-addressing table: slot to the newest incarnation of its tuple. */
  slots: Int32Array;
  /** Tuples in `slots`. */
  tuples: number;
  /** Lines of 16 words, `row * 16 + word`; the two others are the same bytes. */
  words: Int32Array;
  singles: Float32Array;
  doubles: Float64Array;
  host0: Uint32Array;
  host1: Uint32Array;
  /** The incarnation before this one of the same tuple, or -1. */
  previous: Int32Array;
  /** Id of the encapsulations that the connection travels in, 0 for none. */
  encapsulation: Uint16Array;
  readonly encapsulations: Encapsulations;
  firstFrame: Uint32Array;
  /** Nanoseconds since the capture's first whole second. */
  firstNs: Float64Array;
  /** One cell, the time of the packet at hand: a number handed to a function may be allocated, one in here is not. */
  readonly nowNs: Float64Array;
}

export function createConnections(): Connections {
  // Small, so that the arrays have been replaced once before anything that reads them is compiled for good.
  const capacity = 16;
  return {
    hosts: createHosts(),
    count: 0,
    slots: new Int32Array(capacity * 2).fill(-1),
    tuples: 0,
    ...linesOver(new ArrayBuffer(capacity * 64)),
    host0: new Uint32Array(capacity),
    host1: new Uint32Array(capacity),
    previous: new Int32Array(capacity),
    encapsulation: new Uint16Array(capacity),
    encapsulations: createEncapsulations(),
    firstFrame: new Uint32Array(capacity),
    firstNs: new Float64Array(capacity),
    nowNs: new Float64Array(1),
  };
}

/** Row flags of a connection. */
export function flagsOf(table: Connections, row: number): number {
  return table.words[row * 16 + BITS]! & 0xff;
}

/** Bit 0, 1: a packet of that side was seen. */
export function seenOf(table: Connections, row: number): number {
  return (table.words[row * 16 + BITS]! >> 8) & 3;
}

/** Port of a side, 0 to 65535. */
export function portOf(table: Connections, row: number, side: number): number {
  const ports = table.words[row * 16 + PORTS]!;
  return side === 0 ? ports >>> 16 : ports & 0xffff;
}

/** Host id of a side. */
export function hostOf(table: Connections, row: number, side: number): number {
  return side === 0 ? table.host0[row]! : table.host1[row]!;
}

/** Frame of the connection's last packet. */
export function lastFrameOf(table: Connections, row: number): number {
  return table.words[row * 16 + LAST_FRAME]! >>> 0;
}

/** Time of its last packet, nanoseconds since the capture's first whole second. */
export function lastNsOf(table: Connections, row: number): number {
  return table.doubles[row * 8 + LAST_NS]!;
}

/** Longest time without application data that the connection survived, milliseconds. */
export function longestIdleMsOf(table: Connections, row: number): number {
  return table.singles[row * 16 + LONGEST_IDLE]!;
}

/** Sequence numbers that a side used, without those of its SYN; 0 while it was not seen. */
export function spanOf(table: Connections, row: number, side: number): number {
  if ((seenOf(table, row) & (1 << side)) === 0) return 0;
  const at = row * 16 + side;
  return (table.words[at + NEXT_SEQ]! - table.words[at + START_SEQ]!) >>> 0;
}

/** How many packets in a row the connection ended with from one side, and how many of them repeated earlier ones. */
export function tailOf(table: Connections, row: number): { readonly count: number; readonly repeats: number } {
  const tail = table.words[row * 16 + TAIL_COUNT]!;
  return { count: tail & 0xffff, repeats: tail >>> 16 };
}

/**
 * Finds the newest incarnation of a tuple: twice its row, plus the side that sends; or `-1 - slot` when it is new.
 * `src` and `dst` are IPv4 addresses as signed words, or ids of IPv6 hosts and then `family` is IPV6.
 */
export function find(table: Connections, src: number, dst: number, ports: number, family: number): number {
  const { slots, words } = table;
  const mask = slots.length - 1;
  const reversed = (ports << 16) | (ports >>> 16);
  let slot = tupleHash(src, dst, ports) & mask;
  for (;;) {
    const row = slots[slot]!;
    if (row < 0) return -1 - slot;
    const at = row << 4;
    const key = words[at]!;
    if (key === src && words[at + 1] === dst && words[at + 2] === ports) {
      if ((words[at + 3]! & APART) === family) return row << 1;
    } else if (key === dst && words[at + 1] === src && words[at + 2] === reversed) {
      if ((words[at + 3]! & APART) === family) return (row << 1) | 1;
    }
    slot = (slot + 1) & mask;
  }
}

/** Finds the tuple of a packet whose addresses stand at `src` and `dst` of the view, as `find` does. */
export function lookup(
  table: Connections,
  view: DataView,
  src: number,
  dst: number,
  version: number,
  ports: number,
  encapsulation: number = PLAIN,
): number {
  const from = version === 4 ? view.getInt32(src) : hostId(table.hosts, view, src, 6);
  const to = version === 4 ? view.getInt32(dst) : hostId(table.hosts, view, dst, 6);
  const family = version === 4 ? 0 : IPV6;
  const at = find(table, from, to, ports, family);
  if ((at >= 0 && encapsulation === PLAIN) || allPlain(table.encapsulations)) return at;
  return findHolding(table, from, to, ports, family, encapsulation);
}

/** The rows of a tuple in all encapsulations: for each twice the row, plus the side that sends. */
export function rowsOfTuple(
  table: Connections,
  view: DataView,
  src: number,
  dst: number,
  version: number,
  ports: number,
): number[] {
  const { slots } = table;
  const mask = slots.length - 1;
  const from = version === 4 ? view.getInt32(src) : hostId(table.hosts, view, src, 6);
  const to = version === 4 ? view.getInt32(dst) : hostId(table.hosts, view, dst, 6);
  const rows: number[] = [];
  for (let slot = tupleHash(from, to, ports) & mask; slots[slot]! >= 0; slot = (slot + 1) & mask) {
    const side = sideIn(table, slots[slot]!, from, to, ports, version === 4 ? 0 : IPV6);
    if (side >= 0) rows.push(slots[slot]! * 2 + side);
  }
  return rows;
}

/** Puts a connection into another encapsulation, or set of them. */
export function encapsulate(table: Connections, row: number, encapsulation: number): void {
  table.encapsulation[row] = encapsulation;
  if (encapsulation !== PLAIN) table.words[row * 16 + BITS]! |= ENCAPSULATED;
}

/** As `find`, among connections in any encapsulation: the one that holds this one. */
function findHolding(
  table: Connections,
  src: number,
  dst: number,
  ports: number,
  family: number,
  encapsulation: number,
): number {
  const { slots } = table;
  const mask = slots.length - 1;
  let slot = tupleHash(src, dst, ports) & mask;
  for (; slots[slot]! >= 0; slot = (slot + 1) & mask) {
    const row = slots[slot]!;
    const side = sideIn(table, row, src, dst, ports, family);
    if (side >= 0 && holds(table.encapsulations, table.encapsulation[row]!, encapsulation)) return row * 2 + side;
  }
  return -1 - slot;
}

/** Which side of the row sends, when the row is of this tuple; otherwise -1. */
function sideIn({ words }: Connections, row: number, src: number, dst: number, ports: number, family: number): number {
  const at = row * 16;
  if ((words[at + BITS]! & IPV6) !== family) return -1;
  if (words[at] === src && words[at + 1] === dst && words[at + 2] === ports) return 0;
  const reversed = (ports << 16) | (ports >>> 16);
  return words[at] === dst && words[at + 1] === src && words[at + 2] === reversed ? 1 : -1;
}

/** Opens a row for the first packet of a tuple that `lookup` did not find; returns twice the row, plus the side. */
export function openTuple(
  table: Connections,
  view: DataView,
  src: number,
  dst: number,
  version: number,
  ports: number,
  slot: number,
  frame: number,
  encapsulation: number = PLAIN,
): number {
  const { hosts } = table;
  const from = hostId(hosts, view, src, version);
  const to = hostId(hosts, view, dst, version);
  const order = from === to ? (ports >>> 16) - (ports & 0xffff) : from - to;
  const side = order > 0 ? 1 : 0;
  const row = addRow(table);
  const at = row * 16;
  const { words } = table;
  words[at + KEY + side] = version === 4 ? view.getInt32(src) : from;
  words[at + KEY + 1 - side] = version === 4 ? view.getInt32(dst) : to;
  words[at + PORTS] = side === 0 ? ports : (ports << 16) | (ports >>> 16);
  words[at + BITS] = version === 4 ? 0 : IPV6;
  table.host0[row] = side === 0 ? from : to;
  table.host1[row] = side === 0 ? to : from;
  table.previous[row] = -1;
  encapsulate(table, row, encapsulation);
  begin(table, row, side, frame);
  table.slots[slot] = row;
  if (++table.tuples * 2 > table.slots.length) rehash(table);
  return row * 2 + side;
}

/** Opens another incarnation of the tuple of `before`, sent by `side`; returns its row. */
export function openAgain(table: Connections, before: number, side: number, frame: number): number {
  const slot = slotOf(table, before);
  const row = addRow(table);
  const { words } = table;
  for (const word of [KEY, KEY + 1, PORTS]) words[row * 16 + word] = words[before * 16 + word]!;
  words[row * 16 + BITS] = words[before * 16 + BITS]! & IPV6;
  table.host0[row] = table.host0[before]!;
  table.host1[row] = table.host1[before]!;
  table.previous[row] = before;
  encapsulate(table, row, table.encapsulation[before]!);
  begin(table, row, side, frame);
  table.slots[slot] = row;
  return row;
}

function begin(table: Connections, row: number, side: number, frame: number): void {
  if (side === 1) table.words[row * 16 + BITS]! |= OPENER_1 | TAIL_SIDE_1;
  table.firstFrame[row] = frame;
  table.firstNs[row] = table.nowNs[0]!;
  table.doubles[row * 8 + LAST_DATA_NS] = -1;
}

function addRow(table: Connections): number {
  const row = table.count++;
  if (row >= table.firstFrame.length) growRows(table);
  return row;
}

function slotOf(table: Connections, row: number): number {
  const mask = table.slots.length - 1;
  let slot = firstSlot(table, row, mask);
  while (table.slots[slot] !== row) slot = (slot + 1) & mask;
  return slot;
}

function firstSlot({ words }: Connections, row: number, mask: number): number {
  const at = row * 16;
  return tupleHash(words[at + KEY]!, words[at + KEY + 1]!, words[at + PORTS]!) & mask;
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
    let slot = firstSlot(table, row, mask);
    while (slots[slot]! >= 0) slot = (slot + 1) & mask;
    slots[slot] = row;
  }
  table.slots = slots;
}

function growRows(table: Connections): void {
  const words = new Int32Array(table.words.length * 2);
  words.set(table.words);
  Object.assign(table, linesOver(words.buffer));
  const columns = table as unknown as Record<string, Uint32Array>;
  for (const name of ['host0', 'host1', 'previous', 'encapsulation', 'firstFrame', 'firstNs']) {
    const from = columns[name]!;
    const to = new (from.constructor as Uint32ArrayConstructor)(from.length * 2);
    to.set(from);
    columns[name] = to;
  }
}

function linesOver(buffer: ArrayBuffer): Pick<Connections, 'words' | 'singles' | 'doubles'> {
  return { words: new Int32Array(buffer), singles: new Float32Array(buffer), doubles: new Float64Array(buffer) };
}
