/** What was known of a connection at the moment a RST passed, and what each side did afterwards. */
import { seqDiff } from '../wire/seq.ts';
import type { ChecksumState } from '../wire/tcp-checksum.ts';
import { ACK, FIN, RST, SYN } from '../wire/tcp.ts';
import { copyExchange, type Exchange } from './exchange.ts';
import { roundTripNs, type Half } from './half.ts';
import { oneCounterFrames } from './one-counter.ts';
import {
  ackAt,
  flagsAt,
  frameAt,
  lengthAt,
  nextAt,
  packetAt,
  seqAt,
  sideAt,
  timeAt,
  tsValAt,
  ttlAt,
  type Packet,
  type PacketStore,
} from './packets.ts';
import { ANSWERED_NS, findTrigger, fits, pairInTurn } from './rst-trigger.ts';
import type { Trace } from './trace.ts';

export interface RstRecord {
  readonly packet: Packet;
  /** Bits of the TCP options on the RST, 0 without options. */
  readonly options: number;
  readonly duplicateOf: number | null;
  /** The sender's and the receiver's half as they stood before the RST. */
  readonly from: Half;
  readonly to: Half;
  readonly exchange: Exchange;
  /** RSTs of either side before this one. */
  readonly earlier: number;
  /** The segment that this RST answers in form (RFC 9293 §3.5.2), when there is one. */
  trigger: Packet | null;
  /** As many RSTs of its number as segments that they fit: each answers one, in order, however slow the path is. */
  takesTurn: boolean;
  /** Packets of both sides, this RST the last, whose IP-IDs follow one counter; empty when each side has its own. */
  readonly oneCounterFrames: readonly number[];
  /** The receiver's last packet before the RST, whether or not the RST fits it. */
  readonly lastFromReceiver: Packet | null;
  /** The earliest of the receiver's last packets that the RST may answer: it acknowledges just the RST's number. */
  readonly firstFitting: Packet | null;
  /** False where packets before that one may fit as well, but are not kept. */
  readonly fittingIsFirst: boolean;
  readonly checksum: ChecksumState;
  /** As the capture tells: 0 unknown, 1 came in at the capturing host, 2 went out. */
  readonly direction: number;
  /** The trace's `captureDirections` by then: those of the packets before. */
  readonly directionsBefore: number;
  /** The first bytes of its payload; empty without one, or where the snap length cut it. */
  readonly payload: Uint8Array;
  /** MPTCP subtypes on the RST, a bit each, and what its MP_TCPRST says, packed; -1 without one. */
  readonly mptcpSubtypes: number;
  readonly mptcpReset: number;
  readonly after: After;
}

/** Packets behind the RST, duplicates left out. */
export interface After {
  /** From the RST's claimed sender: segments with new sequence numbers, and when the first and last came. */
  newFromSender: number;
  newFromSenderNs: number;
  newFromSenderFrame: number;
  newFromSenderLastNs: number;
  newFromSenderLastFrame: number;
  anyFromSender: number;
  lastFromSenderNs: number;
  /** End of the highest segment from the sender, -1 when none. */
  endFromSender: number;
  /** The last segment of the sender that acknowledges bytes which its peer sent only after the RST; 0 when none. */
  ackOfLaterFrame: number;
  ackOfLaterNs: number;
  fromReceiver: number;
  lastFromReceiverNs: number;
  newDataFromReceiver: number;
  /**
   * A segment that repeats old bytes, but was made after the RST: its timestamp is newer by the time that passed, or it
   * has none and comes later than any path holds a packet back. 0 when none; the frame and when it came.
   */
  freshRepeatFrame: number;
  freshRepeatNs: number;
  /** SYN+ACKs of the claimed sender after its own RST, and SYNs with which the receiver tried again. */
  synAckFromSender: number;
  synFromReceiver: number;
  /** The receiver acknowledged, after the RST, data that the sender sent after the RST. */
  talkedOn: boolean;
  /** Frame of a pure ACK right behind the RST: a challenge ACK (RFC 5961 §3.2), 0 when none. */
  challengeFrame: number;
  /** What that ACK acknowledged. */
  challengeAck: number;
  /** The RST was seen before bytes that lie below its number or its acknowledgement: it overtook them. */
  overtook: boolean;
  /** Data or a FIN sent again. */
  repeatsFromSender: number;
  repeatsFromReceiver: number;
  /** First FIN behind the RST, 0 when none. */
  finFromSenderFrame: number;
  finFromReceiverFrame: number;
  lastFromReceiverFrame: number;
  /** Highest acknowledgement of the receiver behind the RST, -1 when none. */
  ackedAfter: number;
  challengeNs: number;
  /** The first packet of another connection on the same ports, 0 when none: from then on nothing is counted. */
  renewedFrame: number;
}

const TRIGGER_SEARCH = 24;
/** Of a flood of RSTs, as listed when all are asked for, the first and the last so many are looked at again. */
const LOOKED_BACK_AT = 64;

/** What the bytes of a RST tell beyond the columns of its packet. */
export interface RstBytes {
  readonly duplicateOf: number | null;
  readonly options: number;
  readonly checksum: ChecksumState;
  readonly direction: number;
  readonly payload: Uint8Array;
  readonly mptcpSubtypes: number;
  readonly mptcpReset: number;
}

export function recordRst(trace: Trace, store: PacketStore, slot: number, bytes: RstBytes): RstRecord {
  const packet = packetAt(store, slot);
  const from = trace.halves[packet.side]!;
  const recent = recentPackets(trace, store, slot);
  const before = sameBefore(trace, packet);
  const firstFitting = findFirstFitting(packet, recent);
  const rst: RstRecord = {
    packet,
    duplicateOf: bytes.duplicateOf,
    options: bytes.options,
    checksum: bytes.checksum,
    direction: bytes.direction,
    payload: bytes.payload,
    mptcpSubtypes: bytes.mptcpSubtypes,
    mptcpReset: bytes.mptcpReset,
    directionsBefore: trace.captureDirections,
    from: { ...from },
    to: { ...trace.halves[1 - packet.side]! },
    exchange: copyExchange(trace.exchange),
    earlier: earlierThan(trace),
    trigger: findTrigger(packet, recent, from, before.length),
    takesTurn: false,
    oneCounterFrames: oneCounterFrames(packet, recent, trace.halves),
    lastFromReceiver: findLastFromReceiver(packet, recent),
    firstFitting,
    fittingIsFirst: firstFitting !== null && (firstFitting !== recent[0] || recent.length < TRIGGER_SEARCH),
    after: newAfter(),
  };
  pairInTurn(rst, recent, before);
  return rst;
}

function newAfter(): After {
  return {
    newFromSender: 0,
    newFromSenderNs: -1,
    newFromSenderFrame: 0,
    newFromSenderLastNs: -1,
    newFromSenderLastFrame: 0,
    anyFromSender: 0,
    lastFromSenderNs: -1,
    endFromSender: -1,
    ackOfLaterFrame: 0,
    ackOfLaterNs: -1,
    fromReceiver: 0,
    lastFromReceiverNs: -1,
    newDataFromReceiver: 0,
    freshRepeatFrame: 0,
    freshRepeatNs: -1,
    synAckFromSender: 0,
    synFromReceiver: 0,
    talkedOn: false,
    challengeFrame: 0,
    challengeAck: -1,
    overtook: false,
    repeatsFromSender: 0,
    repeatsFromReceiver: 0,
    finFromSenderFrame: 0,
    finFromReceiverFrame: 0,
    lastFromReceiverFrame: 0,
    ackedAfter: -1,
    challengeNs: -1,
    renewedFrame: 0,
  };
}

/** The earliest that a kernel may still answer; else the latest of all that the RST fits. */
function findFirstFitting(rst: Packet, recent: readonly Packet[]): Packet | null {
  let last: Packet | null = null;
  for (const packet of recent) {
    if (!fits(packet, rst)) continue;
    if (rst.tNs - packet.tNs < ANSWERED_NS) return packet;
    last = packet;
  }
  return last;
}

function findLastFromReceiver(rst: Packet, recent: readonly Packet[]): Packet | null {
  for (let at = recent.length - 1; at >= 0; at--) {
    const packet = recent[at]!;
    if (packet.side !== rst.side && !(packet.flags & RST)) return packet;
  }
  return null;
}

function earlierThan({ rsts }: Trace): number {
  const last = rsts.at(-1);
  return last === undefined ? 0 : last.earlier + (last.duplicateOf === null ? 1 : 0);
}

/** Updates what happened after each recorded RST; called for every later packet that is not a RST or a duplicate. */
export function noteAfter(trace: Trace, store: PacketStore, slot: number): void {
  const side = sideAt(store, slot);
  const flags = flagsAt(store, slot);
  const tNs = timeAt(store, slot);
  const end = (seqAt(store, slot) + lengthAt(store, slot) + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0)) >>> 0;
  const { rsts } = trace;
  for (let i = 0; i < rsts.length; i++) {
    if (i === LOOKED_BACK_AT && rsts.length > 2 * LOOKED_BACK_AT) i = rsts.length - LOOKED_BACK_AT;
    const rst = rsts[i]!;
    const { after, packet } = rst;
    if (after.renewedFrame > 0) continue;
    if (isRenewed(trace, store, slot, rst)) {
      after.renewedFrame = frameAt(store, slot);
      continue;
    }
    const known = endBefore(rst, tNs);
    if (side === packet.side) {
      after.anyFromSender++;
      after.lastFromSenderNs = tNs;
      if (isStranger(rst, store, slot)) continue;
      if (flags & FIN && after.finFromSenderFrame === 0) after.finFromSenderFrame = frameAt(store, slot);
      const sent = rst.from.nextSeq;
      if (sent >= 0 && end !== seqAt(store, slot) && seqDiff(end, sent) <= 0) after.repeatsFromSender++;
      if (flags & SYN && flags & ACK) after.synAckFromSender++;
      if (after.endFromSender < 0 || seqDiff(end, after.endFromSender) > 0) after.endFromSender = end;
      if (flags & ACK && after.newDataFromReceiver > 0 && seqDiff(ackAt(store, slot), endOfReceiver(rst)) > 0) {
        after.ackOfLaterFrame = frameAt(store, slot);
        after.ackOfLaterNs = tNs;
      }
      if (known < 0 || seqDiff(end, known) > 0) {
        if (after.newFromSender === 0) {
          after.newFromSenderNs = tNs;
          after.newFromSenderFrame = frameAt(store, slot);
        }
        after.newFromSender++;
        after.newFromSenderLastNs = tNs;
        after.newFromSenderLastFrame = frameAt(store, slot);
      } else if (after.freshRepeatFrame === 0 && end !== seqAt(store, slot) && isFresh(rst, store, slot)) {
        after.freshRepeatFrame = frameAt(store, slot);
        after.freshRepeatNs = tNs;
      } else if (known !== rst.from.nextSeq && seqDiff(end, rst.from.nextSeq) > 0) {
        after.overtook = true;
      }
      continue;
    }
    after.fromReceiver++;
    after.lastFromReceiverNs = tNs;
    after.lastFromReceiverFrame = frameAt(store, slot);
    const ack = ackAt(store, slot);
    if (flags & ACK && (after.ackedAfter < 0 || seqDiff(ack, after.ackedAfter) > 0)) after.ackedAfter = ack;
    if (flags & FIN && after.finFromReceiverFrame === 0) after.finFromReceiverFrame = frameAt(store, slot);
    if ((flags & (SYN | ACK)) === SYN) after.synFromReceiver++;
    const isNew = rst.to.nextSeq < 0 || seqDiff(end, rst.to.nextSeq) > 0;
    if (isNew && lengthAt(store, slot) > 0) after.newDataFromReceiver++;
    if (!isNew && end !== seqAt(store, slot) && !(flags & SYN)) after.repeatsFromReceiver++;
    if (isNew && packet.flags & ACK && seqDiff(packet.ack, seqAt(store, slot)) > 0) after.overtook = true;
    if (after.newFromSender > 0 && flags & ACK && known >= 0 && seqDiff(ackAt(store, slot), known) > 0) {
      after.talkedOn = true;
    }
    // An ACK behind more segments of the sender may answer those: data sent again, or a keep-alive probe.
    const isFirst = after.fromReceiver === 1 && after.anyFromSender === 0;
    if (isFirst && isPureAck(flags, lengthAt(store, slot)) && !isNew) {
      after.challengeFrame = frameAt(store, slot);
      after.challengeNs = tNs;
      after.challengeAck = ackAt(store, slot);
    }
  }
}

/** From another distance than the RST and what its sender sent just before: it does not speak for the host that sent those. */
function isStranger({ packet, from }: RstRecord, store: PacketStore, slot: number): boolean {
  return from.ttlLast > 0 && packet.ttl === from.ttlLast && ttlAt(store, slot) !== packet.ttl;
}

/** Twice the lifetime of a segment (RFC 9293 §3.4.2): by then ports are free for another connection. */
const INCARNATION_NS = 240e9;

/**
 * Another initial sequence number is another connection on the same ports. So is what comes after so long a pause,
 * unless it goes on at the very number where its side had stopped.
 */
function isRenewed(
  trace: Trace,
  store: PacketStore,
  slot: number,
  { packet, from, to, trigger, after }: RstRecord,
): boolean {
  const side = sideAt(store, slot);
  const seq = seqAt(store, slot);
  if (flagsAt(store, slot) & SYN) {
    const half = side === packet.side ? from : to;
    const isn = trigger !== null && trigger.side === side && trigger.flags & SYN ? trigger.seq : half.isn;
    if (isn >= 0 && seq !== isn) return true;
  }
  const lastNs = Math.max(packet.tNs, after.lastFromSenderNs, after.lastFromReceiverNs);
  if (timeAt(store, slot) - lastNs <= INCARNATION_NS) return false;
  const { nextSeq } = trace.halves[side]!;
  const step = nextSeq < 0 ? 1 : seqDiff(seq, nextSeq);
  return step !== 0 && step !== -1;
}

/** Longer than any path reorders. */
const REORDER_NS = 1e9;

/**
 * Where the sender's stream ended when it sent the RST. A RST may overtake the data before it, on a shorter path or in
 * the capture: what lies below its own sequence number was sent earlier, whenever it was seen.
 */
function endBefore({ packet, from }: RstRecord, tNs: number): number {
  const overtook = from.nextSeq >= 0 && seqDiff(packet.seq, from.nextSeq) > 0 && tNs - packet.tNs < REORDER_NS;
  return overtook ? packet.seq : from.nextSeq;
}

/** Where the receiver's stream had come to: what the capture had seen of it, or what the RST acknowledges. */
function endOfReceiver({ packet, to }: RstRecord): number {
  return packet.flags & ACK && seqDiff(packet.ack, to.nextSeq) > 0 ? packet.ack : to.nextSeq;
}

/** Older than any reordering, and stamped by a clock that went on: RFC 7323 §5.4 has it tick at least once a second. */
const FRESH_NS = 100e6;
/** Hundred seconds of a clock that ticks each millisecond. */
const SAME_CLOCK_TICKS = 100_000;

/** Without a timestamp: packets that passed within so many round trips of each other may have changed places. */
const REORDERED_TRIPS = 4;

function isFresh(rst: RstRecord, store: PacketStore, slot: number): boolean {
  const { from, packet } = rst;
  const tsVal = tsValAt(store, slot);
  const laterNs = timeAt(store, slot) - packet.tNs;
  if (laterNs < FRESH_NS) return false;
  if (!from.timestamps) return laterNs > REORDERED_TRIPS * roundTripNs(from);
  return tsVal >= 0 && from.lastTsVal >= 0 && seqDiff(tsVal, lastStamp(rst)) > 0;
}

/** A RST stamped by the same clock shows how far that clock had come; one stamped by another says nothing. */
function lastStamp({ from, packet }: RstRecord): number {
  const step = packet.tsVal < 0 ? -1 : seqDiff(packet.tsVal, from.lastTsVal);
  return step >= 0 && step <= SAME_CLOCK_TICKS ? packet.tsVal : from.lastTsVal;
}

function sameBefore({ rsts }: Trace, rst: Packet): RstRecord[] {
  const same: RstRecord[] = [];
  for (let at = Math.max(0, rsts.length - LOOKED_BACK_AT); at < rsts.length; at++) {
    const { packet, duplicateOf } = rsts[at]!;
    if (duplicateOf !== null || packet.side !== rst.side || packet.seq !== rst.seq || packet.flags & ACK) continue;
    same.push(rsts[at]!);
  }
  return same;
}

function recentPackets(trace: Trace, store: PacketStore, before: number): Packet[] {
  const slots: number[] = [];
  for (let slot = trace.head; slot >= 0 && slot !== before; slot = nextAt(store, slot)) slots.push(slot);
  const recent: Packet[] = [];
  for (let at = Math.max(0, slots.length - TRIGGER_SEARCH); at < slots.length; at++) {
    recent.push(packetAt(store, slots[at]!));
  }
  return recent;
}

function isPureAck(flags: number, length: number): boolean {
  return length === 0 && (flags & (SYN | FIN | RST | ACK)) === ACK;
}
