/** Turns facts and judgements into the report's entries. */
import type { Actor, Level, Role } from '../terms/actors.ts';
import type { CauseId } from '../terms/causes.ts';
import { costOf, costOfSilence } from '../causes/cost.ts';
import { effectsOf, type Effect } from '../causes/effect.ts';
import { rankCauses, rankSilences } from '../causes/engine.ts';
import { CAUSES, SILENCES } from '../causes/list.ts';
import { judgeMechanism, type MechanismVerdict } from '../causes/mechanism.ts';
import type { Surroundings } from '../causes/signs.ts';
import { who } from '../causes/telling.ts';
import type { ConnectionFacts, HostFacts, ResetFacts, SilenceFacts } from '../evidence/facts.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { Population } from '../evidence/population.ts';
import type { RstRecord } from '../flow/rst-record.ts';
import { ladderRows } from './ladder-rows.ts';
import type { Connection, Endpoint, Reset, Rst, Sender, Silence } from './types.ts';

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

/** Judges one reset. */
export function buildReset(id: string, facts: ResetFacts, population: Population): JudgedReset {
  const mechanism = mechanismOf(facts, facts.rst);
  const input = { facts, population, mechanism };
  const ranked = rankCauses(input);
  const cause = CAUSES[ranked.id];
  const effects = effectsOf(facts.rsts, (side) => facts.rttMs[side === facts.clientSide ? 'client' : 'server']);
  const effect = effects.get(facts.rst) ?? 'unknown';
  const cost = costOf(facts, mechanism, ranked.id, effect);
  const evidence = [
    ...ranked.evidence,
    ...mechanism.evidence.filter((e) => !ranked.evidence.includes(e)),
    ...strangers(facts),
  ];
  const frames = new Set(evidence.flatMap((e) => e.frames.map((ref) => ref.frame)));
  frames.add(facts.rst.packet.frame);
  if (facts.trigger !== null) frames.add(facts.trigger.packet.frame);
  const more = facts.moreRsts.client + facts.moreRsts.server;
  return {
    facts,
    told: effect === 'ignored' ? `${cause.tell(input)}; its receiver ignored it and went on` : cause.tell(input),
    reset: {
      id,
      connection: connectionOf(facts),
      phase: facts.phase,
      mechanism: mechanism.mechanism,
      rsts: facts.rsts.map((rst) => rstOf(facts, rst, effects.get(rst) ?? 'unknown')),
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
      cannotTell: [...ranked.cannotTell, ...mechanism.cannotTell],
      ladder: ladderRows(facts, frames),
      displayFilter: displayFilter(facts),
    },
  };
}

/** Judges one silence; null when nothing says that it is one. */
export function buildSilence(id: string, facts: SilenceFacts, population: Population): JudgedSilence | null {
  const input = { facts, population };
  const ranked = rankSilences(input);
  if (ranked.id === 'unknown') return null;
  const cause = SILENCES[ranked.id];
  const cost = costOfSilence(facts);
  const frames = new Set(ranked.evidence.flatMap((e) => e.frames.map((ref) => ref.frame)));
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
  const side = rst.packet.side === facts.clientSide ? 'client' : 'server';
  const around: Surroundings = {
    input: facts.input,
    rttMs: facts.rttMs[side],
    hostTtl: side === facts.sender ? facts.hostTtl : { synAck: 0, segment: 0 },
    sideText: who(facts, side),
  };
  return judgeMechanism(rst, around);
}

/** Other RSTs of the connection that its endpoints did not send, or may not have sent. */
function strangers(facts: ResetFacts): Evidence[] {
  const found: Evidence[] = [];
  for (const rst of facts.rsts) {
    if (rst === facts.rst || rst.duplicateOf !== null || found.length >= 3) continue;
    const verdict = mechanismOf(facts, rst);
    const strange =
      verdict.actor === 'middlebox' || (verdict.actor === 'unknown' && rst.packet.ttl !== facts.rst.packet.ttl);
    if (!strange) continue;
    const signs = verdict.evidence.slice(1).map((e) => e.text);
    found.push({
      fact: verdict.actor === 'middlebox' ? 'other-rst-forged' : 'other-rst-strange',
      frames: [{ input: facts.input, frame: rst.packet.frame }],
      text: `another RST, frame ${rst.packet.frame}, ${verdict.actor === 'middlebox' ? 'was not sent by the host it names' : 'may not come from the host it names'}: ${signs.join('; ')}`,
    });
  }
  return found;
}

function rstOf(facts: ResetFacts, rst: RstRecord, effect: Effect): Rst {
  const verdict = mechanismOf(facts, rst);
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
    ended: rst === facts.rst && effect !== 'ignored' && effect !== 'challenged',
  };
}

const CONFIDENCE: Readonly<Record<Actor, Readonly<Record<Level, number>>>> = {
  endpoint: { proof: 1, likely: 0.96, possible: 0.8 },
  middlebox: { proof: 1, likely: 0.9, possible: 0.6 },
  unknown: { proof: 0.5, likely: 0.5, possible: 0.5 },
};

function senderOf(facts: ResetFacts, mechanism: MechanismVerdict): Sender {
  const host = facts[facts.sender];
  const isEndpoint = mechanism.actor !== 'middlebox';
  const role: Role = isEndpoint ? host.role : mechanism.mechanism === 'in-path-answer' ? 'firewall' : 'unknown';
  return {
    side: facts.sender,
    address: host.address,
    port: host.port,
    actor: mechanism.actor,
    role,
    level: mechanism.actorLevel,
    confidence: CONFIDENCE[mechanism.actor][mechanism.actorLevel],
    ...(isEndpoint && host.name !== '' ? { name: host.name } : {}),
  };
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
  const ip = facts.client.address.includes(':') ? 'ipv6' : 'ip';
  const addresses = new Set([facts.client.address, facts.server.address]);
  const ports = new Set([facts.client.port, facts.server.port]);
  return [
    ...[...addresses].map((address) => `${ip}.addr == ${address}`),
    ...[...ports].map((port) => `tcp.port == ${port}`),
    `frame.number in {${facts.firstFrame}..${facts.lastFrame}}`,
  ].join(' && ');
}

function thousandths(value: number): number {
  return Math.round(value * 1000) / 1000;
}
