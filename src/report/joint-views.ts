/** Where along its path each capture saw a connection. */
import type { ConnectionFacts } from '../evidence/facts.ts';
import { nameOf } from '../flow/encapsulations.ts';
import type { Shared } from '../vantage/joined.ts';
import { isBeside } from '../vantage/places.ts';
import { endOf } from '../vantage/row-fit.ts';
import type { Sighting } from '../vantage/sighting.ts';
import type { Captures } from './joint-report.ts';
import type { Evidence, View } from './types.ts';
import { toList } from './words.ts';

/** Nearest to the client first where the captures tell; otherwise in the order in which they were named. */
export function viewsOf(group: Shared, facts: ConnectionFacts, captures: Captures): View[] {
  return fromClient(group, facts).map((sighting) => viewOf(sighting, group, facts, captures));
}

/** The sightings of a connection, nearest to the client first where the captures tell. */
export function fromClient(group: Shared, facts: ConnectionFacts): readonly Sighting[] {
  if (group.vantage === null) return group.sightings;
  const { path } = group.vantage;
  return clientSideOf(group, facts) === 0 ? path : [...path].reverse();
}

/** Which side of the group is the client. */
export function clientSideOf({ sightings }: Shared, facts: ConnectionFacts): number {
  const own = sightings.find(({ input }) => input === facts.input)!;
  return facts.clientSide ^ own.side0;
}

/** The ends that have other addresses or ports in some captures. */
export function translation(
  group: Shared,
  facts: ConnectionFacts,
  { list, nameOf: nameOfInput }: Captures,
): Evidence[] {
  const client = clientSideOf(group, facts);
  return ([client, 1 - client] as const).flatMap((side) => {
    const ends = fromClient(group, facts).map(({ input, row, side0 }) => {
      const { table } = list[input]!.reading.flows;
      return { input, end: endOf(table, row, side ^ side0), frame: table.firstFrame[row]! };
    });
    const differs = ends.filter(({ end }, at) => at === 0 || end !== ends[at - 1]!.end);
    if (differs.length < 2) return [];
    return {
      fact: 'address-translated',
      frames: differs.map(({ input, frame }) => ({ input, frame })),
      text: `the ${side === client ? 'client' : 'server'} has another address on the way: ${toList(differs.map(({ input, end }) => `${end} in ${nameOfInput(input)}`))}`,
    };
  });
}

function viewOf(sighting: Sighting, group: Shared, facts: ConnectionFacts, { list, kept }: Captures): View {
  const { input, row, packets } = sighting;
  const { table } = list[input]!.reading.flows;
  const client = clientSideOf(group, facts);
  const path = group.vantage?.path ?? [];
  const atClient = path[client === 0 ? 0 : path.length - 1] === sighting && isBeside(packets, client);
  const atServer = path[client === 0 ? path.length - 1 : 0] === sighting && isBeside(packets, 1 - client);
  return {
    input,
    observedAt: path.length === 0 ? 'unknown' : atClient ? 'client' : atServer ? 'server' : 'between',
    encapsulation: nameOf(table.encapsulations, table.encapsulation[row]!),
    firstFrame: kept[input]!.get(row)!.trace.firstFrame,
  };
}
