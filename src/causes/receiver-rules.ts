/**
 * What a receiver does with a RST, by the rules of RFC 5961 §3.2 as Linux applies them: net/ipv4/tcp_input.c
 * (tcp_validate_incoming, tcp_reset_check, tcp_rcv_synsent_state_process) and tcp_minisocks.c. Held against a running
 * 6.18 by `lab/tools/rst-rules.py`, whose record is `test/effects/`.
 */
import { streamEnd, windowBytes, type Half } from '../flow/half.ts';
import type { RstRecord } from '../flow/rst-record.ts';
import { seqDiff } from '../wire/seq.ts';
import { ACK } from '../wire/tcp.ts';

/** Where the RST's number lies for its receiver; `isAccepted` says which of them end the connection. */
export type Place =
  | 'next'
  /** The right edge of the highest SACK block: a sender that lost data before its RST aborts there. */
  | 'sack-edge'
  /** One below the next number, after the sender's FIN: macOS aborts there (tcp_reset_check). */
  | 'before-fin'
  | 'acknowledges-syn'
  | 'time-wait'
  /** TIME-WAIT takes the next number only. */
  | 'not-time-wait'
  | 'window'
  | 'below'
  | 'beyond'
  /** Above the next number, where the window is not known. */
  | 'ahead'
  | 'wrong-syn-ack'
  /** Timestamps protect only sockets that are not, or no longer, whole: SYN-RECEIVED and TIME-WAIT. */
  | 'old-timestamp'
  | 'closed'
  /** Nothing was seen that the receiver expects. */
  | 'unseen';

export interface Places {
  /** If all that its sender had sent before has arrived. */
  readonly arrived: Place;
  /** If nothing of it has that is not acknowledged: the same place where nothing is in flight. */
  readonly lost: Place;
  /** The number that the receiver expects next, if all has arrived; -1 while unknown. */
  readonly expected: number;
  /** Bytes on the way that the receiver has not acknowledged. */
  readonly inFlight: number;
  /** The receiver closed its side and was acknowledged: a closed socket is kept small there, and less strict. */
  readonly finWait2: boolean;
}

const ACCEPTED: ReadonlySet<Place> = new Set(['next', 'sack-edge', 'before-fin', 'acknowledges-syn', 'time-wait']);

/** Whether a RST at that place ends the receiver's connection. */
export function isAccepted(place: Place): boolean {
  return ACCEPTED.has(place);
}

/** The places of a RST, by all that the capture shows of both sides before it. */
export function placesOf(rst: RstRecord): Places {
  const { packet, from, to } = rst;
  const end = streamEnd(from, to);
  const expected = end >= 0 ? end : to.acked;
  const lowest = to.acked >= 0 ? to.acked : expected;
  const inFlight = expected >= 0 && lowest >= 0 ? Math.max(0, seqDiff(expected, lowest)) : 0;
  const finWait2 = to.finEnd >= 0 && covers(from.acked, to.finEnd) && from.finFrame === 0;
  const known = { expected, inFlight, finWait2 };
  if (to.packets === 0) return { ...known, arrived: 'unseen', lost: 'unseen' };
  if (to.synNs >= 0 && to.acked < 0) {
    const synSent = packet.flags & ACK && isSynAcked(to, packet.ack) ? 'acknowledges-syn' : 'wrong-syn-ack';
    const met = from.synAckNs >= 0 && packet.seq === from.nextSeq ? 'next' : synSent;
    return { ...known, arrived: from.synAckNs >= 0 ? met : synSent, lost: synSent };
  }
  if (to.finEnd >= 0 && from.finEnd >= 0 && covers(from.acked, to.finEnd) && covers(to.acked, from.finEnd)) {
    const over = closedFirst(rst) ? timeWait(rst) : 'closed';
    return { ...known, arrived: over, lost: over };
  }
  if (expected < 0) return { ...known, arrived: 'unseen', lost: 'unseen' };
  const synReceived = to.synAckNs >= 0 && !covers(from.acked, (to.isn + 1) >>> 0);
  if (synReceived && isOldTimestamp(rst)) return { ...known, arrived: 'old-timestamp', lost: 'old-timestamp' };
  return { ...known, arrived: placeAt(rst, expected), lost: placeAt(rst, lowest) };
}

function placeAt({ packet, from, to }: RstRecord, next: number): Place {
  const distance = seqDiff(packet.seq, next);
  if (distance === 0) return 'next';
  if (packet.seq === to.sackEdge && distance > 0) return 'sack-edge';
  if (distance === -1 && from.finEnd === next) return 'before-fin';
  const end = (packet.seq + packet.length) >>> 0;
  if (distance < 0) return packet.length > 0 && seqDiff(end, next) >= 0 ? 'window' : 'below';
  if (to.window < 0 || to.windowScale < 0) return 'ahead';
  return seqDiff(end, (next + windowBytes(to, to.window)) >>> 0) > 0 ? 'beyond' : 'window';
}

/** RFC 9293 §3.10.7.3: the ACK covers the SYN, and no more than was sent with it. */
function isSynAcked(to: Half, ack: number): boolean {
  return seqDiff(ack, to.isn) > 0 && seqDiff(ack, to.nextSeq) <= 0;
}

function timeWait(rst: RstRecord): Place {
  if (isOldTimestamp(rst)) return 'old-timestamp';
  return rst.packet.seq === rst.to.acked ? 'time-wait' : 'not-time-wait';
}

/** TIME-WAIT is for the side that closed first; where the FINs crossed, for both (RFC 9293 §3.6). */
function closedFirst({ from, to }: RstRecord): boolean {
  return to.finNs <= from.finNs;
}

/** The RST carries a timestamp older than its sender’s last (RFC 7323 §5.3, R1). */
export function isOldTimestamp({ packet, from }: RstRecord): boolean {
  return packet.tsVal >= 0 && from.lastTsVal >= 0 && seqDiff(packet.tsVal, from.lastTsVal) < 0;
}

function covers(acked: number, end: number): boolean {
  return acked >= 0 && seqDiff(acked, end) >= 0;
}
