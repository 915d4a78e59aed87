/**
 * Puts fragmented IPv4 and IPv6 packets together, so that the segment in them is read once, at the frame that completes it.
 *
 * Overlaps: in IPv4 the bytes that came first stay (as Wireshark shows them; receivers differ); in IPv6 the packet is
 * discarded with all that follows of it (RFC 5722, RFC 8200 §4.5), except for exact repeats of a fragment, which are skipped.
 * Bounded: bytes and packets held at once, parts of one packet, and the capture's time since its first part.
 */
import { FRAGMENT, locate, locateReassembled, type Layers } from '../wire/layers.ts';
import { encapsulationOf, type Encapsulations } from './encapsulations.ts';

export interface Fragments {
  /** What was found last: the captured bytes, or those of the reassembled packet. */
  view: DataView;
  readonly pending: Map<string, Datagram>;
  bytes: number;
  /** Packets of which a part was seen, and of those the ones that became whole; UDP counts from its first part on. */
  begun: number;
  completed: number;
  readonly limits: FragmentLimits;
  readonly encapsulations: Encapsulations;
  scratch: Uint8Array | null;
}

export interface FragmentLimits {
  /** Bytes of content held at once, default 4 MiB as Linux (net.ipv4.ipfrag_high_thresh). */
  readonly maxBytes: number;
  /** Packets held at once, default 2048. */
  readonly maxPackets: number;
  /** Parts of one packet, default 1024; 45 fill the largest packet at an MTU of 1500. */
  readonly maxParts: number;
}

interface Datagram {
  readonly firstNs: number;
  /** IP header of the first part that came; of IPv6 without extension headers. */
  header: Uint8Array;
  readonly version: number;
  readonly protocol: number;
  readonly parts: Part[];
  /** What the parts cover: rising, disjoint pairs of first byte and first byte behind. */
  covered: number[];
  /** Length of the content, -1 until the last part was seen. */
  total: number;
  bytes: number;
  counted: boolean;
  /** Contradicts itself: nothing of it is read any more. */
  dead: boolean;
}

interface Part {
  readonly from: number;
  readonly bytes: Uint8Array;
}

const DEFAULT_LIMITS: FragmentLimits = { maxBytes: 4 << 20, maxPackets: 2048, maxParts: 1024 };

/** Linux: net.ipv4.ipfrag_time 30 s; RFC 8200 §4.5: 60 s. */
const IPV4_TIMEOUT_NS = 30e9;
const IPV6_TIMEOUT_NS = 60e9;
const MAX_PACKET_BYTES = 65_535;
const IPV6_HEADER_BYTES = 40;
const UDP_PROTOCOL = 17;
const IP_HEADERS_AND_MORE = 0x10000 + 64;

export function createFragments(encapsulations: Encapsulations, limits: Partial<FragmentLimits> = {}): Fragments {
  return {
    view: new DataView(new ArrayBuffer(0)),
    pending: new Map(),
    bytes: 0,
    begun: 0,
    completed: 0,
    limits: { ...DEFAULT_LIMITS, ...limits },
    encapsulations,
    scratch: null,
  };
}

/**
 * As `locate`, with fragmented packets put together: FRAGMENT for a part that does not complete its packet, and for the one that
 * does, what the packet turned out to be. `layers` is filled for `fragments.view`, which is valid until the next call.
 */
export function locateWhole(
  fragments: Fragments,
  view: DataView,
  start: number,
  end: number,
  wireLen: number,
  linkType: number,
  layers: Layers,
  seconds: number,
  nanos: number,
): number {
  fragments.view = view;
  const outcome = locate(view, start, end, wireLen, linkType, layers);
  return outcome === FRAGMENT ? reassembled(fragments, layers, seconds * 1e9 + nanos) : outcome;
}

/** The packet may be a tunnel with a fragment inside: each round enters one, and their depth is bounded. */
function reassembled(fragments: Fragments, layers: Layers, tNs: number): number {
  for (;;) {
    const lenBytes = join(fragments, fragments.view, layers, tNs);
    if (lenBytes < 0) return FRAGMENT;
    fragments.view = new DataView(fragments.scratch!.buffer, 0, lenBytes);
    const outcome = locateReassembled(fragments.view, lenBytes, layers);
    if (outcome !== FRAGMENT) return outcome;
  }
}

/** Length of the packet that this part completed, which then lies in `scratch`; -1 while there is none. */
function join(fragments: Fragments, view: DataView, layers: Layers, tNs: number): number {
  const { fragment: from, more, payload, version } = layers;
  let lenBytes = layers.captured;
  // RFC 791: all parts but the last are a multiple of eight bytes; Linux takes what is.
  if (more === 1) lenBytes &= ~7;
  if (lenBytes <= 0) return -1;
  const key = keyOf(view, layers, encapsulationOf(fragments.encapsulations, layers));
  const datagram = datagramOf(fragments, key, view, layers, tNs);
  if (datagram.dead) return -1;
  const to = from + lenBytes;
  if (overlaps(datagram.covered, from, to)) {
    if (version === 6 && !isRepeat(datagram, view, payload, from, lenBytes)) return abandon(fragments, datagram);
    if (version === 6 || isCovered(datagram.covered, from, to)) return -1;
  }
  if (contradicts(fragments, datagram, to, more)) return abandon(fragments, datagram);
  if (more === 0) datagram.total = to;
  if (from === 0 && version === 4) datagram.header = headerOf(view, layers);
  addPart(fragments, datagram, { from, bytes: copy(view, payload, lenBytes) });
  if (datagram.total >= 0 && isCovered(datagram.covered, 0, datagram.total)) {
    forget(fragments, key, datagram);
    fragments.completed++;
    return write(fragments, datagram);
  }
  makeRoom(fragments, key);
  return -1;
}

/** A packet beyond its largest length, with more parts than are kept, or with two ends. */
function contradicts(
  { limits }: Fragments,
  { header, parts, total, covered }: Datagram,
  to: number,
  more: number,
): boolean {
  if (header.length + to > MAX_PACKET_BYTES || parts.length >= limits.maxParts) return true;
  if (total >= 0 && (to > total || (more === 0 && to !== total))) return true;
  return more === 0 && (covered.at(-1) ?? 0) > to;
}

function addPart(fragments: Fragments, datagram: Datagram, part: Part): void {
  const lenBytes = part.bytes.length;
  datagram.parts.push(part);
  datagram.covered = withRange(datagram.covered, part.from, part.from + lenBytes);
  datagram.bytes += lenBytes;
  fragments.bytes += lenBytes;
  // Most UDP is no tunnel, which only its first part shows.
  if (datagram.counted || (datagram.protocol === UDP_PROTOCOL && part.from !== 0)) return;
  datagram.counted = true;
  fragments.begun++;
}

/** RFC 791: parts belong together by both addresses, protocol and identification; IPv6 leaves the protocol out. */
function keyOf(view: DataView, layers: Layers, encapsulation: number): string {
  const { src, dst, version, protocol, fragmentId } = layers;
  let key = `${encapsulation} ${fragmentId} ${version === 4 ? protocol : ''}`;
  for (let i = 0; i < (version === 4 ? 4 : 16); i += 4) key += ` ${view.getUint32(src + i)} ${view.getUint32(dst + i)}`;
  return key;
}

function datagramOf(fragments: Fragments, key: string, view: DataView, layers: Layers, tNs: number): Datagram {
  const known = fragments.pending.get(key);
  if (known !== undefined) {
    if (!isOver(known, tNs)) return known;
    forget(fragments, key, known);
  }
  for (const [oldest, datagram] of fragments.pending) {
    if (!isOver(datagram, tNs)) break;
    forget(fragments, oldest, datagram);
  }
  const begun: Datagram = {
    firstNs: tNs,
    header: headerOf(view, layers),
    version: layers.version,
    protocol: layers.protocol,
    parts: [],
    covered: [],
    total: -1,
    bytes: 0,
    counted: false,
    dead: false,
  };
  fragments.pending.set(key, begun);
  return begun;
}

function isOver(datagram: Datagram, tNs: number): boolean {
  return Math.abs(tNs - datagram.firstNs) > (datagram.version === 4 ? IPV4_TIMEOUT_NS : IPV6_TIMEOUT_NS);
}

/** Keeps the entry, so that later parts do not begin the packet anew, and gives its bytes back. */
function abandon(fragments: Fragments, datagram: Datagram): number {
  fragments.bytes -= datagram.bytes;
  datagram.bytes = 0;
  datagram.parts.length = 0;
  datagram.covered = [];
  datagram.dead = true;
  return -1;
}

function forget(fragments: Fragments, key: string, datagram: Datagram): void {
  fragments.bytes -= datagram.bytes;
  fragments.pending.delete(key);
}

/** The oldest packets go first; the one that just grew may stay, as its parts alone keep within bounds. */
function makeRoom(fragments: Fragments, current: string): void {
  const { pending, limits } = fragments;
  for (const [key, datagram] of pending) {
    if (fragments.bytes <= limits.maxBytes && pending.size <= limits.maxPackets) return;
    if (key !== current) forget(fragments, key, datagram);
  }
}

function overlaps(covered: readonly number[], from: number, to: number): boolean {
  for (let i = 0; i < covered.length; i += 2) if (from < covered[i + 1]! && to > covered[i]!) return true;
  return false;
}

function isCovered(covered: readonly number[], from: number, to: number): boolean {
  for (let i = 0; i < covered.length; i += 2) if (from >= covered[i]! && to <= covered[i + 1]!) return true;
  return false;
}

function withRange(covered: readonly number[], from: number, to: number): number[] {
  const result: number[] = [];
  let low = from;
  let high = to;
  let placed = false;
  for (let i = 0; i < covered.length; i += 2) {
    const start = covered[i]!;
    const stop = covered[i + 1]!;
    if (stop < low) {
      result.push(start, stop);
    } else if (start > high) {
      if (!placed) result.push(low, high);
      placed = true;
      result.push(start, stop);
    } else {
      low = Math.min(low, start);
      high = Math.max(high, stop);
    }
  }
  if (!placed) result.push(low, high);
  return result;
}

function isRepeat(datagram: Datagram, view: DataView, payload: number, from: number, lenBytes: number): boolean {
  const same = datagram.parts.find((part) => part.from === from && part.bytes.length === lenBytes);
  return same !== undefined && same.bytes.every((byte, i) => byte === view.getUint8(payload + i));
}

function headerOf(view: DataView, { network, version }: Layers): Uint8Array {
  return copy(view, network, version === 4 ? (view.getUint8(network) & 0x0f) << 2 : IPV6_HEADER_BYTES);
}

function copy(view: DataView, offset: number, lenBytes: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, lenBytes).slice();
}

/** The packet as if it had never been cut. IPv6 extension headers before the fragment header say nothing that is read. */
function write(fragments: Fragments, { header, version, protocol, parts, total }: Datagram): number {
  const scratch = (fragments.scratch ??= new Uint8Array(IP_HEADERS_AND_MORE));
  const view = new DataView(scratch.buffer);
  scratch.set(header);
  if (version === 4) {
    view.setUint16(2, header.length + total);
    view.setUint16(6, 0);
  } else {
    view.setUint16(4, total);
    view.setUint8(6, protocol);
  }
  // Backwards, so that of two parts with the same bytes the one that came first stays.
  for (let i = parts.length - 1; i >= 0; i--) scratch.set(parts[i]!.bytes, header.length + parts[i]!.from);
  return header.length + total;
}
