/** Which segment a RST answers, by its numbers and its place among others. */
import { seqDiff } from '../wire/seq.ts';
import { ACK, FIN, RST, SYN } from '../wire/tcp.ts';
import { roundTripNs, type Half } from './half.ts';
import { DUPLICATE, type Packet } from './packets.ts';
import type { RstRecord } from './rst-record.ts';

/**
 * The latest segment of the other side that this RST answers: without ACK flag its sequence number is the
 * segment's acknowledgement; with it, the RST acknowledges all that a segment without ACK carried. A segment that the
 * sender had acknowledged met a socket, and so did all before it: a kernel without one answers none of them. Several
 * RSTs of one number answer several segments in turn; `answered` says how many came before.
 */
export function findTrigger(rst: Packet, recent: readonly Packet[], from: Half, answered: number): Packet | null {
  const candidates = recent.filter((p) => p.side !== rst.side && !(p.flags & RST) && !(p.notes & DUPLICATE));
  if (rst.flags & ACK) {
    if (rst.seq !== 0) return null;
    return candidates.findLast((p) => (p.flags & ACK) === 0 && rst.ack === endOf(p)) ?? null;
  }
  const met = candidates.findLastIndex(
    (p) => endOf(p) !== p.seq && from.acked >= 0 && seqDiff(endOf(p), from.acked) <= 0,
  );
  const fitting = candidates.slice(met + 1).filter((p) => (p.flags & ACK) !== 0 && p.ack === rst.seq);
  const inTurn = fitting.filter(takesTurn)[answered];
  if (inTurn !== undefined && rst.tNs - inTurn.tNs <= promptNs(from)) return inTurn;
  return fitting.at(-1) ?? null;
}

/** An answer comes within a few round trips; whatever lies longer ago did not provoke the RST. */
export function promptNs(from: Half): number {
  const roundTrip = roundTripNs(from);
  return Number.isFinite(roundTrip) ? Math.max(BUSY_NS, 4 * roundTrip) : UNMEASURED_NS;
}

/** A busy host takes so long on the shortest path. */
const BUSY_NS = 50e6;
/** Within this a kernel expects the answer to its first segment (RFC 6298 §2.1). */
const UNMEASURED_NS = 1e9;

/** Pure ACKs take no turn: those before the end met a live socket, which does not answer them. */
function takesTurn(packet: Packet): boolean {
  return endOf(packet) !== packet.seq;
}

/**
 * The last of several bare RSTs of one number: when they are as many as the segments that they fit, each answers one, and
 * a delay beyond the promptest answers is the path's. Until then the earlier ones were held against all that had come.
 */
export function pairInTurn(rst: RstRecord, recent: readonly Packet[], before: readonly RstRecord[]): void {
  const { packet, from, duplicateOf } = rst;
  if (duplicateOf !== null || packet.flags & ACK || before.length === 0) return;
  const { acked } = before[0]!.from;
  if (acked !== from.acked) return;
  const fitting = recent.filter(
    (p) => fits(p, packet) && !(p.notes & DUPLICATE) && takesTurn(p) && (acked < 0 || seqDiff(endOf(p), acked) > 0),
  );
  const rsts = [...before, rst];
  const follows = rsts.every(({ packet: { frame, tNs } }, i) => {
    const answered = fitting[i];
    return answered !== undefined && answered.frame < frame && tNs - answered.tNs < ANSWERED_NS;
  });
  if (fitting.length !== rsts.length || !follows) return;
  for (const [i, one] of rsts.entries()) {
    one.trigger = fitting[i]!;
    one.takesTurn = true;
  }
}

/** A kernel answers at once: no answer takes longer than the longest path there and back. */
export const ANSWERED_NS = 2e9;

/** The number of a bare RST is what the other side's segment acknowledges. */
export function fits(packet: Packet, rst: Packet): boolean {
  return packet.side !== rst.side && (packet.flags & (RST | ACK)) === ACK && packet.ack === rst.seq;
}

function endOf(packet: Packet): number {
  return (packet.seq + packet.length + (packet.flags & SYN ? 1 : 0) + (packet.flags & FIN ? 1 : 0)) >>> 0;
}
