/**
 * What a RST did to its receiver, and which RST ended the connection. What the receiver does afterwards is worth more
 * than any rule: it may be no Linux, the RST may never have arrived, and what came before it may have been lost.
 */
import type { RstRecord } from '../flow/rst-record.ts';
import { seqDiff } from '../wire/seq.ts';
import { ACK } from '../wire/tcp.ts';
import { isAccepted, isOldTimestamp, placesOf, type Places } from './receiver-rules.ts';

export type Effect = 'accepted' | 'challenged' | 'ignored' | 'unknown';

/** An effect with what it was judged by. */
export interface Ruling extends Places {
  readonly effect: Effect;
  /** A segment that the receiver can only have sent after the RST had reached it, if it did. */
  readonly livesOn: boolean;
  /** The ACK behind the RST asks whether it was meant. */
  readonly challenged: boolean;
  /** The capture goes on long enough behind the RST to show an answer to it; and one to the data before it. */
  readonly answerable: boolean;
  readonly watched: boolean;
  /** The receiver is at the place of the capture, or next to it. */
  readonly near: boolean;
  /** An earlier RST had ended the receiver's connection. */
  readonly gone: boolean;
}

/** The times that a ruling needs. */
export interface Timing {
  /** Round trip between the capture point and a side of the row, milliseconds; null while unknown. */
  readonly rttMs: (side: number) => number | null;
  /** End of the capture; Infinity while unknown. */
  readonly endNs: number;
}

/** The ruling on one RST by itself. */
export function rule(rst: RstRecord, timing: Timing): Ruling {
  const { packet, to, after } = rst;
  const places = placesOf(rst);
  const measured = timing.rttMs(1 - packet.side);
  const rtt = measured ?? 0;
  const answerMs = Math.max(ANSWER_MS, 4 * rtt);
  const laterMs = (after.lastFromReceiverNs - packet.tNs) / 1e6;
  const spoke = after.fromReceiver > after.synFromReceiver;
  const livesOn = after.talkedOn || (spoke && after.synFromReceiver === 0 && laterMs > answerMs);
  const restMs = (timing.endNs - packet.tNs) / 1e6;
  const answerable = restMs > (measured === null ? WATCH_MS : Math.max(PROMPT_MS, 4 * rtt));
  const watched = restMs > Math.max(WATCH_MS, 4 * rtt);
  const challenged = isChallenge(rst, places, rtt);
  const near = measured !== null && measured < LOCAL_MS;
  const ruling = { ...places, livesOn, challenged, answerable, watched, near, gone: false };
  return { ...ruling, effect: to.packets === 0 ? 'unknown' : effectBy(rst, ruling) };
}

/** A kernel sends its challenge ACK at once. */
const PROMPT_MS = 5;
/** No path that is not measured holds a segment back for longer. */
const ANSWER_MS = 50;
/** Below that a kernel’s own time is most of a round trip. */
const LOCAL_MS = 1;
/** Delayed ACKs (RFC 9293 §3.8.6.3: half a second) and Linux's shortest retransmission are over by then. */
const WATCH_MS = 500;

function effectBy(rst: RstRecord, ruling: Omit<Ruling, 'effect'>): Effect {
  const { after, packet, to } = rst;
  const { arrived, lost, livesOn, challenged, watched, finWait2 } = ruling;
  const silent = after.fromReceiver === 0;
  if (arrived === 'closed' || arrived === 'old-timestamp') return 'ignored';
  if (livesOn) return challenged ? 'challenged' : 'ignored';
  if (arrived === 'wrong-syn-ack' && lost === arrived) return 'ignored';
  // Windows sends its SYN again after a refusal; so does a Linux that did not accept it.
  if (after.synFromReceiver > 0) return isAccepted(arrived) ? 'unknown' : 'ignored';
  if (challenged) return 'challenged';
  if (!isAccepted(lost)) {
    if (isAccepted(arrived)) return hasArrived(rst, ruling) ? 'accepted' : 'unknown';
  } else if (isAccepted(arrived)) {
    // Only macOS and Linux know this place; and a closed socket asks where a timestamp is old.
    if (!silent && (arrived === 'before-fin' || (finWait2 && isOldTimestamp(rst)))) return 'unknown';
    return 'accepted';
  } else {
    // An older number: the bytes behind it would be acknowledged, were they not lost and the connection ended.
    if (after.ackedAfter >= 0 && seqDiff(after.ackedAfter, packet.seq) > 0) return 'ignored';
    return watched ? 'accepted' : 'unknown';
  }
  if (arrived === 'below' || arrived === 'beyond' || arrived === 'not-time-wait') {
    return silent && watched && expectsAnswer(rst) ? 'unknown' : 'ignored';
  }
  // A socket that was closed, not only shut down, is less strict: every number in its window ends it.
  if (arrived === 'window' && finWait2 && silent && to.finFrame > 0 && watched) return 'accepted';
  return 'unknown';
}

/**
 * What was on the way before the RST has arrived: the receiver acknowledged it, or sits where the capture was taken;
 * or it had the time to ask for the missing bytes by a challenge ACK, and did not.
 */
function hasArrived({ after, packet, from }: RstRecord, { near, answerable }: Omit<Ruling, 'effect'>): boolean {
  if (after.ackedAfter >= 0 && seqDiff(after.ackedAfter, packet.seq) >= 0) return true;
  // What was repeated in vain before the RST may be lost like the RST.
  return from.repeatsUnanswered === 0 && (near || answerable);
}

/** The receiver’s own data was on its way: it would have been sent again. */
function expectsAnswer({ from, to, after }: RstRecord): boolean {
  const unanswered = to.nextSeq >= 0 && from.acked >= 0 && to.nextSeq !== from.acked;
  return unanswered || after.newFromSender > 0;
}

/**
 * A challenge ACK repeats what was acknowledged before, or acknowledges what was on the way where any answer must be
 * one. One that comes to the RST’s own number acknowledges the bytes before it; one that comes sooner than any answer
 * was on its way.
 */
function isChallenge({ after, packet, to }: RstRecord, { arrived, lost }: Places, rttMs: number): boolean {
  if (after.challengeFrame === 0 || after.challengeAck === packet.seq) return false;
  const moved = to.acked >= 0 && after.challengeAck !== to.acked;
  if (moved && (arrived !== 'window' || lost !== 'window')) return false;
  const delayMs = (after.challengeNs - packet.tNs) / 1e6;
  return delayMs >= (rttMs < LOCAL_MS ? 0 : rttMs / 2) && delayMs <= Math.max(ANSWER_MS, 4 * rttMs);
}

/** Linux sends one challenge ACK in this time for a socket (net.ipv4.tcp_invalid_ratelimit). */
const CHALLENGE_PAUSE_NS = 500e6;

/**
 * The ruling on each RST of a connection. Behind an accepted one its receiver’s socket is gone; and so is its sender’s,
 * unless that one talks on as if it had not sent it.
 */
export function ruleAll(rsts: readonly RstRecord[], timing: Timing): Map<RstRecord, Ruling> {
  const rulings = new Map<RstRecord, Ruling>();
  const byFrame = new Map<number, Ruling>();
  const gone = [false, false];
  const doubtful = [false, false];
  const challengedNs = [-Infinity, -Infinity];
  const answered = new Set<number>();
  const answeredWithout = lastAnsweredWithout(rsts);
  /** What a challenge ACK asked for: all that was sent before the RST it answers had arrived by then, or was lost. */
  const toldNext = [-1, -1];
  let renewedFrame = Infinity;
  for (const rst of rsts) {
    const { packet, after } = rst;
    if (packet.frame > renewedFrame) {
      for (const told of [gone, doubtful]) told.fill(false);
      toldNext.fill(-1);
      renewedFrame = Infinity;
    }
    if (after.renewedFrame > 0) renewedFrame = after.renewedFrame;
    const receiver = 1 - packet.side;
    const hasObeyed = after.fromReceiver === 0 && answeredWithout[receiver]! > packet.tNs;
    const original = rst.duplicateOf === null ? undefined : byFrame.get(rst.duplicateOf);
    let ruling = original ?? rule(rst, hasObeyed ? { ...timing, endNs: Infinity } : timing);
    const asExpected = ruling.effect === 'unknown' && isAccepted(ruling.lost) && packet.seq === toldNext[receiver];
    if (asExpected) ruling = { ...ruling, effect: 'accepted' };
    else if (ruling.effect === 'accepted' && doubtful[receiver]) ruling = { ...ruling, effect: 'unknown' };
    if (original === undefined && gone[receiver]) ruling = { ...ruling, effect: 'ignored', gone: true };
    else if (original === undefined && packet.tNs - challengedNs[receiver]! < CHALLENGE_PAUSE_NS) {
      const asked = answered.has(after.challengeFrame) || (ruling.effect === 'unknown' && ruling.arrived === 'window');
      if (asked && ruling.effect !== 'accepted') ruling = { ...ruling, effect: 'ignored', challenged: false };
    }
    rulings.set(rst, ruling);
    byFrame.set(packet.frame, ruling);
    if (ruling.effect === 'challenged') {
      challengedNs[receiver] = packet.tNs;
      answered.add(after.challengeFrame);
      if (ruling.challenged) toldNext[receiver] = after.challengeAck;
    }
    if (endsIfArrived(rst, ruling)) doubtful[receiver] = true;
    if (ruling.effect !== 'accepted') continue;
    gone[receiver] = true;
    if (after.newFromSender === 0 && after.freshRepeatFrame === 0) gone[packet.side] = true;
  }
  return rulings;
}

/**
 * By side: when the last segment came that its kernel answered as one without a socket. A receiver that was silent
 * behind a RST and then answers so has obeyed it.
 */
function lastAnsweredWithout(rsts: readonly RstRecord[]): [number, number] {
  const last: [number, number] = [-Infinity, -Infinity];
  for (const { packet, trigger } of rsts) {
    const bare = (packet.flags & ACK) === 0 && packet.window === 0;
    if (bare && trigger !== null) last[packet.side] = Math.max(last[packet.side]!, trigger.tNs);
  }
  return last;
}

/** The RST that the report speaks of: the first that its receiver accepted, as far as the capture shows; else the first. */
export function decisiveRst(rsts: readonly RstRecord[], timing: Timing): RstRecord {
  const rulings = ruleAll(rsts, timing);
  const originals = rsts.filter((rst) => rst.duplicateOf === null);
  const ended = (rst: RstRecord): boolean => {
    const ruling = rulings.get(rst)!;
    return ruling.effect === 'accepted' || endsIfArrived(rst, ruling);
  };
  return originals.find(ended) ?? originals[0] ?? rsts[0]!;
}

/** Nothing contradicts that it ended the connection but that the capture shows too little behind it. */
function endsIfArrived({ after }: RstRecord, { effect, arrived }: Ruling): boolean {
  const usual = isAccepted(arrived) && arrived !== 'before-fin';
  return effect === 'unknown' && usual && after.synFromReceiver === 0;
}
