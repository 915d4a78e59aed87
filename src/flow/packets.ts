/**
 * The packets that are kept of connections of interest: columns with a free list, linked per connection, so that
 * keeping and dropping a packet allocates nothing.
 */

/** What a packet was found to be while its connection was followed; bits of `notes`. */
export const RETRANSMISSION = 1;
export const KEEP_ALIVE = 2;
export const DUPLICATE = 4;
export const ZERO_WINDOW = 8;
export const OUT_OF_ORDER = 32;

export interface PacketStore {
  free: number;
  next: Int32Array;
  frame: Uint32Array;
  /** Nanoseconds since the capture's first whole second. */
  tNs: Float64Array;
  /** Side of the connection's row that sent it. */
  side: Uint8Array;
  flags: Uint16Array;
  seq: Uint32Array;
  ack: Uint32Array;
  /** Payload bytes on the wire. */
  length: Uint32Array;
  /** As in the header, unscaled. */
  window: Uint16Array;
  ttl: Uint8Array;
  /** -1 for IPv6. */
  ipId: Int32Array;
  df: Uint8Array;
  /** Id of the encapsulation that it came in, 0 for none. */
  encapsulation: Uint16Array;
  /** -1 without the timestamps option. */
  tsVal: Float64Array;
  tsEcr: Float64Array;
  notes: Uint8Array;
}

export function createPacketStore(): PacketStore {
  const capacity = 128;
  return {
    free: 0,
    next: chained(capacity),
    frame: new Uint32Array(capacity),
    tNs: new Float64Array(capacity),
    side: new Uint8Array(capacity),
    flags: new Uint16Array(capacity),
    seq: new Uint32Array(capacity),
    ack: new Uint32Array(capacity),
    length: new Uint32Array(capacity),
    window: new Uint16Array(capacity),
    ttl: new Uint8Array(capacity),
    ipId: new Int32Array(capacity),
    df: new Uint8Array(capacity),
    encapsulation: new Uint16Array(capacity),
    tsVal: new Float64Array(capacity),
    tsEcr: new Float64Array(capacity),
    notes: new Uint8Array(capacity),
  };
}

/** Takes an unused slot; its columns hold old values until written. */
export function takeSlot(store: PacketStore): number {
  if (store.free < 0) grow(store);
  const slot = store.free;
  store.free = store.next[slot]!;
  store.next[slot] = -1;
  return slot;
}

/** Gives a slot back. */
export function freeSlot(store: PacketStore, slot: number): void {
  store.next[slot] = store.free;
  store.free = slot;
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
  return {
    frame: store.frame[slot]!,
    tNs: store.tNs[slot]!,
    side: store.side[slot]!,
    flags: store.flags[slot]!,
    seq: store.seq[slot]!,
    ack: store.ack[slot]!,
    length: store.length[slot]!,
    window: store.window[slot]!,
    ttl: store.ttl[slot]!,
    ipId: store.ipId[slot]!,
    df: store.df[slot]!,
    tsVal: store.tsVal[slot]!,
    tsEcr: store.tsEcr[slot]!,
    notes: store.notes[slot]!,
  };
}

function chained(capacity: number): Int32Array {
  const next = new Int32Array(capacity);
  chain(next, 0);
  return next;
}

function chain(next: Int32Array, from: number): number {
  for (let i = from; i < next.length; i++) next[i] = i + 1 < next.length ? i + 1 : -1;
  return from;
}

function grow(store: PacketStore): void {
  const columns = store as unknown as Record<string, unknown>;
  const old = store.next.length;
  for (const name of Object.keys(columns)) {
    const column = columns[name];
    if (!ArrayBuffer.isView(column)) continue;
    const from = column as Uint32Array;
    const to = new (from.constructor as Uint32ArrayConstructor)(from.length * 2);
    to.set(from);
    columns[name] = to;
  }
  store.free = chain(store.next, old);
}
