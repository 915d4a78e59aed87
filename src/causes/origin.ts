/**
 * What captures on both sides of a suspect prove of a RST: that its host sent it, or that somebody in between did.
 * The bytes say how it was made; the places say who made it.
 */
import type { Evidence, FrameRef } from '../evidence/evidence.ts';
import type { Origin } from '../vantage/passages.ts';
import { ACK } from '../wire/tcp.ts';
import type { RstRecord } from '../flow/rst-record.ts';
import type { MechanismVerdict } from './mechanism.ts';

export interface OriginCase {
  readonly origin: Origin;
  /** Where the RST was seen, nearest to the host whose address it bears first. */
  readonly seen: readonly FrameRef[];
  /** It reached the place nearest to its receiver; null when that cannot be told. */
  readonly arrived: boolean | null;
  /** The host whose address it bears and the other one, for sentences. */
  readonly sideText: string;
  readonly peerText: string;
  /** A capture for sentences, such as `server.pcap`. */
  readonly nameOf: (input: number) => string;
}

/** The verdict on how the RST was made, with what the places add to it. */
export function judgeOrigin(base: MechanismVerdict, rst: RstRecord, where: OriginCase): MechanismVerdict {
  const { origin } = where;
  if (origin.kind === 'beyond') return { ...base, evidence: [...base.evidence, beyond(origin.input, where)] };
  if (origin.kind === 'endpoint') return fromEndpoint(base, rst, where, origin.input);
  return origin.sure ? fromBetween(base, rst, where, origin) : doubtful(base, where, origin);
}

function fromEndpoint(base: MechanismVerdict, rst: RstRecord, where: OriginCase, input: number): MechanismVerdict {
  // Nobody but a packet filter leaves a checksum unfinished, wherever it stands.
  const filtered = base.evidence.some(({ fact }) => fact === 'partial-checksum');
  const accused = base.actor === 'middlebox' && !filtered;
  const lost =
    where.arrived === false
      ? '; it never arrived at the other end'
      : where.seen.length > 1
        ? `, and passed ${where.seen
            .slice(1)
            .map((ref) => where.nameOf(ref.input))
            .join(', then ')}`
        : '';
  return {
    ...base,
    mechanism: accused ? ((rst.packet.flags & ACK) === 0 ? 'passive-answer' : 'active-abort') : base.mechanism,
    actor: 'endpoint',
    actorLevel: 'proof',
    evidence: [
      {
        fact: 'seen-leaving',
        frames: where.seen,
        text: `the RST came out of ${where.sideText}: ${where.nameOf(input)}, captured there, shows it first${lost}`,
      },
      ...base.evidence,
    ],
    cannotTell: [],
  };
}

/** What the form of a RST says of a host that did not send it. */
const SHAPES: ReadonlySet<string> = new Set(['live-socket-shape', 'abort-shape', 'bare-abort', 'passive-shape']);

type Between = Extract<Origin, { kind: 'between' }>;

function fromBetween(base: MechanismVerdict, rst: RstRecord, where: OriginCase, origin: Between): MechanismVerdict {
  const { trigger } = rst;
  const without = where.nameOf(origin.without);
  const evidence: Evidence[] = [
    {
      fact: 'never-left-its-host',
      frames: where.seen,
      expected: `the same RST in ${without}`,
      received: 'no such packet there, though that capture ran and misses nothing else',
      text: `the RST was made between the places of ${without} and ${where.nameOf(origin.with)}: ${without}, nearer to ${where.sideText}, does not have it`,
    },
  ];
  if (trigger !== null && origin.triggerReached === false) {
    evidence.push({
      fact: 'trigger-never-arrived',
      frames: [{ input: origin.with, frame: trigger.frame }],
      text: `the segment that it answers, frame ${trigger.frame} of ${where.nameOf(origin.with)}, never reached ${without}: what answered it kept it`,
    });
  }
  const answers = trigger !== null && (base.mechanism === 'passive-answer' || base.mechanism === 'syn-answer');
  const inPath = base.mechanism === 'in-path-answer' || (answers && origin.triggerReached !== true);
  return {
    mechanism: inPath ? 'in-path-answer' : 'forged',
    // A filter answered, or another kernel that the segment was brought to: the form does not tell them apart.
    level: inPath && base.actor !== 'middlebox' ? 'possible' : 'likely',
    actor: 'middlebox',
    actorLevel: 'proof',
    evidence: [...evidence, ...base.evidence.filter(({ fact }) => inPath || !SHAPES.has(fact))],
    cannotTell: [
      `Which device between ${without} and ${where.nameOf(origin.with)} made it: a capture between them narrows it down.`,
    ],
  };
}

/** Without that capture the RST would look as it did; with it, somebody in between is a possibility that has to be said. */
function doubtful(base: MechanismVerdict, where: OriginCase, origin: Between): MechanismVerdict {
  const without = where.nameOf(origin.without);
  const sure = base.actor === 'middlebox';
  return {
    ...base,
    actor: sure ? base.actor : 'unknown',
    actorLevel: sure ? base.actorLevel : 'possible',
    evidence: [
      ...base.evidence,
      {
        fact: 'not-seen-nearer',
        frames: where.seen,
        text: `${without}, nearer to ${where.sideText}, does not show this RST, but ${origin.doubt}`,
      },
    ],
    cannotTell: [
      `Whether ${where.sideText} sent it or something between ${without} and ${where.nameOf(origin.with)}: ${origin.doubt}.`,
      ...base.cannotTell,
    ],
  };
}

function beyond(input: number, where: OriginCase): Evidence {
  return {
    fact: 'came-from-its-side',
    frames: where.seen,
    text: `the RST came from the side of ${where.sideText}: ${where.nameOf(input)}, the place nearest to it, shows it first; what lies between is not captured`,
  };
}
