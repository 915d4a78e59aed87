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
import { promptNs } from '../flow/rst-trigger.ts';
import { ACK } from '../wire/tcp.ts';
import { OPT_TIMESTAMPS } from '../wire/tcp-options.ts';
import { ms } from './duration.ts';
import { answersSyn } from './answers-syn.ts';
import { detect } from './forgery/detectors.ts';
import { likeness, recordedTrain } from './forgery/match-shape.ts';
import { foreignKernel, leavesLikeAllOthers, physicalSigns, unfinishedReject } from './forgery/physics.ts';
import { readSigns, type Signs } from './signs.ts';
import { describe, oddityOf, relative } from './rst-form.ts';
import { whoElse, type Surroundings } from './surroundings.ts';
import { windowText } from './window-text.ts';

export interface MechanismVerdict {
  readonly mechanism: Mechanism;
  readonly level: Level;
  readonly actor: Actor;
  readonly actorLevel: Level;
  /** Signs that tie a RST of an honest form to its claimed sender; absent where nobody counted them. */
  readonly signsInFavour?: number;
  readonly evidence: readonly Evidence[];
  readonly cannotTell: readonly string[];
}

export function judgeMechanism(rst: RstRecord, around: Surroundings): MechanismVerdict {
  const signs = readSigns(rst, around);
  const shape = shapeOf(rst, signs);
  const found = detect(rst, around);
  const talksOn = found.find(({ id }) => id === 'RST_SEQ_DATA')?.evidence ?? null;
  const guesses = found.filter(({ id }) => id === 'RST_SEQ_CHANGE' || id === 'RST_ACK_CHANGE').map(theEvidence);
  const stale = found.filter(({ id }) => id === 'DATA_SEQ_RST').map(theEvidence);
  const against = [...signs.against, ...physicalSigns(rst, around), ...stale];
  const unfinished = unfinishedReject(rst, around);
  if (unfinished !== null) {
    const verdict = inPath(around, shape, [unfinished, ...[talksOn ?? []].flat(), ...against], 'likely');
    return { ...verdict, ...whoseFilter(rst, around) };
  }
  const train = guesses.length > 0 ? recordedTrain(rst, around) : null;
  if (train !== null) against.push(train);
  const isAnswer = shape.mechanism === 'passive-answer' && shape.level === 'likely' && guesses.length === 0;
  const kernel = foreignKernel(rst, around);
  if (kernel !== null && found.length + against.length > 0) against.push(kernel);
  if (talksOn !== null && isAnswer) return notItsKernel(around, shape, talksOn, against);
  if (talksOn !== null && against.length + guesses.length > 0) {
    return forged(rst, around, shape, [talksOn, ...guesses, ...against], 'likely');
  }
  if (guesses.length > 0 && against.length > 0) {
    const level = guesses.length + against.length > 2 ? 'likely' : 'possible';
    return forged(rst, around, shape, [...guesses, ...against], level);
  }
  const behaviour = [...(talksOn === null ? [] : [talksOn]), ...guesses];
  if (behaviour.length > 0) {
    return {
      mechanism: 'unknown',
      level: 'possible',
      actor: 'unknown',
      actorLevel: 'possible',
      evidence: [shape.evidence, ...signs.evidence, ...behaviour],
      cannotTell: [
        `${talksOn === null ? 'Its numbers are not those of an honest stack' : 'The claimed sender talks on after its own RST'}, but nothing else sets the RST apart: a capture on that host would show whether it sent it.`,
      ],
    };
  }
  return asItLooks(rst, around, shape, signs, [...against, ...(signs.oneCounter === null ? [] : [signs.oneCounter])]);
}

function theEvidence({ evidence }: { readonly evidence: Evidence }): Evidence {
  return evidence;
}

/** Nothing contradicts its form: the endpoint sent it, or signs that are not enough leave that open. */
function asItLooks(
  rst: RstRecord,
  around: Surroundings,
  shape: Shape,
  signs: Signs,
  against: readonly Evidence[],
): MechanismVerdict {
  const doubtful = against.length > 0;
  const like = doubtful ? likeness(rst, around, 'with-endpoints') : null;
  const sure = shape.level === 'likely' && !doubtful;
  return {
    mechanism: shape.mechanism,
    level: against.length > 1 || signs.oneCounter !== null ? 'possible' : shape.level,
    actor: doubtful || shape.mechanism === 'unknown' ? 'unknown' : 'endpoint',
    actorLevel: sure && signs.inFavour >= 2 ? 'likely' : 'possible',
    signsInFavour: sure ? signs.inFavour : 0,
    evidence: [shape.evidence, ...signs.evidence, ...against, ...(like === null ? [] : [like.evidence])],
    cannotTell: doubtful
      ? [
          `Whether ${around.sideText} itself sent it (${against.map((e) => e.text).join('; ')}): a capture on that host, or \`tcp:tcp_send_reset\` there, would show it.`,
          ...(like === null ? [] : [like.decides]),
        ]
      : [],
  };
}

/** Injected beside the conversation. */
function forged(
  rst: RstRecord,
  around: Surroundings,
  shape: Shape,
  signs: readonly Evidence[],
  level: 'likely' | 'possible',
): MechanismVerdict {
  const like = likeness(rst, around, 'without-endpoints');
  return {
    mechanism: 'forged',
    level,
    actor: 'middlebox',
    actorLevel: level,
    evidence: [shape.evidence, ...signs, ...(like === null ? [] : [like.evidence])],
    cannotTell: [whoElse(around), ...(like === null ? [] : [like.decides])],
  };
}

/**
 * An honest form, an answer to a real segment, but the host that holds the connection never saw that segment: a filter
 * took it and answered, or a load balancer, an anycast route or a lost translation brought it to another kernel.
 */
function notItsKernel(
  around: Surroundings,
  shape: Shape,
  talksOn: Evidence,
  against: readonly Evidence[],
): MechanismVerdict {
  const fromHere = against.some(({ fact }) => fact === 'direction-contradicts');
  if (fromHere) return inPath(around, shape, [talksOn, ...against], 'likely');
  return {
    ...inPath(around, shape, [talksOn, ...against], 'possible'),
    ...(against.length > 0 ? {} : { actor: 'unknown' }),
  };
}

const AS_A_KERNEL = 'in the form of a kernel without a socket it answered';

function inPath(
  around: Surroundings,
  shape: Shape,
  signs: readonly Evidence[],
  level: 'likely' | 'possible',
): MechanismVerdict {
  const { evidence } = shape;
  return {
    mechanism: 'in-path-answer',
    level,
    actor: around.onOneHost ? 'endpoint' : 'middlebox',
    actorLevel: level,
    evidence: [
      { ...evidence, text: evidence.text.replace(/^a kernel without a socket answered/, AS_A_KERNEL) },
      ...signs,
    ],
    cannotTell: [whoElse(around)],
  };
}

/** An unfinished checksum was made on the capturing machine or next to it: whether that is the host whose address it bears. */
function whoseFilter(rst: RstRecord, around: Surroundings): Partial<MechanismVerdict> {
  if (around.onOneHost) return {};
  const cannotTell = [
    `Which rule of ${around.sideText} sent it: the counters of its reject rules grow with the resets.`,
  ];
  if (leavesLikeAllOthers(rst)) return { actor: 'endpoint', actorLevel: 'likely', cannotTell };
  return around.atSender ? { actor: 'endpoint', actorLevel: 'possible', cannotTell } : {};
}

interface Shape {
  readonly mechanism: Mechanism;
  readonly level: Level;
  readonly evidence: Evidence;
}

function shapeOf(rst: RstRecord, signs: Signs): Shape {
  const { packet, from, to, trigger } = rst;
  const frames = [{ input: signs.input, frame: packet.frame }];
  const withTrigger = trigger === null ? frames : [{ input: signs.input, frame: trigger.frame }, ...frames];
  const bare = (packet.flags & ACK) === 0;
  const delayMs = trigger === null ? null : (packet.tNs - trigger.tNs) / 1e6;
  const prompt = delayMs !== null && (delayMs <= promptNs(from) / 1e6 || rst.takesTurn);

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
  // RFC 9293 §3.5.2: only the answer to a segment without ACK, in practice a SYN, has sequence number 0.
  if (packet.seq === 0 && packet.window === 0 && from.packets === 0 && to.packets === 0) {
    return {
      mechanism: 'syn-answer',
      level: 'possible',
      evidence: {
        fact: 'refusal-shape',
        frames,
        received: describe(rst),
        text: 'RST+ACK with sequence number 0 and window 0, the form in which a SYN is refused; no SYN is in the capture',
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
        ? `RST+ACK with a socket’s own state (${[packet.window > 0 ? `window ${windowText(from, packet)}` : '', rst.options & OPT_TIMESTAMPS ? 'timestamps' : '', atNext ? 'next sequence number' : ''].filter(Boolean).join(', ')}): a live socket was aborted`
        : `RST+ACK${atNext ? ' at the next sequence number' : ''} with window 0 and no options: an abort as Windows and some devices send it`,
    },
  };
}
