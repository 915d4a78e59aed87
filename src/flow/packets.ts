/**
 * The packets that are kept of connections of interest: one line of cache each in one array with a free list, linked
 * per connection, so that keeping and dropping a packet allocates nothing and touches little memory.
 */

/** What a packet was found to be while its connection was followed; bits of `notes`. */
export const RETRANSMISSION = 1;
export const KEEP_ALIVE = 2;
export const DUPLICATE = 4;
export const ZERO_WINDOW = 8;
export const OUT_OF_ORDER = 32;

export interface PacketStore {
  free: number;
  /** Sixteen words a packet; the names of their places are below. */
  words: Int32Array;
  /** The same memory as numbers without sign, and as doubles: eight a packet. */
  unsigned: Uint32Array;
  doubles: Float64Array;
}

/** Place among the doubles of a packet: nanoseconds since the capture's first whole second. */
const TIME = 0;
/** Places among its words. */
const NEXT = 2;
const FRAME = 3;
const SEQ = 4;
const ACK_NUMBER = 5;
const LENGTH = 6;
const TS_VAL = 7;
const TS_ECR = 8;
const IP_ID = 9;
/** The flags below, the window above. */
const FLAGS = 10;
/** Side, notes, TTL and DF, a byte each. */
const BYTES = 11;
/** The encapsulation below, whether there are timestamps above. */
const CARRIER = 12;
const HAS_TIMESTAMPS = 1 << 16;

export function createPacketStore(): PacketStore {
  const store = storeOver(new ArrayBuffer(64 * 128));
  chain(store, 0);
  return store;
}

/** Takes an unused slot; its columns hold old values until written. */
export function takeSlot(store: PacketStore): number {
  if (store.free < 0) grow(store);
  const slot = store.free;
  store.free = store.words[slot * 16 + NEXT]!;
  store.words[slot * 16 + NEXT] = -1;
  return slot;
}

/** Gives a slot back. */
export function freeSlot(store: PacketStore, slot: number): void {
  store.words[slot * 16 + NEXT] = store.free;
  store.free = slot;
}

/** Writes what the headers say; side, notes and timestamps have writers of their own. */
export function writePacket(
  { words, doubles }: PacketStore,
  slot: number,
  frame: number,
  tNs: number,
  side: number,
  flags: number,
  seq: number,
  ack: number,
  length: number,
  window: number,
  ttl: number,
  ipId: number,
  df: number,
  encapsulation: number,
): void {
  const at = slot * 16;
  doubles[slot * 8 + TIME] = tNs;
  words[at + FRAME] = frame;
  words[at + SEQ] = seq;
  words[at + ACK_NUMBER] = ack;
  words[at + LENGTH] = length;
  words[at + IP_ID] = ipId;
  words[at + FLAGS] = (flags & 0xffff) | (window << 16);
  words[at + BYTES] = side | ((ttl & 0xff) << 16) | (df << 24);
  words[at + CARRIER] = encapsulation;
}

/** To be called after `writePacket`, for a packet that carries the option. */
export function writeTimestamps({ words }: PacketStore, slot: number, tsVal: number, tsEcr: number): void {
  words[slot * 16 + TS_VAL] = tsVal;
  words[slot * 16 + TS_ECR] = tsEcr;
  words[slot * 16 + CARRIER]! |= HAS_TIMESTAMPS;
}

/** The packet after this one of the same connection; -1 for none. */
export function nextAt(store: PacketStore, slot: number): number {
  return store.words[slot * 16 + NEXT]!;
}

export function link(store: PacketStore, slot: number, next: number): void {
  store.words[slot * 16 + NEXT] = next;
}

export function frameAt(store: PacketStore, slot: number): number {
  return store.unsigned[slot * 16 + FRAME]!;
}

/** Nanoseconds since the capture's first whole second. */
export function timeAt(store: PacketStore, slot: number): number {
  return store.doubles[slot * 8 + TIME]!;
}

/** Side of the connection's row that sent it. */
export function sideAt(store: PacketStore, slot: number): number {
  return store.words[slot * 16 + BYTES]! & 0xff;
}

export function flagsAt(store: PacketStore, slot: number): number {
  return store.words[slot * 16 + FLAGS]! & 0xffff;
}

export function seqAt(store: PacketStore, slot: number): number {
  return store.unsigned[slot * 16 + SEQ]!;
}

export function ackAt(store: PacketStore, slot: number): number {
  return store.unsigned[slot * 16 + ACK_NUMBER]!;
}

/** Payload bytes on the wire. */
export function lengthAt(store: PacketStore, slot: number): number {
  return store.unsigned[slot * 16 + LENGTH]!;
}

/** As in the header, unscaled. */
export function windowAt(store: PacketStore, slot: number): number {
  return store.words[slot * 16 + FLAGS]! >>> 16;
}

export function ttlAt(store: PacketStore, slot: number): number {
  return (store.words[slot * 16 + BYTES]! >>> 16) & 0xff;
}

/** -1 for IPv6. */
export function ipIdAt(store: PacketStore, slot: number): number {
  return store.words[slot * 16 + IP_ID]!;
}

export function dfAt(store: PacketStore, slot: number): number {
  return store.words[slot * 16 + BYTES]! >>> 24;
}

/** Id of the encapsulation that it came in, 0 for none. */
export function encapsulationAt(store: PacketStore, slot: number): number {
  return store.words[slot * 16 + CARRIER]! & 0xffff;
}

/** -1 without the timestamps option. */
export function tsValAt(store: PacketStore, slot: number): number {
  return store.words[slot * 16 + CARRIER]! & HAS_TIMESTAMPS ? store.unsigned[slot * 16 + TS_VAL]! : -1;
}

export function notesAt(store: PacketStore, slot: number): number {
  return (store.words[slot * 16 + BYTES]! >>> 8) & 0xff;
}

export function addNote(store: PacketStore, slot: number, note: number): void {
  store.words[slot * 16 + BYTES]! |= note << 8;
}

/** One kept packet as a value, for judging and for the ladder. */
export interface Packet {
  readonly frame: number;
  readonly tNs: number;
  readonly side: number;
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
  readonly length: number;
  readonly window: number;
  readonly ttl: number;
  readonly ipId: number;
  readonly df: number;
  readonly tsVal: number;
  readonly tsEcr: number;
  readonly notes: number;
}

export function packetAt(store: PacketStore, slot: number): Packet {
  const tsVal = tsValAt(store, slot);
  return {
    frame: frameAt(store, slot),
    tNs: timeAt(store, slot),
    side: sideAt(store, slot),
    flags: flagsAt(store, slot),
    seq: seqAt(store, slot),
    ack: ackAt(store, slot),
    length: lengthAt(store, slot),
    window: windowAt(store, slot),
    ttl: ttlAt(store, slot),
    ipId: ipIdAt(store, slot),
    df: dfAt(store, slot),
    tsVal,
    tsEcr: tsVal < 0 ? -1 : store.unsigned[slot * 16 + TS_ECR]!,
    notes: notesAt(store, slot),
  };
}

/** Some packets by themselves, in this order: places 0, 1, 2… of the store over this memory. */
export function copyPackets({ words }: PacketStore, slots: readonly number[]): ArrayBuffer {
  const copy = new Int32Array(16 * slots.length);
  for (let to = 0; to < slots.length; to++) {
    const from = slots[to]! * 16;
    for (let word = 0; word < 16; word++) copy[to * 16 + word] = words[from + word]!;
  }
  return copy.buffer;
}

/** Packets that it has room for. */
export function capacityOf({ words }: PacketStore): number {
  return words.length / 16;
}

/** A store over the memory of another, without a free list. */
export function storeOver(buffer: ArrayBuffer): PacketStore {
  return {
    free: -1,
    words: new Int32Array(buffer),
    unsigned: new Uint32Array(buffer),
    doubles: new Float64Array(buffer),
  };
}

/** Makes a free list of the slots from `first` on. */
function chain(store: PacketStore, first: number): void {
  const capacity = capacityOf(store);
  for (let slot = first; slot < capacity; slot++) link(store, slot, slot + 1 < capacity ? slot + 1 : -1);
  store.free = first;
}

function grow(store: PacketStore): void {
  const used = capacityOf(store);
  const { words, unsigned, doubles } = storeOver(new ArrayBuffer(64 * used * 2));
  words.set(store.words);
  Object.assign(store, { words, unsigned, doubles });
  chain(store, used);
}
