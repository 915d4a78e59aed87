/**
 * Pass one: what every packet adds to its connection's row. Runs for each packet of the capture, so it allocates
 * nothing and keeps only what the summary, the populations and the choice of connections for pass two need.
 */
import type { Layers } from '../wire/layers.ts';
import {
  PLAIN_DST,
  PLAIN_SRC,
  PLAIN_TCP,
  PLAIN_TTL,
  PLAIN6_DST,
  PLAIN6_SRC,
  PLAIN6_TCP,
  PLAIN6_TTL,
  plain6PayloadLen,
  plainPayloadLen,
} from '../wire/plain-tcp.ts';
import { ACK, FIN, flags as readFlags, RST, SYN } from '../wire/tcp.ts';
import { encapsulationOf, PLAIN } from './encapsulations.ts';
import { CLASS_SEGMENT, CLASS_SYN, CLASS_SYN_ACK, noteTtl } from './hosts.ts';
import { adopt } from './same-connection.ts';
import {
  BITS,
  DATA_0,
  FIN_0,
  FIN_1,
  HAS_RST,
  HAS_SYN,
  HAS_SYN_ACK,
  hostOf,
  LAST_DATA_NS,
  LAST_FRAME,
  LAST_NS,
  LONGEST_IDLE,
  lookup,
  NEXT_SEQ,
  openAgain,
  OPENER_1,
  openTuple,
  PACKETS,
  SEEN_0,
  SEEN_1,
  START_SEQ,
  TAIL_COUNT,
  TAIL_SIDE_1,
  type Connections,
} from './table.ts';

const NS_PER_MS = 1e6;

/** Adds one TCP packet, seen at `table.nowNs`, to its connection; returns twice the connection's row, plus the side that sent it. */
export function survey(table: Connections, view: DataView, layers: Layers, frame: number): number {
  const { tcp, src, dst, version, payloadLen, ttl } = layers;
  const ports = view.getInt32(tcp);
  const encapsulation = encapsulationOf(table.encapsulations, layers);
  let at = lookup(table, view, src, dst, version, ports, encapsulation);
  if (at < 0) {
    const known = adopt(table, view, src, dst, version, tcp, payloadLen, ttl, encapsulation);
    at = known < 0 ? openTuple(table, view, src, dst, version, ports, -1 - at, frame, encapsulation) : known;
  }
  return add(table, at, readFlags(view, tcp), view.getInt32(tcp + 4), payloadLen, ttl, frame);
}

/** The same for a frame that `isPlainTcp` knows, from its first byte. */
export function surveyPlain(table: Connections, view: DataView, start: number, frame: number): number {
  const tcp = start + PLAIN_TCP;
  const ttl = view.getUint8(start + PLAIN_TTL);
  return surveyAt(table, view, start + PLAIN_SRC, start + PLAIN_DST, 4, tcp, plainPayloadLen(view, start), ttl, frame);
}

/** The same for a frame that `isPlainTcp6` knows. */
export function surveyPlain6(table: Connections, view: DataView, start: number, frame: number): number {
  const tcp = start + PLAIN6_TCP;
  const ttl = view.getUint8(start + PLAIN6_TTL);
  return surveyAt(
    table,
    view,
    start + PLAIN6_SRC,
    start + PLAIN6_DST,
    6,
    tcp,
    plain6PayloadLen(view, start),
    ttl,
    frame,
  );
}

function surveyAt(
  table: Connections,
  view: DataView,
  src: number,
  dst: number,
  version: number,
  tcp: number,
  payloadLen: number,
  ttl: number,
  frame: number,
): number {
  const ports = view.getInt32(tcp);
  let at = lookup(table, view, src, dst, version, ports);
  if (at < 0) {
    const known = adopt(table, view, src, dst, version, tcp, payloadLen, ttl, PLAIN);
    at = known < 0 ? openTuple(table, view, src, dst, version, ports, -1 - at, frame) : known;
  }
  return add(table, at, readFlags(view, tcp), view.getInt32(tcp + 4), payloadLen, ttl, frame);
}

/** Adds a packet to the row that `find` or `openTuple` gave, at `table.nowNs`. */
export function add(
  table: Connections,
  found: number,
  flags: number,
  /** As a signed word. */
  seq: number,
  length: number,
  ttl: number,
  frame: number,
): number {
  const side = found & 1;
  let row = found >> 1;
  if ((flags & (SYN | ACK | RST)) === SYN && isNewIncarnation(table, row, side, seq)) {
    row = openAgain(table, row, side, frame);
  }
  const { words, doubles } = table;
  const tNs = table.nowNs[0]!;
  const line = row << 4;
  const pair = line >> 1;
  let bits = words[line + BITS]!;

  const at = line + side;
  const sequenceLength = (flags & RST ? 0 : length) + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0);
  const end = (seq + sequenceLength) | 0;
  const sideSeen = SEEN_0 << side;
  let repeats = 0;
  if ((bits & sideSeen) === 0) {
    bits |= sideSeen;
    words[at + START_SEQ] = flags & SYN ? seq + 1 : seq;
    words[at + NEXT_SEQ] = end;
  } else if ((flags & RST) === 0) {
    if (((end - words[at + NEXT_SEQ]!) | 0) > 0) words[at + NEXT_SEQ] = end;
    else if (sequenceLength > 0) repeats = 0x10000;
  }

  let tail = words[line + TAIL_COUNT]!;
  if (((bits & TAIL_SIDE_1) !== 0) !== (side === 1)) {
    bits ^= TAIL_SIDE_1;
    tail = 0;
  }
  if ((tail & 0xffff) < 0xffff) words[line + TAIL_COUNT] = tail + 1 + repeats;

  if (length > 0 && (flags & RST) === 0) {
    bits |= DATA_0 << side;
    const before = doubles[pair + LAST_DATA_NS]!;
    if (before >= 0) {
      const idleMs = (tNs - before) / NS_PER_MS;
      if (idleMs > table.singles[line + LONGEST_IDLE]!) table.singles[line + LONGEST_IDLE] = idleMs;
    }
    doubles[pair + LAST_DATA_NS] = tNs;
  }
  if (flags & (SYN | FIN | RST)) bits = noteControl(table, row, side, flags, ttl, bits);
  else bits = noteSegmentTtl(table, row, side, ttl, bits);
  words[line + BITS] = bits;
  words[line + PACKETS]!++;
  words[line + LAST_FRAME] = frame;
  doubles[pair + LAST_NS] = tNs;
  return (row << 1) | side;
}

/**
 * RFC 9293 §3.4.1: a SYN with another initial sequence number opens a new incarnation; the same number is the
 * same SYN tried again. A SYN that answers one (simultaneous open) belongs to the connection it answers.
 */
function isNewIncarnation(table: Connections, row: number, side: number, seq: number): boolean {
  const { words } = table;
  const line = row * 16;
  const bits = words[line + BITS]!;
  const packets = words[line + PACKETS]!;
  if (packets === 0) return false;
  if ((bits & (side === 0 ? SEEN_0 : SEEN_1)) === 0) {
    const onlySynFromPeer = packets === 1 && (bits & HAS_SYN) !== 0;
    return !onlySynFromPeer;
  }
  return words[line + START_SEQ + side] !== ((seq + 1) | 0);
}

function noteControl(
  table: Connections,
  row: number,
  side: number,
  flags: number,
  ttl: number,
  before: number,
): number {
  let bits = before;
  if (flags & RST) {
    bits |= HAS_RST;
  } else if (flags & SYN) {
    const opener = side === 0 ? bits & ~OPENER_1 : bits | OPENER_1;
    const responder = side === 0 ? bits | OPENER_1 : bits & ~OPENER_1;
    if (flags & ACK) bits = (bits & HAS_SYN ? bits : responder) | HAS_SYN_ACK;
    else bits = (bits & HAS_SYN ? bits : opener) | HAS_SYN;
    noteTtl(table.hosts, hostOf(table, row, side), flags & ACK ? CLASS_SYN_ACK : CLASS_SYN, ttl);
  } else {
    bits = noteSegmentTtl(table, row, side, ttl, bits);
  }
  if (flags & FIN) bits |= side === 0 ? FIN_0 : FIN_1;
  return bits;
}

/** The row remembers the last TTL of each side: only another one is news for the host. */
function noteSegmentTtl(table: Connections, row: number, side: number, ttl: number, bits: number): number {
  const at = 16 + (side << 3);
  if (((bits >>> at) & 0xff) === ttl && ttl !== 0) return bits;
  noteTtl(table.hosts, hostOf(table, row, side), CLASS_SEGMENT, ttl);
  return (bits & ~(0xff << at)) | (ttl << at);
}
