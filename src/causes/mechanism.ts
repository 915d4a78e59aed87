/**
 * How a RST was made: judged from its bytes and its surroundings, before any cause. Signs speak for or against the
 * claimed sender; TTL alone never accuses anybody, and somebody in between is named only by two independent signs of
 * which one is behaviour.
 *
 * Shapes: research on Linux 6.18 (net/ipv4/tcp_output.c tcp_send_active_reset, net/ipv4/tcp_ipv4.c tcp_v4_send_reset),
 * RFC 9293 §3.5.2, RFC 7323 §3.2.
 */
import type { Actor, Level } from '../terms/actors.ts';
import type { Mechanism } from '../terms/mechanisms.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { ResetFacts } from '../evidence/facts.ts';
import type { RstRecord } from '../flow/rst-record.ts';
import type { Half } from '../flow/half.ts';
import { seqDiff } from '../wire/seq.ts';
import { ACK, SYN } from '../wire/tcp.ts';
import { OPT_TIMESTAMPS } from '../wire/tcp-options.ts';

export interface MechanismVerdict {
  readonly mechanism: Mechanism;
  readonly level: Level;
  readonly actor: Actor;
  readonly actorLevel: Level;
  readonly evidence: readonly Evidence[];
  readonly cannotTell: readonly string[];
}

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

export function judgeMechanism(rst: RstRecord, around: Surroundings): MechanismVerdict {
  const signs = readSigns(rst, around);
  const shape = shapeOf(rst, signs);
  const evidence = [shape.evidence, ...signs.evidence];
  const talksOn = signs.talksOn;
  const against = signs.against;
  if (talksOn !== null && against.length > 0) {
    const isAnswer = rst.trigger !== null && (rst.packet.flags & ACK) === 0;
    return {
      mechanism: isAnswer ? 'in-path-answer' : 'forged',
      level: 'likely',
      actor: 'middlebox',
      actorLevel: 'likely',
      evidence: [shape.evidence, talksOn, ...against],
      cannotTell: ['Which device sent it: a capture on the other side of the suspect would show where this RST first appears.'],
    };
  }
  const cannotTell: string[] = [];
  if (talksOn !== null) {
    return {
      mechanism: 'unknown',
      level: 'possible',
      actor: 'unknown',
      actorLevel: 'possible',
      evidence: [...evidence, talksOn],
      cannotTell: ['The claimed sender talks on after its own RST, but nothing else sets the RST apart: a capture on that host would show whether it sent it.'],
    };
  }
  if (against.length > 0) {
    cannotTell.push(`Whether ${around.sideText} itself sent it (${against.map((e) => e.text).join('; ')}): a capture on that host, or \`tcp:tcp_send_reset\` there, would show it.`);
  }
  const actor: Actor = against.length > 0 || shape.mechanism === 'unknown' ? 'unknown' : 'endpoint';
  const sure = shape.level === 'likely' && against.length === 0;
  return {
    mechanism: shape.mechanism,
    level: against.length > 1 ? 'possible' : shape.level,
    actor,
    actorLevel: sure && signs.inFavour >= 2 ? 'likely' : 'possible',
    evidence: [...evidence, ...against],
    cannotTell,
  };
}

interface Shape {
  readonly mechanism: Mechanism;
  readonly level: Level;
  readonly evidence: Evidence;
}

/** An answer comes within a few round trips; this is the floor for a busy host. */
const ANSWER_FLOOR_MS = 50;

function shapeOf(rst: RstRecord, signs: Signs): Shape {
  const { packet, from, to, trigger } = rst;
  const frames = [{ input: signs.input, frame: packet.frame }];
  const withTrigger = trigger === null ? frames : [{ input: signs.input, frame: trigger.frame }, ...frames];
  const bare = (packet.flags & ACK) === 0;
  const delayMs = trigger === null ? null : (packet.tNs - trigger.tNs) / 1e6;
  const prompt = delayMs !== null && delayMs <= Math.max(ANSWER_FLOOR_MS, 4 * (signs.rttMs ?? ANSWER_FLOOR_MS));

  if (answersSyn(rst)) {
    return {
      mechanism: 'syn-answer',
      level: 'likely',
      evidence: {
        fact: 'answers-syn',
        frames: withTrigger,
        expected: 'SYN+ACK',
        received: describe(rst),
        text: `the RST acknowledges the SYN${delayMs === null ? '' : ` ${ms(delayMs)} after it`}; nothing was established`,
      },
    };
  }
  if (bare) {
    if (trigger !== null && prompt && packet.window === 0 && rst.options === 0) {
      return {
        mechanism: 'passive-answer',
        level: 'likely',
        evidence: {
          fact: 'passive-shape',
          frames: withTrigger,
          expected: 'sequence number equal to the answered segment’s acknowledgement, window 0, no options, no ACK flag',
          received: describe(rst),
          text: `a kernel without a socket answered frame ${trigger.frame} ${ms(delayMs!)} after it: bare RST, window 0, no options, its sequence number taken from that frame`,
        },
      };
    }
    const fits = trigger !== null && prompt;
    if (!fits && packet.window > 0 && packet.seq === from.nextSeq) {
      return {
        mechanism: 'active-abort',
        level: 'possible',
        evidence: {
          fact: 'bare-abort',
          frames,
          received: describe(rst),
          text: 'RST without ACK flag, but with a socket’s own window and next sequence number, and in answer to nothing: an abort as some older systems send it',
        },
      };
    }
    return {
      mechanism: fits || (to.packets === 0 && packet.window === 0 && rst.options === 0) ? 'passive-answer' : 'unknown',
      level: 'possible',
      evidence: {
        fact: fits ? 'bare-rst-answer' : 'bare-rst',
        frames: withTrigger,
        received: describe(rst),
        text: fits
          ? `RST without ACK flag that takes its sequence number from frame ${trigger.frame}, but with ${packet.window === 0 ? 'options' : `window ${packet.window}`}, as Linux never sends it`
          : to.packets === 0
            ? 'RST without ACK flag; the packets it answers are not in the capture'
            : 'RST without ACK flag that answers no segment in the capture',
      },
    };
  }
  if (packet.seq === 0 && trigger !== null) {
    return {
      mechanism: 'passive-answer',
      level: 'likely',
      evidence: {
        fact: 'passive-shape',
        frames: withTrigger,
        received: describe(rst),
        text: `a kernel without a socket answered frame ${trigger.frame}, which carried no ACK`,
      },
    };
  }
  const expected = from.nextSeq >= 0 ? from.nextSeq : to.acked;
  const atNext = expected >= 0 && packet.seq === expected;
  const plausible = atNext || (to.acked >= 0 && packet.seq === to.acked);
  const live = packet.window > 0 || (rst.options & OPT_TIMESTAMPS) !== 0;
  const level: Level = atNext && live && !signs.missesTimestamps ? 'likely' : 'possible';
  return {
    mechanism: plausible || (expected < 0 && live) ? 'active-abort' : 'unknown',
    level,
    evidence: {
      fact: live ? 'live-socket-shape' : 'abort-shape',
      frames,
      expected: expected < 0 ? 'RST+ACK of a live socket' : `RST+ACK at sequence ${relative(expected, from)}`,
      received: describe(rst),
      text: live
        ? `RST+ACK with a socket’s own state (${[packet.window > 0 ? `window ${packet.window}` : '', rst.options & OPT_TIMESTAMPS ? 'timestamps' : '', atNext ? 'next sequence number' : ''].filter(Boolean).join(', ')}): a live socket was aborted`
        : `RST+ACK${atNext ? ' at the next sequence number' : ''} with window 0 and no options: an abort as Windows and some devices send it`,
    },
  };
}

function answersSyn(rst: RstRecord): boolean {
  const { packet, from, to, trigger } = rst;
  if (trigger !== null && (trigger.flags & (SYN | ACK)) === SYN) return true;
  if (!(packet.flags & ACK) || from.packets > 0 || to.synNs < 0 || to.acked >= 0) return false;
  return packet.ack === to.nextSeq || packet.ack === (to.isn + 1) >>> 0;
}

interface Signs {
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

function readSigns(rst: RstRecord, around: Surroundings): Signs {
  const { packet, from, to } = rst;
  const here = [{ input: around.input, frame: packet.frame }];
  const evidence: Evidence[] = [];
  const against: Evidence[] = [];
  let inFavour = 0;
  const bare = (packet.flags & ACK) === 0;

  const ttl = baselineTtl(rst, around);
  if (ttl > 0) {
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
  if (hasTs && from.lastTsVal >= 0) {
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
    against.push({ fact: 'df-differs', frames: here, expected: 'DF set', received: 'DF clear', text: 'DF is clear on the RST and set on everything else of that side' });
  }
  return {
    input: around.input,
    rttMs: around.rttMs,
    inFavour,
    evidence,
    against: [...against, ...copiedSyn(rst, around)],
    talksOn: talksOn(rst, around),
    missesTimestamps: negotiated && !hasTs && !bare,
  };
}

/** Passive RSTs ignore the socket's TTL (tcp_v4_send_reset), so each shape is held against its own packet class. */
function baselineTtl(rst: RstRecord, around: Surroundings): number {
  if (rst.from.ttl > 0) return rst.from.ttl;
  if (rst.from.ttlSyn > 0) return rst.from.ttlSyn;
  return around.hostTtl.segment > 0 ? around.hostTtl.segment : around.hostTtl.synAck;
}

/** Injectors copy header fields of the packet they saw; an endpoint does not know them. */
function copiedSyn(rst: RstRecord, around: Surroundings): Evidence[] {
  const { packet, trigger } = rst;
  if (trigger === null || packet.ipId <= 0 || packet.ipId !== trigger.ipId) return [];
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
function talksOn(rst: RstRecord, around: Surroundings): Evidence | null {
  const { after, packet, from } = rst;
  // A client whose SYN met an old connection resets that one and goes on (RFC 9293 §3.10.7.4, challenge ACK).
  if (from.synNs >= 0 && from.nextSeq === (from.isn + 1) >>> 0 && from.dataPackets === 0 && rst.to.synAckNs < 0) return null;
  const reorderMs = Math.max(2, around.rttMs ?? 0);
  const laterMs = (after.newFromSenderNs - packet.tNs) / 1e6;
  const accepted = answersSyn(rst) && after.synAckFromSender > 0;
  if (!accepted && after.freshRepeatFrame > 0) return repeatsItself(rst, around);
  if (!accepted && !(after.newFromSender > 0 && (laterMs > reorderMs || after.talkedOn))) return null;
  return {
    fact: 'claimed-sender-talks-on',
    frames: [packet.frame, after.newFromSenderFrame].filter((frame) => frame > 0).map((frame) => ({ input: around.input, frame })),
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

function describe(rst: RstRecord): string {
  const { packet } = rst;
  const parts = [packet.flags & ACK ? 'RST+ACK' : 'RST', `seq ${relative(packet.seq, rst.from)}`, `window ${packet.window}`];
  if (rst.options & OPT_TIMESTAMPS) parts.push('timestamps');
  if (packet.length > 0) parts.push(`${packet.length} bytes of payload`);
  return parts.join(', ');
}

function relative(seq: number, half: Half): string {
  if (half.startSeq < 0) return `${seq} (raw)`;
  return String(seqDiff(seq, half.startSeq) + 1);
}

/** Milliseconds for people: `50 µs`, `12 ms`, `3.2 s`. */
export function ms(value: number): string {
  if (value < 0.1) return `${Math.round(value * 1000)} µs`;
  if (value < 1) return `${value.toFixed(2)} ms`;
  if (value < 1000) return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
  if (value < 120_000) return `${(value / 1000).toFixed(value < 10_000 ? 1 : 0)} s`;
  return `${(value / 60_000).toFixed(1)} min`;
}
