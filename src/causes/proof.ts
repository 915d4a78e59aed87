/**
 * What host evidence settles. A kernel that logged the RST, or a process seen letting go of the socket at that moment,
 * proves who sent it and how. That is the cause where the cause is an act (unread data, an abort, a death); a cause that
 * is a purpose, such as a refused payload, stays what the packets make of it. Nothing is proven by absence.
 */
import type { CauseId } from '../terms/causes.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { ResetFacts } from '../evidence/facts.ts';
import type { HostWitness } from '../evidence/host/witness.ts';
import type { ResetCase } from './define.ts';
import type { Ranked } from './engine.ts';
import { answersSyn } from './answers-syn.ts';
import { CAUSES } from './list.ts';
import type { MechanismVerdict } from './mechanism.ts';

/** The mechanism as the sender's host knows it; that of the packets where it does not. */
export function witnessedMechanism(wire: MechanismVerdict, facts: ResetFacts): MechanismVerdict {
  const { witness } = facts;
  if (witness === undefined || !provesSender(witness)) return wire;
  const active = witness.sent?.active ?? true;
  const mechanism = active ? 'active-abort' : answersSyn(facts.rst) ? 'syn-answer' : 'passive-answer';
  return { mechanism, level: 'proof', actor: 'endpoint', actorLevel: 'proof', evidence: wire.evidence, cannotTell: [] };
}

/** The host itself says that it sent the RST. */
function provesSender({ sent, letGo, death }: HostWitness): boolean {
  if (sent !== null) return sent.sure;
  if (letGo === null) return false;
  return letGo.by === 'close' ? letGo.lingerZero || (letGo.unread ?? 0) > 0 : death !== null && death.how === 'fault';
}

/** The causes weighed again with what the sender's host says. */
export function witnessedCause(input: ResetCase, wire: Ranked<CauseId>): Ranked<CauseId> {
  const { witness } = input.facts;
  if (witness === undefined) return wire;
  const finding = findingOf(input, wire, witness);
  const doubts = witness.doubts;
  if (finding === null) {
    return { ...wire, evidence: [...witness.evidence, ...wire.evidence], cannotTell: [...doubts, ...wire.cannotTell] };
  }
  if (finding.act !== undefined) return narrowed(wire, finding.act, witness);
  const { id } = finding;
  const own = CAUSES[id].judge(input);
  const evidence = [
    ...witness.evidence,
    ...(own.outcome === 'fires' ? own.evidence : []),
    ...againstWire(input, wire, finding),
  ];
  if (finding.rivals.length > 0) {
    const group = [id, ...finding.rivals];
    const wouldTell = finding.wouldTell === undefined ? [] : [finding.wouldTell];
    return {
      id,
      level: 'possible',
      ...shares(id, FIRST, finding.rivals),
      group,
      evidence,
      cannotTell: [...wouldTell, ...doubts],
    };
  }
  const confidence = finding.sure ? PROVEN : FIRM;
  const wouldTell = finding.wouldTell === undefined ? [] : [finding.wouldTell];
  return {
    id,
    level: finding.sure ? 'proof' : 'likely',
    ...shares(id, confidence, []),
    evidence,
    cannotTell: finding.sure ? [] : [...wouldTell, ...doubts],
  };
}

/** Of what a host itself has recorded; joined by addresses and time, but not settled; the first of several left. */
const PROVEN = 0.99;
const FIRM = 0.9;
const FIRST = 0.7;

interface Finding {
  readonly id: CauseId;
  readonly sure: boolean;
  /** Causes that the host's evidence leaves open beside it. */
  readonly rivals: readonly CauseId[];
  readonly wouldTell?: string;
  /** The packets name a purpose, and this is how it was done: the verdict stays theirs. */
  readonly act?: CauseId;
}

function findingOf(input: ResetCase, wire: Ranked<CauseId>, witness: HostWitness): Finding | null {
  const { sent, death } = witness;
  const trusted = sent === null || sent.sure;
  const found =
    (death === null ? null : ofDeath(input, witness)) ?? ofReason(input, wire, witness) ?? ofRelease(witness);
  if (found === null) return null;
  const checked = ACTS.has(found.id) ? inContext(input, wire, witness, found) : found;
  return trusted ? checked : { ...checked, sure: false };
}

/** The process ended, and its kernel closed what it had open. */
function ofDeath({ facts, mechanism }: ResetCase, { death, sent }: HostWitness): Finding | null {
  // The cause speaks of servers: a client that ends gives its requests up.
  if (death === null || facts.sender !== 'server' || mechanism.mechanism !== 'active-abort') return null;
  if (sent !== null && !DYING.has(sent.reason)) return null;
  const { how, asked, sure } = death;
  if (asked !== null)
    return sure ? certain('shutdown-in-flight') : open('shutdown-in-flight', ['process-crash'], HOW_ENDED);
  if (how !== 'memory' && how !== 'fault') return open('process-crash', ['shutdown-in-flight'], HOW_ENDED);
  return sure ? certain('process-crash') : open('process-crash', ['shutdown-in-flight'], HOW_ENDED);
}

/** What the end of a process makes the kernel say: unread data, SO_LINGER 0, or nothing in older kernels. */
const DYING: ReadonlySet<string> = new Set(['', 'NOT_SPECIFIED', 'TCP_ABORT_ON_CLOSE', 'TCP_STATE']);

const HOW_ENDED =
  'Why the process ended: its exit in the journal (journalctl -o short-iso-precise), or strace, which sees its signals.';
const DIED_OR_CLOSED =
  'Whether the process closed the socket or died: the trace event sched:sched_process_exit beside the others, or strace.';

/** What the kernel gives as its reason (include/net/rstreason.h). */
function ofReason(
  { facts, mechanism }: ResetCase,
  wire: Ranked<CauseId>,
  { sent, letGo }: HostWitness,
): Finding | null {
  if (sent === null) return null;
  const closed = letGo?.by === 'close' || sent.wentOn === true;
  const died: readonly CauseId[] = closed || facts.sender === 'client' ? [] : ['process-crash'];
  switch (sent.reason) {
    case 'TCP_KEEPALIVE_TIMEOUT':
      return certain('dead-peer');
    case 'TCP_ABORT_ON_MEMORY':
      return certain('resource-exhaustion');
    case 'TCP_ABORT_ON_CLOSE':
      return died.length > 0 || !closed ? open('unread-data', died, DIED_OR_CLOSED) : certain('unread-data');
    case 'TCP_STATE':
      // tcp_abort sends before it closes; tcp_disconnect, which SO_LINGER 0 leads to, behind it (net/ipv4/tcp.c).
      if (LIVE.test(sent.state)) return certain('killed');
      if (letGo?.by === 'close' && letGo.lingerZero) return certain('linger-zero');
      return open('linger-zero', died, 'Who aborted the socket, and whether by SO_LINGER 0: strace of the process.');
    case 'NO_SOCKET':
      return mechanism.mechanism === 'syn-answer' && wire.id === 'refused' ? certain('refused') : null;
    default:
      return null;
  }
}

const LIVE = /^TCP_(?:ESTABLISHED|CLOSE_WAIT|FIN_WAIT[12]|SYN_RECV)$/;

/** What the process did, where the kernel gives no reason. */
function ofRelease({ letGo, sent }: HostWitness): Finding | null {
  if (letGo === null || letGo.by !== 'close') return null;
  if (sent !== null && !/^(?:|NOT_SPECIFIED)$/.test(sent.reason)) return null;
  const { unread, lingerZero } = letGo;
  if (lingerZero && unread === 0) return certain('linger-zero');
  if (lingerZero)
    return open(
      'linger-zero',
      ['unread-data'],
      'Whether data was unread too: tcp:tcp_send_reset of the kernel names its reason.',
    );
  return unread !== null && unread > 0 ? certain('unread-data') : null;
}

/** Causes that are acts: what they were done for is another question. */
const ACTS: ReadonlySet<CauseId> = new Set(['unread-data', 'linger-zero']);

/** Purposes that an application has for such acts. */
const PURPOSES: readonly CauseId[] = [
  'client-abort',
  'payload-rejected',
  'protocol-mismatch',
  'policy-abort',
  'idle-timeout',
  'shutdown-in-flight',
  'drain-reset',
  'relayed',
  'health-check',
  'port-scan',
  'connect-cancelled',
  'benign-close',
];

/** A purpose this likely leaves the act unproven as the cause. */
const LIKELY_PURPOSE = 0.3;

/** An act is the cause where nothing speaks for a purpose. */
function inContext(input: ResetCase, wire: Ranked<CauseId>, witness: HostWitness, finding: Finding): Finding {
  if (PURPOSES.includes(wire.id) && !excluded(wire.id, input, witness, finding)) return { ...finding, act: finding.id };
  const purposes = PURPOSES.filter((id) => {
    const judgement = CAUSES[id].judge(input);
    return (
      judgement.outcome === 'fires' && judgement.weight >= LIKELY_PURPOSE && !excluded(id, input, witness, finding)
    );
  });
  const add = (id: CauseId): void => void (purposes.includes(id) || purposes.push(id));
  if (witness.letGo?.otherLegFailed === true) add('relayed');
  // Who aborts without an answer may follow a rule.
  if (finding.id === 'linger-zero' && input.facts.sender === 'server' && input.facts.bytes.server === 0)
    add('policy-abort');
  if (purposes.length === 0) return finding;
  return { ...finding, sure: false, rivals: [...finding.rivals, ...purposes], wouldTell: ON_PURPOSE };
}

/** The verdict of the packets without what the act excludes. */
function narrowed(wire: Ranked<CauseId>, act: CauseId, witness: HostWitness): Ranked<CauseId> {
  const stays = (id: CauseId | 'unknown'): boolean => id === act || id === 'unknown' || PURPOSES.includes(id);
  const left = wire.alternatives.filter(({ id }) => stays(id));
  const total = wire.confidence + left.reduce((sum, { confidence }) => sum + confidence, 0);
  const alternatives = left.map(({ id, confidence }) => ({ id, confidence: round(confidence / total) }));
  const { group: all, ...rest } = wire;
  const group = all?.filter(stays) ?? [];
  return {
    ...rest,
    confidence: round(1 - alternatives.reduce((sum, { confidence }) => sum + confidence, 0)),
    ...(group.length > 1 ? { group } : {}),
    alternatives,
    evidence: [...witness.evidence, ...wire.evidence],
    cannotTell: [...witness.doubts, ON_PURPOSE],
  };
}

const ON_PURPOSE = 'What the application did it for: its log and its configuration.';

/** A rule has to read the request that it judges. */
function excluded(id: CauseId, { facts }: ResetCase, { letGo }: HostWitness, finding: Finding): boolean {
  if (id !== 'policy-abort' || finding.id !== 'unread-data') return false;
  const { request } = facts.app;
  if (letGo?.unread !== null && letGo?.unread !== undefined)
    return letGo.unread >= facts.bytes[facts.receiver] && letGo.unread > 0;
  return request !== null && request.bodyLength <= 0 && request.framing !== 'chunked';
}

function certain(id: CauseId): Finding {
  return { id, sure: true, rivals: [] };
}

function open(id: CauseId, rivals: readonly CauseId[], wouldTell: string): Finding {
  return { id, sure: false, rivals, wouldTell };
}

/** The packets alone said something else with some certainty: the reader should know. */
function againstWire({ facts }: ResetCase, wire: Ranked<CauseId>, { id }: Finding): Evidence[] {
  if (wire.id === id || wire.level !== 'likely') return [];
  return [
    {
      fact: 'packets-said-otherwise',
      frames: [{ input: facts.input, frame: facts.rst.packet.frame }],
      text: `the packets alone looked like ${wire.id} (${Math.round(wire.confidence * 100)} %); the sender’s own host knows better`,
    },
  ];
}

function shares(
  id: CauseId,
  confidence: number,
  rivals: readonly CauseId[],
): Pick<Ranked<CauseId>, 'confidence' | 'alternatives'> {
  const unknown = rivals.length > 0 ? 0.05 : round(1 - confidence);
  const each = rivals.length > 0 ? round((1 - confidence - unknown) / rivals.length) : 0;
  const alternatives: { id: CauseId | 'unknown'; confidence: number }[] = rivals
    .filter((rival) => rival !== id)
    .map((rival) => ({ id: rival, confidence: each }));
  alternatives.push({ id: 'unknown', confidence: unknown });
  const rest = alternatives.reduce((sum, one) => sum + one.confidence, 0);
  return { confidence: round(1 - rest), alternatives: alternatives.sort((a, b) => b.confidence - a.confidence) };
}

function round(share: number): number {
  return Math.round(share * 1000) / 1000;
}
