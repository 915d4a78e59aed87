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
import type { RstRecord } from '../flow/rst-record.ts';
import type { Half } from '../flow/half.ts';
import { seqDiff } from '../wire/seq.ts';
import { ACK } from '../wire/tcp.ts';
import { OPT_AO, OPT_MD5, OPT_MPTCP, OPT_TIMESTAMPS } from '../wire/tcp-options.ts';
import { ms } from './duration.ts';
import { answersSyn, readSigns, type Signs, type Surroundings } from './signs.ts';

export interface MechanismVerdict {
  readonly mechanism: Mechanism;
  readonly level: Level;
  readonly actor: Actor;
  readonly actorLevel: Level;
  readonly evidence: readonly Evidence[];
  readonly cannotTell: readonly string[];
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
      cannotTell: [
        'Which device sent it: a capture on the other side of the suspect would show where this RST first appears.',
      ],
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
      cannotTell: [
        'The claimed sender talks on after its own RST, but nothing else sets the RST apart: a capture on that host would show whether it sent it.',
      ],
    };
  }
  if (against.length > 0) {
    cannotTell.push(
      `Whether ${around.sideText} itself sent it (${against.map((e) => e.text).join('; ')}): a capture on that host, or \`tcp:tcp_send_reset\` there, would show it.`,
    );
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

/** What tcp_v4_send_reset may add to a RST without a socket (net/ipv4/tcp_ipv4.c). */
const KERNEL_OPTIONS = OPT_MPTCP | OPT_MD5 | OPT_AO;

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
    const oddity = oddityOf(rst);
    if (trigger !== null && prompt && oddity === '') {
      return {
        mechanism: 'passive-answer',
        level: 'likely',
        evidence: {
          fact: 'passive-shape',
          frames: withTrigger,
          expected:
            'sequence number equal to the answered segment’s acknowledgement, window 0, no options, no ACK flag',
          received: describe(rst),
          text: `a kernel without a socket answered frame ${trigger.frame} ${ms(delayMs!)} after it: bare RST, window 0, ${rst.options === 0 ? 'no options' : 'no options of a socket'}, its sequence number taken from that frame`,
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
          ? `RST without ACK flag that takes its sequence number from frame ${trigger.frame}, but with ${oddity}, as Linux never sends it`
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

/** What sets a bare RST apart from those that Linux sends without a socket; empty when nothing does. */
function oddityOf({ packet, options }: RstRecord): string {
  if (packet.window > 0) return `window ${packet.window}`;
  if (packet.ack !== 0) return 'an acknowledgement number but no ACK flag';
  return (options & ~KERNEL_OPTIONS) === 0 ? '' : 'options';
}

function describe(rst: RstRecord): string {
  const { packet } = rst;
  const parts = [
    packet.flags & ACK ? 'RST+ACK' : 'RST',
    `seq ${relative(packet.seq, rst.from)}`,
    `window ${packet.window}`,
  ];
  if (rst.options & OPT_TIMESTAMPS) parts.push('timestamps');
  if (packet.length > 0) parts.push(`${packet.length} bytes of payload`);
  return parts.join(', ');
}

function relative(seq: number, half: Half): string {
  if (half.startSeq < 0) return `${seq} (raw)`;
  return String(seqDiff(seq, half.startSeq) + 1);
}
