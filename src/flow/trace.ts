/**
 * One connection followed packet by packet: both halves, the exchange, its RSTs, and a bounded selection of its
 * packets (the first ones, those around the first RSTs, the last ones). Connections of interest only.
 */
import type { Layers } from '../wire/layers.ts';
import { checksumState } from '../wire/tcp-checksum.ts';
import { seqDiff } from '../wire/seq.ts';
import {
  ACK,
  ack as readAck,
  FIN,
  flags as readFlags,
  RST,
  seq as readSeq,
  SYN,
  window as readWindow,
} from '../wire/tcp.ts';
import {
  OPT_CUT,
  OPT_MSS,
  OPT_SACK,
  OPT_TIMESTAMPS,
  OPT_WINDOW_SCALE,
  readTcpOptions,
  type TcpOptions,
} from '../wire/tcp-options.ts';
import { encapsulationOf, type Encapsulations } from './encapsulations.ts';
import { feedExchange, newExchange, type DataSegment, type Exchange } from './exchange.ts';
import { findDuplicate, isOtherCopy } from './duplicates.ts';
import { newHalf, type Half } from './half.ts';
import {
  ackAt,
  addNote,
  dfAt,
  DUPLICATE,
  flagsAt,
  frameAt,
  freeSlot,
  ipIdAt,
  KEEP_ALIVE,
  lengthAt,
  link,
  nextAt,
  notesAt,
  OUT_OF_ORDER,
  RETRANSMISSION,
  seqAt,
  sideAt,
  takeSlot,
  timeAt,
  tsValAt,
  ttlAt,
  windowAt,
  writePacket,
  writeTimestamps,
  ZERO_WINDOW,
  type PacketStore,
} from './packets.ts';
import { noteAfter, recordRst, type RstRecord } from './rst-record.ts';
import { feedZeek, newZeekState, type ZeekState } from './zeek.ts';

export interface Trace {
  readonly row: number;
  readonly firstFrame: number;
  readonly firstNs: number;
  lastNs: number;
  packets: number;
  readonly halves: readonly [Half, Half];
  readonly exchange: Exchange;
  readonly zeek: ZeekState;
  /** RSTs in the order of the capture, at most MAX_RSTS unless all were asked for. */
  readonly rsts: RstRecord[];
  /** RSTs beyond those, by side. */
  readonly moreRsts: [number, number];
  /** First line of HTTP messages and names of TLS records by frame, for the ladder; null while there are none. */
  labels: Map<number, string> | null;
  /** Kept packets: linked slots from `head` to `tail`; those up to `pinned` are never dropped. */
  head: number;
  tail: number;
  pinned: number;
  pinnedCount: number;
  /** Kept behind `pinned`. */
  tailKept: number;
  dropped: number;
  pins: number;
  /** Side of the last packet, -1 before the first. */
  lastSpeaker: number;
  /** RSTs left out; bits 0, 1: a packet of that side came in at the capturing host; bits 2, 3: went out. */
  captureDirections: number;
}

export const MAX_RSTS = 64;
const HEAD_PACKETS = 12;
const TAIL_PACKETS = 64;
const MAX_PINS = 2;
const MAX_LABELS = 64;

export function createTrace(row: number, frame: number, tNs: number): Trace {
  return {
    row,
    firstFrame: frame,
    firstNs: tNs,
    lastNs: tNs,
    packets: 0,
    halves: [newHalf(), newHalf()],
    exchange: newExchange(),
    zeek: newZeekState(),
    rsts: [],
    moreRsts: [0, 0],
    labels: null,
    head: -1,
    tail: -1,
    pinned: -1,
    pinnedCount: 0,
    tailKept: 0,
    dropped: 0,
    pins: 0,
    lastSpeaker: -1,
    captureDirections: 0,
  };
}

/** What `follow` needs besides the packet: shared by all traces of a reading, so that a packet costs no allocation. */
export interface FollowContext {
  readonly store: PacketStore;
  readonly options: TcpOptions;
  readonly segment: DataSegment;
  readonly encapsulations: Encapsulations;
  readonly maxRsts: number;
}

/** Adds one packet of the connection, in capture order. */
export function follow(
  trace: Trace,
  context: FollowContext,
  view: DataView,
  layers: Layers,
  side: number,
  frame: number,
  tNs: number,
  direction: number,
): void {
  const { store, options } = context;
  const tcp = layers.tcp;
  const flags = readFlags(view, tcp);
  const slot = takeSlot(store);
  const seq = readSeq(view, tcp);
  const ack = readAck(view, tcp);
  const length = layers.payloadLen;
  const window = Math.max(0, readWindow(view, tcp, layers.tcpCaptured));
  const encapsulation = encapsulationOf(context.encapsulations, layers);
  const { ttl, ipId, df } = layers;
  writePacket(store, slot, frame, tNs, side, flags, seq, ack, length, window, ttl, ipId, df, encapsulation);
  readTcpOptions(view, tcp, layers.tcpCaptured, options);
  if (options.bits & OPT_TIMESTAMPS) writeTimestamps(store, slot, options.tsVal, options.tsEcr);

  const duplicate = findDuplicate(trace, store, slot);
  // To Zeek the two copies of a tunnelled packet are of different connections.
  if (!isOtherCopy(store, duplicate, slot)) {
    feedZeek(trace.zeek, side, flags, seq, ack, length, window);
  }
  trace.packets++;
  trace.lastNs = tNs;
  append(trace, store, slot);
  if (duplicate >= 0) {
    addNote(store, slot, DUPLICATE);
    trace.halves[side]!.duplicates++;
  }
  if (flags & RST) {
    if (trace.rsts.length < context.maxRsts) {
      const duplicateOf = duplicate < 0 ? null : frameAt(store, duplicate);
      const checksum = checksumState(view, layers);
      const payload = copyPayload(view, layers);
      const { bits, mptcpSubtypes, mptcpReset } = options;
      const told = { duplicateOf, options: bits, checksum, direction, payload, mptcpSubtypes, mptcpReset };
      trace.rsts.push(recordRst(trace, store, slot, told));
    } else {
      trace.moreRsts[side]!++;
    }
    pin(trace, store);
    if (duplicate < 0) trace.halves[side]!.lastFrame = frame;
    return;
  }
  if (direction !== 0) trace.captureDirections |= direction === 1 ? 1 << side : 4 << side;
  if (duplicate >= 0) return;
  if (trace.rsts.length > 0) noteAfter(trace, store, slot);
  update(trace, context, slot, view, layers);
}

/** Longer than any text that a device is known to put on a RST; what an experiment pads with zeros is not needed. */
const MAX_RST_PAYLOAD = 256;
const NO_PAYLOAD = new Uint8Array(0);

function copyPayload(view: DataView, layers: Layers): Uint8Array {
  const length = Math.min(layers.captured, MAX_RST_PAYLOAD);
  if (length <= 0) return NO_PAYLOAD;
  return new Uint8Array(view.buffer, view.byteOffset + layers.payload, length).slice();
}

/** The kept packets in capture order. */
export function keptSlots(trace: Trace, store: PacketStore): number[] {
  const slots: number[] = [];
  for (let slot = trace.head; slot >= 0; slot = nextAt(store, slot)) slots.push(slot);
  return slots;
}

/** Gives the kept packets back. */
export function releasePackets(trace: Trace, store: PacketStore): void {
  for (let slot = trace.head; slot >= 0;) {
    const next = nextAt(store, slot);
    freeSlot(store, slot);
    slot = next;
  }
  trace.head = -1;
  trace.tail = -1;
  trace.pinned = -1;
}

function append(trace: Trace, store: PacketStore, slot: number): void {
  link(store, slot, -1);
  if (trace.tail >= 0) link(store, trace.tail, slot);
  else trace.head = slot;
  trace.tail = slot;
  if (trace.pinnedCount < HEAD_PACKETS) {
    trace.pinned = slot;
    trace.pinnedCount++;
    return;
  }
  if (trace.tailKept < TAIL_PACKETS) {
    trace.tailKept++;
    return;
  }
  const oldest = nextAt(store, trace.pinned);
  link(store, trace.pinned, nextAt(store, oldest));
  freeSlot(store, oldest);
  trace.dropped++;
}

/** Keeps everything that led to this RST; the first ones only, so that a flood of RSTs stays bounded. */
function pin(trace: Trace, store: PacketStore): void {
  if (trace.pins >= MAX_PINS || trace.pinned === trace.tail) return;
  trace.pins++;
  for (let slot = trace.pinned; slot >= 0; slot = nextAt(store, slot)) trace.pinned = slot;
  trace.pinnedCount += trace.tailKept;
  trace.tailKept = 0;
}

function update(trace: Trace, context: FollowContext, slot: number, view: DataView, layers: Layers): void {
  const { store, options, segment } = context;
  const side = sideAt(store, slot);
  const half = trace.halves[side]!;
  const peer = trace.halves[1 - side]!;
  const flags = flagsAt(store, slot);
  const seq = seqAt(store, slot);
  const length = lengthAt(store, slot);
  const tNs = timeAt(store, slot);
  const end = (seq + length + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0)) >>> 0;
  const lastDataNs = Math.max(half.lastDataNs, peer.lastDataNs);

  peer.repeatsUnanswered = 0;
  peer.keepAlivesUnanswered = 0;
  if (peer.lastNs >= 0 && trace.lastSpeaker === 1 - side) {
    const answerNs = tNs - peer.lastNs;
    if (answerNs < half.fastestAnswerNs) half.fastestAnswerNs = answerNs;
    const acksSyn = half.handshakeNs < 0 && peer.isn >= 0 && (flags & ACK) !== 0;
    if (acksSyn && seqDiff(ackAt(store, slot), peer.isn) > 0) half.handshakeNs = answerNs;
  }
  noteHabits(half, store, slot, flags);
  if (flags & SYN) noteSyn(half, peer, options, flags, seq, tNs);

  const before = half.nextSeq;
  const isNew = before < 0 || seqDiff(end, before) > 0;
  if (half.startSeq < 0) half.startSeq = flags & SYN ? (seq + 1) >>> 0 : seq;
  if (before >= 0 && !isNew && !(flags & SYN) && isKeepAlive(seq, length, before, flags)) {
    addNote(store, slot, KEEP_ALIVE);
    half.keepAlives++;
    half.keepAlivesUnanswered++;
  } else if (!isNew && end !== seq) {
    addNote(store, slot, RETRANSMISSION);
    half.retransmissions++;
    half.repeatsUnanswered++;
  } else if (isNew && before >= 0 && seqDiff(seq, before) > 0) {
    addNote(store, slot, OUT_OF_ORDER);
    half.holeSeq = before;
    half.holeEnd = seq;
  }
  // What arrives behind its successors is news all the same, though its sequence number is an old one.
  const fills = !isNew && length > 0 && seq === half.holeSeq && seqDiff(end, half.holeEnd) <= 0;
  if (fills) half.holeSeq = end === half.holeEnd ? -1 : end;
  if (isNew) half.nextSeq = end;
  if (flags & ACK && (half.acked < 0 || seqDiff(ackAt(store, slot), half.acked) > 0)) half.acked = ackAt(store, slot);
  half.sackEdge = options.bits & OPT_SACK ? highestEdge(view, options) : -1;
  half.mptcpSubtypes |= options.mptcpSubtypes;
  if (flags & FIN && half.finFrame === 0) {
    half.finFrame = frameAt(store, slot);
    half.finNs = tNs;
    half.finEnd = end;
  }
  if (!(flags & SYN)) half.window = windowAt(store, slot);
  if (windowAt(store, slot) === 0 && !(flags & (SYN | FIN))) {
    addNote(store, slot, ZERO_WINDOW);
    half.zeroWindows++;
  }
  if (length > 0 && (isNew || fills) && !(notesAt(store, slot) & KEEP_ALIVE)) {
    segment.side = side;
    segment.frame = frameAt(store, slot);
    segment.tNs = tNs;
    segment.seq = seq;
    segment.length = length;
    segment.lastDataNs = lastDataNs;
    segment.contiguous = before < 0 || seq === before || (flags & SYN) !== 0;
    feedExchange(trace.exchange, segment, view, layers.payload, layers.captured);
    label(trace, segment.frame, side);
    half.lastDataNs = tNs;
    half.lastDataFrame = segment.frame;
    half.dataPackets++;
  }
  half.packets++;
  if (half.firstNs < 0) half.firstNs = tNs;
  half.lastNs = tNs;
  half.lastFrame = frameAt(store, slot);
  trace.lastSpeaker = side;
}

/** RFC 2018 §3: each block is a left and a right edge, the right one just behind its last byte. */
function highestEdge(view: DataView, { sackAt, sackBlocks }: TcpOptions): number {
  let highest = view.getUint32(sackAt + 4);
  for (let block = 1; block < sackBlocks; block++) {
    const edge = view.getUint32(sackAt + 8 * block + 4);
    if (seqDiff(edge, highest) > 0) highest = edge;
  }
  return highest;
}

/** RFC 9293 §3.8.4: a probe repeats the last sequence number, with no byte or one byte of data. */
function isKeepAlive(seq: number, length: number, nextSeq: number, flags: number): boolean {
  return length <= 1 && seqDiff(seq, nextSeq) === -1 && !(flags & FIN);
}

function noteSyn(half: Half, peer: Half, options: TcpOptions, flags: number, seq: number, tNs: number): void {
  if (half.isn < 0) {
    half.isn = seq;
    if (flags & ACK) half.synAckNs = tNs;
    else half.synNs = tNs;
  }
  if (options.bits & OPT_MSS) half.mss = options.mss;
  if (peer.synAckNs >= 0) return;
  const offered = options.bits & (OPT_WINDOW_SCALE | OPT_CUT);
  half.windowScale = offered & OPT_WINDOW_SCALE ? options.windowScale : offered === 0 ? 0 : -1;
  // RFC 7323 §2.2: both sides scale, or none does.
  if (flags & ACK && offered === 0) peer.windowScale = 0;
}

function noteHabits(half: Half, store: PacketStore, slot: number, flags: number): void {
  if (tsValAt(store, slot) >= 0) {
    half.timestamps = true;
    half.lastTsVal = tsValAt(store, slot);
  }
  const ttl = ttlAt(store, slot);
  if (flags & SYN) {
    half.ttlSyn = ttl;
    half.ipIdSyn = ipIdAt(store, slot);
    return;
  }
  half.ttl = half.ttl === 0 || half.ttl === ttl ? ttl : -1;
  half.ttlLast = ttl;
  half.df = dfAt(store, slot);
  const ipId = ipIdAt(store, slot);
  if (ipId < 0) return;
  if (half.ipId >= 0) {
    const step = (ipId - half.ipId) & 0xffff;
    if (step === 1) half.ipIdSteps++;
    else if (step !== 0) half.ipIdJumps++;
  }
  half.ipId = ipId;
}

function label(trace: Trace, frame: number, side: number): void {
  if (trace.labels !== null && trace.labels.size >= MAX_LABELS) return;
  const text = labelOf(trace.exchange, frame, side);
  if (text !== undefined) (trace.labels ??= new Map()).set(frame, text);
}

function labelOf({ request, response, tls, opening }: Exchange, frame: number, side: number): string | undefined {
  if (request?.frame === frame) return request.line;
  if (response?.frame === frame) return response.line;
  const isTls = opening[side] === 'tls' || tls[0].handshakeRecords + tls[1].handshakeRecords > 0;
  return isTls && tls[side]!.nextRecordSeq >= 0 ? TLS_NAMES[tls[side]!.lastType] : undefined;
}

const TLS_NAMES: Readonly<Record<number, string>> = {
  20: 'TLS change cipher spec',
  21: 'TLS alert',
  22: 'TLS handshake',
  23: 'TLS data',
};
