/** Signs on a RST and around it: for its claimed sender, against it, and whether that sender talks on. */
import type { Evidence } from '../evidence/evidence.ts';
import type { ResetFacts } from '../evidence/facts.ts';
import type { RstRecord } from '../flow/rst-record.ts';
import { seqDiff } from '../wire/seq.ts';
import { ACK, SYN } from '../wire/tcp.ts';
import { OPT_TIMESTAMPS } from '../wire/tcp-options.ts';
import { ms } from './duration.ts';

/** What surrounds a RST besides its own record. */
export interface Surroundings {
  readonly input: number;
  /** Round trip between the capture point and the claimed sender, milliseconds; null while unknown. */
  readonly rttMs: number | null;
  /** Times of that host in the whole capture, 0 when unknown or changing. */
  readonly hostTtl: ResetFacts['hostTtl'];
  /** The claimed sender for sentences, such as `the server 10.0.0.5:443`. */
  readonly sideText: string;
}

export interface Signs {
  readonly input: number;
  readonly rttMs: number | null;
  /** Signs that the claimed sender did send it. */
  readonly inFavour: number;
  readonly evidence: readonly Evidence[];
  /** Signs that somebody else did. */
  readonly against: readonly Evidence[];
  readonly talksOn: Evidence | null;
  readonly missesTimestamps: boolean;
}

/** Reordering moves a clock of at most 1 kHz (RFC 7323 §5.4) back by a few ticks; this far back it is another clock. */
const TS_SKEW = 100_000;

export function readSigns(rst: RstRecord, around: Surroundings): Signs {
  const { packet, from, to } = rst;
  const here = [{ input: around.input, frame: packet.frame }];
  const evidence: Evidence[] = [];
  const against: Evidence[] = [];
  let inFavour = 0;
  const bare = (packet.flags & ACK) === 0;

  const ttl = baselineTtl(rst, around);
  // A second copy of the same packet was captured a hop further on, where every TTL is lower.
  const answer = bare || answersSyn(rst);
  if (ttl > 0 && rst.duplicateOf === null && !(answer && Math.abs(packet.ttl - ttl) > OTHER_STACK)) {
    if (packet.ttl === ttl) inFavour++;
    else {
      against.push({
        fact: 'ttl-differs',
        frames: here,
        expected: `TTL ${ttl}`,
        received: `TTL ${packet.ttl}`,
        text: `TTL ${packet.ttl} where ${around.sideText} otherwise uses ${ttl}`,
      });
    }
  }
  const hasTs = (rst.options & OPT_TIMESTAMPS) !== 0;
  const negotiated = from.timestamps && to.timestamps;
  if (hasTs && from.lastTsVal >= 0 && packet.tsVal !== 0) {
    const step = seqDiff(packet.tsVal, from.lastTsVal);
    if (-step > TS_SKEW) {
      against.push({
        fact: 'timestamp-skew',
        frames: here,
        expected: `TSval ≥ ${from.lastTsVal}`,
        received: `TSval ${packet.tsVal}`,
        text: 'its timestamp does not continue the sender’s clock',
      });
    } else {
      inFavour++;
      evidence.push({
        fact: 'timestamp-continues',
        frames: here,
        text: 'its timestamp continues the sender’s clock',
      });
    }
  }
  if (!bare && from.ipId >= 0 && from.ipIdSteps >= 2 && from.ipIdJumps === 0 && packet.ipId >= 0) {
    const step = (packet.ipId - from.ipId) & 0xffff;
    if (step >= 1 && step <= 3) {
      inFavour++;
      evidence.push({
        fact: 'ip-id-continues',
        frames: here,
        expected: `IP-ID ${(from.ipId + 1) & 0xffff}`,
        received: `IP-ID ${packet.ipId}`,
        text: 'its IP-ID is the next of the connection’s own counter',
      });
    } else if (from.ipIdSteps >= 4 && step > 64) {
      against.push({
        fact: 'ip-id-jumps',
        frames: here,
        expected: `IP-ID ${(from.ipId + 1) & 0xffff}`,
        received: `IP-ID ${packet.ipId}`,
        text: 'its IP-ID leaves the connection’s own counter',
      });
    }
  }
  if (packet.window > 0 && (rst.options & OPT_TIMESTAMPS) !== 0) inFavour++;
  if (bare && packet.ipId === 0 && packet.df === 1 && packet.window === 0) inFavour++;
  if (!bare && from.df === 1 && packet.df === 0 && packet.ipId >= 0 && !answersSyn(rst)) {
    against.push({
      fact: 'df-differs',
      frames: here,
      expected: 'DF set',
      received: 'DF clear',
      text: 'DF is clear on the RST and set on everything else of that side',
    });
  }
  return {
    input: around.input,
    rttMs: around.rttMs,
    inFavour,
    evidence,
    against: [...against, ...copiedIpId(rst, around)],
    talksOn: talkingOn(rst, around),
    missesTimestamps: negotiated && !hasTs && !bare,
  };
}

/**
 * A RST without a socket ignores the TTL that the application set on its sockets, 1 or 255 with BGP
 * (tcp_v4_send_reset): so far apart are two settings of one host, not two hosts.
 */
const OTHER_STACK = 30;

/** The TTL that the claimed sender otherwise uses, as near to the RST's packet class as the capture shows; 0 unknown. */
function baselineTtl(rst: RstRecord, around: Surroundings): number {
  // A route that changed during the connection left no habit to hold the RST against.
  if (rst.from.ttl !== 0) return Math.max(0, rst.from.ttl);
  if (rst.from.ttlSyn > 0) return rst.from.ttlSyn;
  return around.hostTtl.segment > 0 ? around.hostTtl.segment : around.hostTtl.synAck;
}

/** Injectors copy header fields of the packet they saw; an endpoint does not know them. */
function copiedIpId(rst: RstRecord, around: Surroundings): Evidence[] {
  const { packet } = rst;
  const trigger = rst.trigger ?? rst.lastFromReceiver;
  if (trigger === null || packet.ipId <= 0 || packet.ipId !== trigger.ipId || rst.from.ipId === packet.ipId) return [];
  return [
    {
      fact: 'ip-id-copied',
      frames: [trigger, packet].map((p) => ({ input: around.input, frame: p.frame })),
      received: `IP-ID ${packet.ipId} on both`,
      text: 'it carries the IP-ID of the very packet it answers, which belongs to the other host',
    },
  ];
}

/**
 * The claimed sender carries on as if it had not sent a RST: later than the path can reorder, with new sequence
 * numbers, or by completing the handshake it is said to have refused.
 */
function talkingOn(rst: RstRecord, around: Surroundings): Evidence | null {
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
  if (!accepted && !(after.newFromSender > 0 && (laterMs > reorderMs || after.talkedOn))) return null;
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
    text: `${around.sideText} still holds the connection: ${ms(laterMs)} after “its” RST it sends data again, with a timestamp made after the RST`,
  };
}

/** The RST answers a SYN: nothing was established. */
export function answersSyn(rst: RstRecord): boolean {
  const { packet, from, to, trigger } = rst;
  if (trigger !== null && (trigger.flags & (SYN | ACK)) === SYN) return true;
  if (!(packet.flags & ACK) || from.packets > 0 || to.synNs < 0 || to.acked >= 0) return false;
  return packet.ack === to.nextSeq || packet.ack === (to.isn + 1) >>> 0;
}
