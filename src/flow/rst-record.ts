/** What was known of a connection at the moment a RST passed, and what each side did afterwards. */
import { seqDiff } from '../wire/seq.ts';
import { ACK, FIN, RST, SYN } from '../wire/tcp.ts';
import { copyExchange, type Exchange } from './exchange.ts';
import type { Half } from './half.ts';
import { DUPLICATE, packetAt, type Packet, type PacketStore } from './packets.ts';
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
  readonly trigger: Packet | null;
  /** The receiver's last packet before the RST, whether or not the RST fits it. */
  readonly lastFromReceiver: Packet | null;
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
  fromReceiver: number;
  lastFromReceiverNs: number;
  newDataFromReceiver: number;
  /**
   * A segment that repeats old bytes, but was made after the RST: its timestamp is newer by the time that passed.
   * 0 when none; the frame and when it came.
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
}

const TRIGGER_SEARCH = 24;

export function recordRst(
  trace: Trace,
  store: PacketStore,
  slot: number,
  duplicateOf: number | null,
  options: number,
): RstRecord {
  const packet = packetAt(store, slot);
  const from = trace.halves[packet.side]!;
  const recent = recentPackets(trace, store, slot);
  return {
    packet,
    options,
    duplicateOf,
    from: { ...from },
    to: { ...trace.halves[1 - packet.side]! },
    exchange: copyExchange(trace.exchange),
    earlier: trace.rsts.reduce((sum, rst) => sum + (rst.duplicateOf === null ? 1 : 0), 0),
    trigger: findTrigger(packet, recent, from, sameBefore(trace, packet)),
    lastFromReceiver: recent.findLast((p) => p.side !== packet.side && !(p.flags & RST)) ?? null,
    after: {
      newFromSender: 0,
      newFromSenderNs: -1,
      newFromSenderFrame: 0,
      newFromSenderLastNs: -1,
      newFromSenderLastFrame: 0,
      anyFromSender: 0,
      lastFromSenderNs: -1,
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
    },
  };
}

/** Updates what happened after each recorded RST; called for every later packet that is not a RST or a duplicate. */
export function noteAfter(trace: Trace, store: PacketStore, slot: number): void {
  const side = store.side[slot]!;
  const flags = store.flags[slot]!;
  const tNs = store.tNs[slot]!;
  const end = (store.seq[slot]! + store.length[slot]! + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0)) >>> 0;
  for (const rst of trace.rsts) {
    const { after, packet } = rst;
    const known = endBefore(rst, tNs);
    if (side === packet.side) {
      after.anyFromSender++;
      after.lastFromSenderNs = tNs;
      if (flags & SYN && flags & ACK) after.synAckFromSender++;
      if (known < 0 || seqDiff(end, known) > 0) {
        if (after.newFromSender === 0) {
          after.newFromSenderNs = tNs;
          after.newFromSenderFrame = store.frame[slot]!;
        }
        after.newFromSender++;
        after.newFromSenderLastNs = tNs;
        after.newFromSenderLastFrame = store.frame[slot]!;
      } else if (after.freshRepeatFrame === 0 && end !== store.seq[slot]! && isFresh(rst, store, slot)) {
        after.freshRepeatFrame = store.frame[slot]!;
        after.freshRepeatNs = tNs;
      }
      continue;
    }
    after.fromReceiver++;
    after.lastFromReceiverNs = tNs;
    if ((flags & (SYN | ACK)) === SYN) after.synFromReceiver++;
    const isNew = rst.to.nextSeq < 0 || seqDiff(end, rst.to.nextSeq) > 0;
    if (isNew && store.length[slot]! > 0) after.newDataFromReceiver++;
    if (after.newFromSender > 0 && flags & ACK && known >= 0 && seqDiff(store.ack[slot]!, known) > 0) {
      after.talkedOn = true;
    }
    if (after.challengeFrame === 0 && after.fromReceiver === 1 && isPureAck(flags, store.length[slot]!) && !isNew) {
      after.challengeFrame = store.frame[slot]!;
      after.challengeAck = store.ack[slot]!;
    }
  }
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

/** Older than any reordering, and stamped by a clock that went on: RFC 7323 §5.4 has it tick at least once a second. */
const FRESH_NS = 100e6;
/** Hundred seconds of a clock that ticks each millisecond. */
const SAME_CLOCK_TICKS = 100_000;

function isFresh(rst: RstRecord, store: PacketStore, slot: number): boolean {
  const { from, packet } = rst;
  const tsVal = store.tsVal[slot]!;
  if (tsVal < 0 || from.lastTsVal < 0 || store.tNs[slot]! - packet.tNs < FRESH_NS) return false;
  return seqDiff(tsVal, lastStamp(rst)) > 0;
}

/** A RST stamped by the same clock shows how far that clock had come; one stamped by another says nothing. */
function lastStamp({ from, packet }: RstRecord): number {
  const step = packet.tsVal < 0 ? -1 : seqDiff(packet.tsVal, from.lastTsVal);
  return step >= 0 && step <= SAME_CLOCK_TICKS ? packet.tsVal : from.lastTsVal;
}

/**
 * The latest segment of the other side that this RST answers: without ACK flag its sequence number is the
 * segment's acknowledgement; with it, the RST acknowledges all that a segment without ACK carried. A segment that the
 * sender had acknowledged met a socket, and so did all before it: a kernel without one answers none of them. Several
 * RSTs of one number answer several segments in turn; `answered` says how many came before.
 */
function findTrigger(rst: Packet, recent: readonly Packet[], from: Half, answered: number): Packet | null {
  const candidates = recent.filter((p) => p.side !== rst.side && !(p.flags & RST) && !(p.notes & DUPLICATE));
  if (rst.flags & ACK) {
    if (rst.seq !== 0) return null;
    return candidates.findLast((p) => (p.flags & ACK) === 0 && rst.ack === endOf(p)) ?? null;
  }
  const met = candidates.findLastIndex(
    (p) => endOf(p) !== p.seq && from.acked >= 0 && seqDiff(endOf(p), from.acked) <= 0,
  );
  const fitting = candidates.slice(met + 1).filter((p) => (p.flags & ACK) !== 0 && p.ack === rst.seq);
  // Pure ACKs take no turn: those before the end met a live socket, which does not answer them.
  const inTurn = fitting.filter((p) => endOf(p) !== p.seq)[answered];
  const prompt = 4 * (Number.isFinite(from.fastestAnswerNs) ? from.fastestAnswerNs : 0);
  if (inTurn !== undefined && rst.tNs - inTurn.tNs <= Math.max(PROMPT_NS, prompt)) return inTurn;
  return fitting.at(-1) ?? null;
}

const PROMPT_NS = 50e6;

function endOf(packet: Packet): number {
  return (packet.seq + packet.length + (packet.flags & SYN ? 1 : 0) + (packet.flags & FIN ? 1 : 0)) >>> 0;
}

function sameBefore(trace: Trace, rst: Packet): number {
  return trace.rsts.filter(
    ({ packet, duplicateOf }) =>
      duplicateOf === null && packet.side === rst.side && packet.seq === rst.seq && !(packet.flags & ACK),
  ).length;
}

function recentPackets(trace: Trace, store: PacketStore, before: number): Packet[] {
  const slots: number[] = [];
  for (let slot = trace.head; slot >= 0 && slot !== before; slot = store.next[slot]!) slots.push(slot);
  return slots.slice(-TRIGGER_SEARCH).map((slot) => packetAt(store, slot));
}

function isPureAck(flags: number, length: number): boolean {
  return length === 0 && (flags & (SYN | FIN | RST | ACK)) === ACK;
}
