/** Captures of the same traffic joined: which connections they share, how their clocks differ, who stands where. */
import { alignClocks, type Clock, type Clocks, type Link } from './align-clocks.ts';
import { coverOf } from './cover.ts';
import type { Vantage } from './passages.ts';
import { orderOf } from './places.ts';
import { commonPackets } from './same-packet.ts';
import type { Sighting } from './sighting.ts';

/** One connection that two captures or more show. */
export interface Shared {
  readonly sightings: readonly Sighting[];
  /** Null where the captures do not tell who stands where, or their clocks cannot be compared. */
  readonly vantage: Vantage | null;
}

export interface Joined {
  readonly shared: readonly Shared[];
  readonly clocks: readonly Clock[];
}

/** `groups` are the sightings of one connection each; those whose captures show no segment in common are left out. */
export function join(groups: readonly (readonly Sighting[])[]): Joined {
  const linked = groups.map(linksOf).filter(({ links }) => links.length > 0);
  const clocks = alignClocks(linked.flatMap(({ links }) => links));
  return {
    shared: linked.map(({ sightings, links }) => ({ sightings, vantage: vantageOf(sightings, links, clocks) })),
    clocks: clocks.clocks,
  };
}

function linksOf(sightings: readonly Sighting[]): { sightings: readonly Sighting[]; links: Link[] } {
  const links: Link[] = [];
  const linked = new Set<Sighting>();
  for (const [i, a] of sightings.entries()) {
    for (const b of sightings.slice(i + 1)) {
      const pairs = commonPackets(a.packets, b.packets);
      if (pairs.length === 0) continue;
      const shiftNs = (b.baseSeconds - a.baseSeconds) * 1e9;
      links.push({ a: a.input, b: b.input, order: orderOf(pairs, shiftNs), pairs, shiftNs });
      linked.add(a).add(b);
    }
  }
  return { sightings: sightings.filter((one) => linked.has(one)), links };
}

function vantageOf(sightings: readonly Sighting[], links: readonly Link[], clocks: Clocks): Vantage | null {
  const path = pathOf(sightings, links);
  if (path === null || path.some(({ input }) => clocks.toCommon(input) === null)) return null;
  const common = (input: number, ns: number): number => clocks.toCommon(input)!(ns);
  const errorNs = path.reduce((most, { input }) => Math.max(most, clocks.errorNs(input)), 0);
  const byInput = new Map(path.map((sighting) => [sighting.input, sighting]));
  return {
    path,
    common,
    errorNs,
    covers: (input, commonNs) => {
      const { beginsNs, endsNs } = byInput.get(input)!;
      return coverOf(common(input, beginsNs), common(input, endsNs), commonNs, errorNs);
    },
  };
}

/** Nearest to side 0 first; null when two of them cannot be ordered, or are so in a circle. */
function pathOf(sightings: readonly Sighting[], links: readonly Link[]): Sighting[] | null {
  const before = (a: number, b: number): boolean =>
    links.some(
      (link) =>
        (link.a === a && link.b === b && link.order === 1) || (link.a === b && link.b === a && link.order === -1),
    );
  const path: Sighting[] = [];
  const left = [...sightings];
  while (left.length > 0) {
    const next = left.filter((one) => !left.some((other) => before(other.input, one.input)));
    if (next.length !== 1) return null;
    path.push(next[0]!);
    left.splice(left.indexOf(next[0]!), 1);
  }
  return path;
}
