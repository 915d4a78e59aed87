/**
 * The four detectors of Weaver, Sommer and Paxson ("Detecting Forged TCP Reset Packets", NDSS 2009): behaviour of an
 * injector that loses races and guesses numbers. Each names the innocent traffic that looks the same, and is made to
 * miss a forged RST rather than to accuse an honest one.
 */
import type { Evidence } from '../../evidence/evidence.ts';
import { windowBytes, type Half } from '../../flow/half.ts';
import type { RstRecord } from '../../flow/rst-record.ts';
import { seqDiff } from '../../wire/seq.ts';
import { ACK } from '../../wire/tcp.ts';
import { answersSyn } from '../answers-syn.ts';
import { ms } from '../duration.ts';
import type { Surroundings } from '../surroundings.ts';
import { talkingOn } from './talks-on.ts';

export interface Detector {
  /** The name in the paper. */
  readonly id: 'RST_SEQ_DATA' | 'DATA_SEQ_RST' | 'RST_SEQ_CHANGE' | 'RST_ACK_CHANGE';
  /** The fact it leaves in the evidence. */
  readonly fact: string;
  readonly what: string;
  /** Why no honest stack does it. */
  readonly because: string;
  /** Innocent traffic that comes near, and what keeps it from being accused. */
  readonly innocent: readonly { readonly traffic: string; readonly excludedBy: string }[];
  find(rst: RstRecord, around: Surroundings): Evidence | null;
}

export const DETECTORS: readonly Detector[] = [
  {
    id: 'RST_SEQ_DATA',
    fact: 'claimed-sender-talks-on',
    what: 'Behind the RST its claimed sender sends bytes beyond the RST’s number, acknowledges what its peer sent only then, or completes the handshake that it is said to have refused.',
    because: 'A kernel that sent a RST has dropped the connection and has nothing left to send.',
    innocent: [
      {
        traffic: 'reordering: data sent before the RST arrives behind it',
        excludedBy: 'only what comes later than a round trip counts, or what its peer acknowledged',
      },
      {
        traffic: 'retransmission: old bytes come again',
        excludedBy:
          'only with a timestamp that was made after the RST (RFC 7323), or, without any, four round trips and 100 ms behind it',
      },
      {
        traffic: 'the same ports used anew, a SYN tried again',
        excludedBy: 'another incarnation is another connection; a refused SYN that is repeated may be accepted',
      },
      {
        traffic: 'the client’s RST to a challenge ACK, then its SYN again',
        excludedBy: 'a side that has only sent its SYN is left out (RFC 9293 §3.10.7.4)',
      },
    ],
    find: talkingOn,
  },
  {
    id: 'DATA_SEQ_RST',
    fact: 'stale-sequence',
    what: 'The RST carries a number that its claimed sender had left behind before, and that none of its peer’s segments asked for.',
    because:
      'A live socket resets at the end of what it sent; a kernel without one takes the number from the segment that it answers.',
    innocent: [
      {
        traffic: 'an answer to a segment with an old acknowledgement',
        excludedBy: 'a number that any recent segment of the peer acknowledges is an answer',
      },
      {
        traffic:
          'stacks that go back to the first unacknowledged byte when they retransmit (BSD), or that stop at the peer’s window (Linux tcp_acceptable_seq)',
        excludedBy: 'both numbers are allowed',
      },
      {
        traffic: 'a close: the number before the FIN, or that of a keep-alive probe',
        excludedBy: 'one below the end is allowed, and nothing is judged behind a FIN',
      },
      {
        traffic: 'the same packet captured twice, a gap in the capture',
        excludedBy: 'copies are left out; where acknowledged bytes are missing from the capture nothing is judged',
      },
    ],
    find: staleSequence,
  },
  {
    id: 'RST_SEQ_CHANGE',
    fact: 'sequence-jumps-ahead',
    what: 'Two RSTs of one claimed sender within two seconds, the second beyond the first and beyond everything that was sent or acknowledged.',
    because:
      'An honest RST stands at the end of the data or answers a segment; only who must guess where the window is by now sends several, ever further ahead.',
    innocent: [
      {
        traffic: 'several answers to several segments',
        excludedBy: 'their numbers are acknowledged by the peer, so never beyond what was sent',
      },
      {
        traffic: 'a close with FIN, or both sides resetting',
        excludedBy: 'nothing is judged behind a FIN, nor behind a RST of the other side',
      },
      {
        traffic: 'RSTs that overtook data, segmentation offload, lost packets of the capture',
        excludedBy:
          'bytes that turn up below the number and reach it, or acknowledged bytes that are missing, end the judgement',
      },
    ],
    find: sequenceJumps,
  },
  {
    id: 'RST_ACK_CHANGE',
    fact: 'acknowledges-unsent',
    what: 'RSTs of one claimed sender acknowledge different numbers, one of them beyond all that its peer ever sent or below what it had acknowledged before.',
    because: 'A socket acknowledges what it received, and never takes it back.',
    innocent: [
      {
        traffic: 'a bare RST beside a RST+ACK: no ACK flag, so its field means nothing',
        excludedBy: 'only RSTs with the ACK flag are compared',
      },
      {
        traffic: 'data that arrived between the two',
        excludedBy: 'any number that the peer had reached is allowed',
      },
      {
        traffic: 'segments that were captured later, or not at all',
        excludedBy: 'a RST that overtook them, or a capture with gaps, is not judged',
      },
    ],
    find: acknowledgementChanges,
  },
];

/** What the detectors find on one RST, in the order of the list. */
export function detect(rst: RstRecord, around: Surroundings): readonly { id: Detector['id']; evidence: Evidence }[] {
  if (rst.duplicateOf !== null) return [];
  return DETECTORS.flatMap(({ id, find }) => {
    const evidence = find(rst, around);
    return evidence === null ? [] : [{ id, evidence }];
  });
}

/** Two packets of one burst, after Weaver et al. */
const BURST_NS = 2e9;
/** A SYN, a FIN and a keep-alive probe each stand one number aside. */
const ASIDE = 2;

function staleSequence(rst: RstRecord, around: Surroundings): Evidence | null {
  const { packet, from, to, trigger, firstFitting } = rst;
  if (trigger !== null || firstFitting !== null || answersSyn(rst) || cannotCompare(rst)) return null;
  const behind = seqDiff(from.nextSeq, packet.seq);
  if (behind <= ASIDE || seqDiff(packet.seq, from.startSeq) < 0) return null;
  if (packet.seq === to.acked || packet.seq === windowEnd(to)) return null;
  // Without the ACK flag it may answer a segment further back than the capture's memory, unless nobody had acknowledged that far.
  if ((packet.flags & ACK) === 0 && seqDiff(packet.seq, to.acked) < 0) return null;
  return {
    fact: 'stale-sequence',
    frames: [from.lastDataFrame, packet.frame]
      .filter((frame) => frame > 0)
      .map((frame) => ({ input: around.input, frame })),
    expected: `sequence number ${numberOf(from.nextSeq, from)}, where its data ends`,
    received: `sequence number ${numberOf(packet.seq, from)}`,
    text: `the RST stands ${behind} bytes behind the data that ${around.sideText} had already sent, at a number that nothing asked for`,
  };
}

function sequenceJumps(rst: RstRecord, around: Surroundings): Evidence | null {
  for (const [first, second] of burstPairs(rst, around)) {
    const step = seqDiff(second.packet.seq, first.packet.seq);
    if (step <= ASIDE || cannotCompare(first) || answersSyn(first) || otherSideReset(first, around)) continue;
    if (overtookAll(first) || overtookAll(second) || second.to.acked < 0) continue;
    const { nextSeq } = second.from;
    const ahead = seqDiff(second.packet.seq, nextSeq);
    if (nextSeq !== first.from.nextSeq || ahead <= 0 || seqDiff(second.packet.seq, second.to.acked) <= ASIDE) continue;
    const apartMs = (second.packet.tNs - first.packet.tNs) / 1e6;
    return {
      fact: 'sequence-jumps-ahead',
      frames: [first, second].map(({ packet }) => ({ input: around.input, frame: packet.frame })),
      expected: `sequence number ${numberOf(nextSeq, second.from)} at most, where everything sent ends`,
      received: `RSTs at ${numberOf(first.packet.seq, second.from)} and ${numberOf(second.packet.seq, second.from)}, ${ms(apartMs)} apart`,
      text: `two RSTs in the name of ${around.sideText}, the second ${step} beyond the first and ${ahead} beyond everything it ever sent: whoever sent them guessed where the window would be`,
    };
  }
  return null;
}

function acknowledgementChanges(rst: RstRecord, around: Surroundings): Evidence | null {
  for (const [first, second] of burstPairs(rst, around)) {
    if ((first.packet.flags & second.packet.flags & ACK) === 0 || cannotCompare(first) || cannotCompare(second))
      continue;
    if (first.after.overtook || second.after.overtook || answersSyn(first)) continue;
    const { from, to } = second;
    if (Math.abs(seqDiff(second.packet.ack, first.packet.ack)) <= ASIDE || to.nextSeq < 0 || from.acked < 0) continue;
    const odd = [second.packet, first.packet].find(
      ({ ack }) => seqDiff(ack, to.nextSeq) > ASIDE || seqDiff(first.from.acked, ack) > ASIDE,
    );
    if (odd === undefined) continue;
    const beyond = seqDiff(odd.ack, to.nextSeq);
    return {
      fact: 'acknowledges-unsent',
      frames: [first, second].map(({ packet }) => ({ input: around.input, frame: packet.frame })),
      expected: `an acknowledgement between ${numberOf(first.from.acked, to)} and ${numberOf(to.nextSeq, to)}`,
      received: `${numberOf(first.packet.ack, to)} and ${numberOf(second.packet.ack, to)}`,
      text:
        beyond > 0
          ? `frame ${odd.frame} acknowledges ${beyond} bytes more than ${around.peerText} ever sent`
          : `frame ${odd.frame} takes back ${seqDiff(first.from.acked, odd.ack)} bytes that ${around.sideText} had acknowledged`,
    };
  }
  return null;
}

/** RSTs of a connection that are compared with each other: more are a flood, and cost the square of their number. */
const COMPARED = 64;

/** Pairs of RSTs of one claimed sender close to each other, this one among them, the earlier one first. */
function* burstPairs(rst: RstRecord, around: Surroundings): Generator<readonly [RstRecord, RstRecord]> {
  for (const other of around.rsts.slice(0, COMPARED)) {
    if (other === rst || other.packet.side !== rst.packet.side || other.duplicateOf !== null) continue;
    if (Math.abs(other.packet.tNs - rst.packet.tNs) >= BURST_NS) continue;
    yield other.packet.frame < rst.packet.frame ? [other, rst] : [rst, other];
  }
}

function otherSideReset(rst: RstRecord, around: Surroundings): boolean {
  const { side, frame } = rst.packet;
  return around.rsts.slice(0, COMPARED).some(({ packet }) => packet.side !== side && packet.frame < frame);
}

/** The bytes below its number came behind it, all of them: fewer are those of a sender that never got so far. */
function overtookAll({ packet, after: { overtook, endFromSender } }: RstRecord): boolean {
  return overtook && (endFromSender < 0 || seqDiff(endFromSender, packet.seq) >= 0);
}

/** One side was not seen, a close is under way, or acknowledged bytes are missing: numbers prove nothing here. */
function cannotCompare({ from, to }: RstRecord): boolean {
  if (from.packets === 0 || to.packets === 0 || from.finFrame > 0 || to.finFrame > 0) return true;
  return hasGap(from, to) || hasGap(to, from);
}

/** The peer acknowledged bytes that the capture never saw. */
function hasGap(half: Half, peer: Half): boolean {
  return peer.acked >= 0 && half.nextSeq >= 0 && seqDiff(peer.acked, half.nextSeq) > 0;
}

/** The Linux function tcp_acceptable_seq (net/ipv4/tcp_output.c): the end of the peer's window when that has shrunk below what was sent. */
function windowEnd(peer: Half): number {
  if (peer.acked < 0 || peer.window < 0) return -1;
  return (peer.acked + windowBytes(peer, peer.window)) >>> 0;
}

/** Relative as Wireshark counts: 1 is the first byte. */
function numberOf(seq: number, half: Half): string {
  return half.startSeq < 0 ? `${seq} (raw)` : String(seqDiff(seq, half.startSeq) + 1);
}
