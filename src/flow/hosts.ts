/**
 * Addresses as small integers, with what is known of each host across all its connections.
 *
 * The TTL habit is kept by packet class, because one host legitimately uses different values: Linux answers
 * a closed port with the system's default TTL and ignores the socket's (net/ipv4/tcp_ipv4.c, tcp_v4_send_reset).
 */

/** Packet classes with a TTL habit of their own. */
export const CLASS_SYN = 0;
export const CLASS_SYN_ACK = 1;
export const CLASS_SEGMENT = 2;
const CLASSES = 3;

export interface Hosts {
  count: number;
  /** Sixteen bytes an address; IPv4 stands in the first four. */
  bytes: Uint8Array;
  /** The same bytes. */
  view: DataView;
  /** 4 or 6. */
  family: Uint8Array;
  /** Last TTL by host and class, 0 while none was seen; index is `host * 3 + class`. */
  ttl: Uint8Array;
  /** How often the TTL of that host and class changed. */
  ttlChanges: Uint32Array;
  slots: Int32Array;
}

export function createHosts(): Hosts {
  const capacity = 16;
  const bytes = new Uint8Array(capacity * 16);
  return {
    count: 0,
    bytes,
    view: new DataView(bytes.buffer),
    family: new Uint8Array(capacity),
    ttl: new Uint8Array(capacity * CLASSES),
    ttlChanges: new Uint32Array(capacity * CLASSES),
    slots: new Int32Array(capacity * 2).fill(-1),
  };
}

/** The id of the address at `offset`; new addresses get the next id. */
export function hostId(hosts: Hosts, view: DataView, offset: number, version: number): number {
  const hash = version === 4 ? mix(4 ^ view.getInt32(offset)) : hashOf6(view, offset);
  const { slots } = hosts;
  const mask = slots.length - 1;
  let slot = hash & mask;
  for (;;) {
    const id = slots[slot]!;
    if (id < 0) return insert(hosts, slot, view, offset, version);
    if (hosts.family[id] === version && sameAddress(hosts.view, id * 16, view, offset, version)) return id;
    slot = (slot + 1) & mask;
  }
}

/** Hash of the IPv6 address at `offset`. */
export function hashOf6(view: DataView, offset: number): number {
  const upper = mix(6 ^ view.getInt32(offset) ^ Math.imul(view.getInt32(offset + 4), 0x9e3779b1));
  return mix(upper ^ view.getInt32(offset + 8) ^ Math.imul(view.getInt32(offset + 12), 0x9e3779b1));
}

function sameAddress(known: DataView, at: number, view: DataView, offset: number, version: number): boolean {
  if (known.getInt32(at) !== view.getInt32(offset)) return false;
  return (
    version === 4 ||
    (known.getInt32(at + 12) === view.getInt32(offset + 12) &&
      known.getInt32(at + 8) === view.getInt32(offset + 8) &&
      known.getInt32(at + 4) === view.getInt32(offset + 4))
  );
}

/** Remembers the TTL that a host used for a packet of this class. */
export function noteTtl(hosts: Hosts, host: number, packetClass: number, ttl: number): void {
  const at = host * CLASSES + packetClass;
  const before = hosts.ttl[at]!;
  if (before === ttl) return;
  if (before !== 0) hosts.ttlChanges[at]!++;
  hosts.ttl[at] = ttl;
}

/** The TTL that this host always uses for the class, or 0 when unknown or changing. */
export function steadyTtl(hosts: Hosts, host: number, packetClass: number): number {
  const at = host * CLASSES + packetClass;
  return hosts.ttlChanges[at] === 0 ? hosts.ttl[at]! : 0;
}

function insert(hosts: Hosts, slot: number, view: DataView, offset: number, version: number): number {
  const id = hosts.count++;
  if (id >= hosts.family.length) grow(hosts);
  hosts.family[id] = version;
  const length = version === 4 ? 4 : 16;
  for (let i = 0; i < length; i++) hosts.bytes[id * 16 + i] = view.getUint8(offset + i);
  if (id * 2 >= hosts.slots.length) {
    rehash(hosts);
    return id;
  }
  hosts.slots[slot] = id;
  return id;
}

function grow(hosts: Hosts): void {
  const capacity = hosts.family.length * 2;
  hosts.bytes = enlarged(hosts.bytes, new Uint8Array(capacity * 16));
  hosts.view = new DataView(hosts.bytes.buffer);
  hosts.family = enlarged(hosts.family, new Uint8Array(capacity));
  hosts.ttl = enlarged(hosts.ttl, new Uint8Array(capacity * CLASSES));
  hosts.ttlChanges = enlarged(hosts.ttlChanges, new Uint32Array(capacity * CLASSES));
}

function rehash(hosts: Hosts): void {
  const slots = new Int32Array(hosts.slots.length * 2).fill(-1);
  const mask = slots.length - 1;
  const { view } = hosts;
  for (let id = 0; id < hosts.count; id++) {
    const hash = hosts.family[id] === 4 ? mix(4 ^ view.getInt32(id * 16)) : hashOf6(view, id * 16);
    let slot = hash & mask;
    while (slots[slot]! >= 0) slot = (slot + 1) & mask;
    slots[slot] = id;
  }
  hosts.slots = slots;
}

function enlarged<T extends Uint8Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Finaliser of MurmurHash3: every input bit reaches every output bit. */
export function mix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
