/** Turns facts and judgements into the report's entries. */
import type { Actor, Level, Role } from '../terms/actors.ts';
import type { CauseId } from '../terms/causes.ts';
import { endsSubflowOnly, saysOf, statementEvidence } from '../causes/claims.ts';
import { costOf, costOfSilence } from '../causes/cost.ts';
import { effectEvidence } from '../causes/effect-evidence.ts';
import { ruleAll, type Effect, type Ruling } from '../causes/effect.ts';
import { rankCauses, rankSilences } from '../causes/engine.ts';
import { CAUSES, SILENCES } from '../causes/list.ts';
import { judgeMechanism, type MechanismVerdict } from '../causes/mechanism.ts';
import { witnessedCause, witnessedMechanism } from '../causes/proof.ts';
import { surroundingsOf } from '../causes/surroundings.ts';
import type { ConnectionFacts, HostFacts, ResetFacts, SilenceFacts } from '../evidence/facts.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { Population } from '../evidence/population.ts';
import type { RstRecord } from '../flow/rst-record.ts';
import { ladderRows } from './ladder-rows.ts';
import type { Connection, Endpoint, Reset, Rst, Sender, Silence } from './types.ts';
import { toList } from './words.ts';

/** A reset with the sentence that its story is told with. */
export interface JudgedReset {
  readonly reset: Reset;
  readonly facts: ResetFacts;
  readonly told: string;
}

export interface JudgedSilence {
  readonly silence: Silence;
  readonly facts: SilenceFacts;
  readonly told: string;
}

/** What captures at other places add to the verdict on how a RST was made. */
export type FromElsewhere = (base: MechanismVerdict, rst: RstRecord) => MechanismVerdict;

const NOTHING_ELSE: FromElsewhere = (base) => base;

/** Judges one reset. */
export function buildReset(
  id: string,
  facts: ResetFacts,
  population: Population,
  elsewhere: FromElsewhere = NOTHING_ELSE,
): JudgedReset {
  const mechanism = witnessedMechanism(elsewhere(mechanismOf(facts, facts.rst), facts.rst), facts);
  const input = { facts, population, mechanism };
  const ranked = witnessedCause(input, rankCauses(input));
  const cause = CAUSES[ranked.id];
  const rulings = ruleAll(facts.rsts, {
    rttMs: (side) => facts.rttMs[side === facts.clientSide ? 'client' : 'server'],
    endNs: population.captureEndNs,
  });
  const ruling = rulings.get(facts.rst);
  const effect = ruling?.effect ?? 'unknown';
  const cost = costOf(facts, mechanism, ranked.id, effect);
  const evidence = evidenceOf(facts, mechanism, ranked.evidence);
  evidence.push(...effectEvidence(facts, rulings, population.captureEndNs));
  const frames = framesOf(evidence);
  frames.add(facts.rst.packet.frame);
  if (facts.trigger !== null) frames.add(facts.trigger.packet.frame);
  const more = facts.moreRsts.client + facts.moreRsts.server;
  return {
    facts,
    // The RST of a reused tuple ended the connection before this one; that it did not end this one is the point of it.
    told: `${cause.tell(input)}${ranked.id === 'tuple-reuse' ? '' : fateOf(ruling)}`,
    reset: {
      id,
      connection: connectionOf(facts),
      phase: facts.phase,
      mechanism: mechanism.mechanism,
      rsts: facts.rsts.map((rst) => rstOf(facts, rst, rulings.get(rst)?.effect ?? 'unknown', elsewhere)),
      ...(more > 0 ? { moreRsts: more } : {}),
      sender: senderOf(facts, mechanism),
      cause: {
        id: ranked.id,
        level: ranked.level,
        confidence: ranked.confidence,
        ...(ranked.group === undefined ? {} : { group: ranked.group }),
      },
      alternatives: ranked.alternatives as readonly { id: CauseId; confidence: number }[],
      impact: cost.impact,
      retry: cost.retry,
      evidence,
      remedies: cause.remedies(input),
      confirm: cause.confirm(input),
      cannotTell: [...ranked.cannotTell, ...mechanism.cannotTell, ...(endsSubflowOnly(facts) ? [OTHER_SUBFLOWS] : [])],
      ladder: ladderRows(facts, frames),
      displayFilter: displayFilter(facts),
    },
  };
}

/** What speaks for the cause, then what the RSTs say, the signs on the RST and the other RSTs; nothing twice. */
function evidenceOf(facts: ResetFacts, mechanism: MechanismVerdict, ofCause: readonly Evidence[]): Evidence[] {
  const evidence = [...ofCause];
  for (const said of statementEvidence(facts)) {
    if (!ofCause.some(({ text }) => text === said.text)) evidence.push(said);
  }
  for (const sign of mechanism.evidence) if (!ofCause.includes(sign)) evidence.push(sign);
  if (facts.rsts.length > 1) evidence.push(...strangers(facts));
  return evidence;
}

function framesOf(evidence: readonly Evidence[]): Set<number> {
  const frames = new Set<number>();
  for (const one of evidence) for (const ref of one.frames) frames.add(ref.frame);
  return frames;
}

const OTHER_SUBFLOWS =
  'Whether the Multipath TCP connection went on over another subflow: `ss -tiM` on either host, or a capture of its other addresses.';

/** The end of the story’s sentence where the RST ended nothing. */
function fateOf(ruling: Ruling | undefined): string {
  if (ruling?.effect !== 'ignored') return '';
  if (ruling.arrived === 'closed' && !ruling.livesOn) return '; both sides had closed by then';
  return ruling.livesOn ? '; its receiver ignored it and went on' : '; its receiver had no use for it';
}

/** Judges one silence; null when nothing says that it is one. */
export function buildSilence(id: string, facts: SilenceFacts, population: Population): JudgedSilence | null {
  const input = { facts, population };
  const ranked = rankSilences(input);
  if (ranked.id === 'unknown') return null;
  const cause = SILENCES[ranked.id];
  const cost = costOfSilence(facts);
  const frames = framesOf(ranked.evidence);
  return {
    facts,
    told: cause.tell(input),
    silence: {
      id,
      connection: connectionOf(facts),
      phase: facts.phase,
      cause: { id: ranked.id, level: ranked.level, confidence: ranked.confidence },
      alternatives: ranked.alternatives,
      impact: cost.impact,
      retry: cost.retry,
      evidence: ranked.evidence,
      remedies: cause.remedies(input),
      confirm: cause.confirm(input),
      cannotTell: ranked.cannotTell,
      ladder: ladderRows(facts, frames),
      displayFilter: displayFilter(facts),
    },
  };
}

/** The time `ns` after `baseSeconds` as ISO 8601 with microseconds. */
export function isoTime(baseSeconds: number, ns: number): string {
  const seconds = Math.min(baseSeconds + Math.floor(ns / 1e9), 253_402_300_799);
  const micros = Math.floor((ns - Math.floor(ns / 1e9) * 1e9) / 1e3);
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(micros).padStart(6, '0')}Z`;
}

function mechanismOf(facts: ResetFacts, rst: RstRecord): MechanismVerdict {
  return judgeMechanism(rst, surroundingsOf(facts, rst));
}

interface Strangers {
  readonly forged: boolean;
  readonly text: string;
  readonly frames: number[];
  /** The text is true of all of them, times and numbers included. */
  alike: boolean;
}

/** Kinds of strange RSTs that are told, and frames of one kind that are named; the rest is counted. */
const STRANGE_KINDS = 3;
const STRANGE_FRAMES = 4;

/**
 * Other RSTs of the connection that its endpoints did not send, or may not have sent. Those of a train bear the same
 * signs, and are told together.
 */
function strangers(facts: ResetFacts): Evidence[] {
  const kinds = new Map<string, Strangers>();
  for (const rst of facts.rsts) {
    if (rst === facts.rst || rst.duplicateOf !== null) continue;
    const verdict = mechanismOf(facts, rst);
    const forged = verdict.actor === 'middlebox';
    const strange = forged || (verdict.actor === 'unknown' && rst.packet.ttl !== facts.rst.packet.ttl);
    const signs = verdict.evidence.slice(1);
    const text = signs.map((sign) => sign.text).join('; ');
    if (!strange || signs.length === 0) continue;
    const kind = [forged, rst.packet.side, rst.packet.ttl, ...signs.map(({ fact }) => fact)].join(' ');
    const known = kinds.get(kind);
    if (known !== undefined) {
      known.frames.push(rst.packet.frame);
      known.alike &&= known.text === text;
    } else if (kinds.size < STRANGE_KINDS) kinds.set(kind, { forged, text, frames: [rst.packet.frame], alike: true });
  }
  return [...kinds.values()].map(({ forged, text, frames, alike }) => ({
    fact: forged ? 'other-rst-forged' : 'other-rst-strange',
    frames: frames.map((frame) => ({ input: facts.input, frame })),
    text: `${otherRsts(frames, forged)}${alike ? '' : '; of the first'}: ${text}`,
  }));
}

function otherRsts(frames: readonly number[], forged: boolean): string {
  if (frames.length === 1) {
    return `another RST, frame ${frames[0]}, ${forged ? 'was not sent by' : 'may not come from'} the host it names`;
  }
  const left = frames.length - STRANGE_FRAMES;
  const named = left > 0 ? [...frames.slice(0, STRANGE_FRAMES), `${left} more`] : frames;
  return `${frames.length} other RSTs, frames ${toList(named.map(String))}, ${forged ? 'were not sent by' : 'may not come from'} the host they name`;
}

function rstOf(facts: ResetFacts, rst: RstRecord, effect: Effect, elsewhere: FromElsewhere): Rst {
  const verdict = elsewhere(mechanismOf(facts, rst), rst);
  const says = saysOf(rst);
  const from = rst.packet.side === facts.clientSide ? 'client' : 'server';
  return {
    input: facts.input,
    frame: rst.packet.frame,
    at: isoTime(facts.baseSeconds, rst.packet.tNs),
    from,
    actor: verdict.actor,
    mechanism: verdict.mechanism,
    effect,
    duplicateOf: rst.duplicateOf,
    ...(says === undefined ? {} : { says }),
    ended: rst === facts.rst && effect !== 'ignored' && effect !== 'challenged',
  };
}

/** Held against the lab's fresh sets, docs/accuracy-fresh.md. */
const CONFIDENCE: Readonly<Record<Actor, Readonly<Record<Level, number>>>> = {
  endpoint: { proof: 1, likely: 0.98, possible: 0.8 },
  middlebox: { proof: 1, likely: 0.9, possible: 0.6 },
  unknown: { proof: 0.5, likely: 0.5, possible: 0.5 },
};

/** One sign beside the form, as a TTL that fits, is not yet `likely`, and more than the form alone. */
const ENDPOINT_BY_ONE_SIGN = 0.92;

function senderOf(facts: ResetFacts, mechanism: MechanismVerdict): Sender {
  const host = facts[facts.sender];
  // A filter may stand on the end host itself; what it answers is no deed of the program there.
  const isFilter = mechanism.mechanism === 'in-path-answer' && mechanism.actor !== 'unknown';
  const isProgram = mechanism.actor !== 'middlebox' && !isFilter;
  const role: Role = isFilter ? 'firewall' : isProgram ? host.role : 'unknown';
  return {
    side: facts.sender,
    address: host.address,
    port: host.port,
    actor: mechanism.actor,
    role,
    level: mechanism.actorLevel,
    confidence: confidenceOf(mechanism),
    ...(isProgram && host.name !== '' ? { name: host.name } : {}),
    ...(mechanism.actor === 'endpoint' && facts.witness?.process ? { process: facts.witness.process } : {}),
  };
}

function confidenceOf({ actor, actorLevel, signsInFavour }: MechanismVerdict): number {
  const isOneSign = actor === 'endpoint' && actorLevel === 'possible' && signsInFavour === 1;
  return isOneSign ? ENDPOINT_BY_ONE_SIGN : CONFIDENCE[actor][actorLevel];
}

function connectionOf(facts: ConnectionFacts): Connection {
  return {
    client: endpointOf(facts.client),
    server: endpointOf(facts.server),
    rolesFrom: facts.rolesFrom,
    startSeen: facts.startSeen,
    views: [
      {
        input: facts.input,
        observedAt: facts.observedAt,
        encapsulation: facts.encapsulation,
        firstFrame: facts.firstFrame,
      },
    ],
    state: facts.state,
    history: facts.history,
    openedAt: isoTime(facts.baseSeconds, facts.firstNs),
    durationMs: thousandths(Math.max(0, facts.lastNs - facts.firstNs) / 1e6),
    idleMs: facts.idleMs === null ? null : thousandths(facts.idleMs),
    quietMs: facts.quietMs === null ? null : thousandths(facts.quietMs),
    bytesFromClient: facts.bytes.client,
    bytesFromServer: facts.bytes.server,
  };
}

function endpointOf({ address, port, name }: HostFacts): Endpoint {
  return { address, port, ...(name === '' ? {} : { name }) };
}

/** A Wireshark filter for exactly this incarnation. */
function displayFilter(facts: ConnectionFacts): string {
  return `${tupleFilter(facts)} && frame.number in {${facts.firstFrame}..${facts.lastFrame}}`;
}

/** A Wireshark filter that holds for any capture with these addresses. */
export function tupleFilter({ client, server }: ConnectionFacts): string {
  const ip = client.address.includes(':') ? 'ipv6' : 'ip';
  let filter = `${ip}.addr == ${client.address}`;
  if (server.address !== client.address) filter += ` && ${ip}.addr == ${server.address}`;
  filter += ` && tcp.port == ${client.port}`;
  if (server.port !== client.port) filter += ` && tcp.port == ${server.port}`;
  return filter;
}

function thousandths(value: number): number {
  return Math.round(value * 1000) / 1000;
}
