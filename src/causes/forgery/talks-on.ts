/** The claimed sender of a RST carries on as if it had not sent it. */
import type { Evidence } from '../../evidence/evidence.ts';
import type { RstRecord } from '../../flow/rst-record.ts';
import { answersSyn } from '../answers-syn.ts';
import { ms } from '../duration.ts';
import type { Surroundings } from '../surroundings.ts';

/**
 * New sequence numbers later than the path can reorder, a retransmission made after the RST, an acknowledgement of what
 * the peer sent after it, or the completion of the handshake that the RST is said to refuse; null when nothing of it is seen.
 */
export function talkingOn(rst: RstRecord, around: Surroundings): Evidence | null {
  const { after, packet, from } = rst;
  // A client whose SYN met an old connection resets that one and goes on (RFC 9293 §3.10.7.4, challenge ACK).
  if (from.synNs >= 0 && from.nextSeq === (from.isn + 1) >>> 0 && from.dataPackets === 0 && rst.to.synAckNs < 0)
    return null;
  // A RST that answers nothing here, before its sender was heard, may be left over from the tuple's connection before,
  // unless it knows the number of this SYN.
  const knowsSyn = rst.to.isn >= 0 && packet.ack === rst.to.isn;
  if (from.packets === 0 && rst.trigger === null && !answersSyn(rst) && !knowsSyn) return null;
  const reorderMs = Math.max(2, around.rttMs ?? 0);
  const laterMs = (after.newFromSenderLastNs - packet.tNs) / 1e6;
  // A SYN tried again may meet a listener that was not there before.
  if (answersSyn(rst) && after.synFromReceiver > 0) return null;
  const accepted = answersSyn(rst) && after.synAckFromSender > 0;
  if (!accepted && after.freshRepeatFrame > 0) return repeatsItself(rst, around);
  if (!accepted && !(after.newFromSender > 0 && (laterMs > reorderMs || after.talkedOn))) {
    // A clock set back puts the RST before the time that stands for none.
    const hears = after.ackOfLaterFrame > 0 && (after.ackOfLaterNs - packet.tNs) / 1e6 > reorderMs;
    return hears ? hearsOn(rst, around) : null;
  }
  return {
    fact: 'claimed-sender-talks-on',
    frames: [packet.frame, after.newFromSenderLastFrame]
      .filter((frame) => frame > 0)
      .map((frame) => ({ input: around.input, frame })),
    expected: 'silence after its own RST',
    received: accepted ? 'a SYN+ACK to the same SYN' : `new segments ${ms(laterMs)} later`,
    text: accepted
      ? `${around.sideText} then accepts the connection that this RST refuses`
      : `${around.sideText} sends new data ${ms(laterMs)} after “its” RST`,
  };
}

/** A kernel that dropped the connection has nothing left to send again. */
function repeatsItself(rst: RstRecord, around: Surroundings): Evidence {
  const { after, packet } = rst;
  const laterMs = (after.freshRepeatNs - packet.tNs) / 1e6;
  return {
    fact: 'claimed-sender-talks-on',
    frames: [packet.frame, after.freshRepeatFrame].map((frame) => ({ input: around.input, frame })),
    expected: 'silence after its own RST',
    received: `a retransmission stamped ${ms(laterMs)} later`,
    text: `${around.sideText} still holds the connection: ${ms(laterMs)} after “its” RST it sends data again, ${rst.from.timestamps ? 'with a timestamp made after the RST' : 'later than any path holds a packet back'}`,
  };
}

/** Whoever acknowledges what was sent after the RST has a socket that received it. */
function hearsOn(rst: RstRecord, around: Surroundings): Evidence {
  const { after, packet } = rst;
  const laterMs = (after.ackOfLaterNs - packet.tNs) / 1e6;
  return {
    fact: 'claimed-sender-talks-on',
    frames: [packet.frame, after.ackOfLaterFrame].map((frame) => ({ input: around.input, frame })),
    expected: 'silence after its own RST',
    received: `an acknowledgement ${ms(laterMs)} later`,
    text: `${around.sideText} still holds the connection: ${ms(laterMs)} after “its” RST it acknowledges what ${around.peerText} sent only after the RST`,
  };
}
