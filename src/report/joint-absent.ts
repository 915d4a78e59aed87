/** A connection that one capture shows and another, which lies on the way of its hosts, does not. */
import type { MechanismVerdict } from '../causes/mechanism.ts';
import { who } from '../causes/telling.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { ConnectionFacts, ResetFacts } from '../evidence/facts.ts';
import type { Shared } from '../vantage/joined.ts';
import { endOf } from '../vantage/row-fit.ts';
import { nameOfRow } from '../vantage/shared-rows.ts';
import type { FromElsewhere, JudgedSilence } from './build.ts';
import type { Captures } from './joint-report.ts';
import { toList } from './words.ts';

/** Which captures show other connections of the same two hosts, but nothing of this one while it lasted. */
export function absenceOf(facts: ConnectionFacts, shared: readonly Shared[], captures: Captures): Evidence | null {
  const { nameOf, uncompared } = captures;
  if (uncompared.has(nameOfRow(facts))) return null;
  const group = shared.find((one) => one.vantage !== null && hasHosts(one, facts, captures));
  if (group === undefined || group.vantage === null) return null;
  const { path, common, covers } = group.vantage;
  const without = path
    .map(({ input }) => input)
    .filter((input) => input !== facts.input)
    .filter((input) => covers(input, common(facts.input, facts.lastNs)) === 'yes');
  if (without.length === 0) return null;
  return {
    fact: 'never-got-there',
    frames: [{ input: facts.input, frame: facts.firstFrame }],
    expected: `the connection in ${toList(without.map(nameOf))}, as others of the same two hosts`,
    received: 'no packet of it there, though that capture ran',
    text: `${toList(without.map(nameOf))} ${without.length === 1 ? 'shows' : 'show'} other connections of these two hosts, but no packet of this one: it never got there`,
  };
}

/** Somebody before that place answered; or another host that holds the address, as behind a load balancer. */
export function withAbsence(facts: ResetFacts, absence: Evidence): FromElsewhere {
  return (base: MechanismVerdict, rst) => {
    const side = rst.packet.side === facts.clientSide ? 'client' : 'server';
    if (side === facts.receiver) return base;
    return {
      ...base,
      actor: base.actor === 'endpoint' ? 'unknown' : base.actor,
      actorLevel: base.actor === 'endpoint' ? 'possible' : base.actorLevel,
      evidence: [...base.evidence, absence],
      cannotTell: [
        `Whether a filter on the way answered in the name of ${who(facts, side)}, or another host that holds its address: a capture between the two places would show it.`,
        ...base.cannotTell,
      ],
    };
  };
}

export function silenceWithAbsence(judged: JudgedSilence, absence: Evidence): JudgedSilence {
  return { ...judged, silence: { ...judged.silence, evidence: [absence, ...judged.silence.evidence] } };
}

function hasHosts({ sightings }: Shared, { input, client, server }: ConnectionFacts, { list }: Captures): boolean {
  const own = sightings.find((one) => one.input === input);
  if (own === undefined) return false;
  const { table } = list[input]!.reading.flows;
  const ends = [0, 1].map((side) => addressOf(endOf(table, own.row, side)));
  return ends.includes(client.address) && ends.includes(server.address);
}

function addressOf(end: string): string {
  return end.slice(0, end.lastIndexOf(':'));
}
