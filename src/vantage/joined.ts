/** Captures of the same traffic joined: which connections they share, how their clocks differ, who stands where. */
import type { RstRecord } from '../flow/rst-record.ts';
import type { Packet } from '../flow/packets.ts';
import { clockDifference, onClockOfA, type ClockDifference, type Crossing } from './clocks.ts';
import { coverOf } from './cover.ts';
import type { Vantage } from './passages.ts';
import { laterNs, orderOf, type Order } from './places.ts';
import { commonPackets, type PacketPair } from './same-packet.ts';
import type { Sighting } from './sighting.ts';

/** One connection that two captures or more show. */
export interface Shared {
  readonly sightings: readonly Sighting[];
  /** Null where the captures do not tell who stands where, or their clocks cannot be compared. */
  readonly vantage: Vantage | null;
}

/** How the clock of an input stands to that of the first input it shares a connection with. */
export interface Clock extends ClockDifference {
  readonly input: number;
  readonly against: number;
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

/** Two captures of one connection, `a` the one that was named first. */
interface Link {
  readonly a: number;
  readonly b: number;
  readonly order: Order;
  readonly pairs: readonly PacketPair[];
  readonly shiftNs: number;
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

interface Clocks {
  readonly clocks: readonly Clock[];
  /** A time of the input on the common clock; null while it cannot be compared. */
  readonly toCommon: (input: number) => ((ns: number) => number) | null;
  readonly errorNs: (input: number) => number;
}

/** Enough to fit a line; more of a million segments would only cost memory. */
const MAX_CROSSINGS = 20_000;

/** Every input's clock against the first one's, directly or over others. */
function alignClocks(links: readonly Link[]): Clocks {
  const pairs = new Map<string, { a: number; b: number; crossings: Crossing[] }>();
  for (const { a, b, order, pairs: packets, shiftNs } of links) {
    if (order === 0) continue;
    const key = `${a} ${b}`;
    const known = pairs.get(key) ?? { a, b, crossings: [] };
    pairs.set(key, known);
    for (const pair of packets) {
      if (known.crossings.length >= MAX_CROSSINGS) break;
      known.crossings.push({
        atNs: pair.a.tNs,
        laterNs: laterNs(pair, shiftNs),
        aFirst: (pair.a.side === 0) === (order === 1),
      });
    }
  }
  const shifts = new Map(links.map(({ a, b, shiftNs }) => [`${a} ${b}`, shiftNs]));
  const known = new Map<number, { toCommon: (ns: number) => number; errorNs: number }>();
  const clocks: Clock[] = [];
  const first = Math.min(...links.map(({ a }) => a));
  known.set(first, { toCommon: (ns) => ns, errorNs: 0 });
  for (let grew = true; grew;) {
    grew = false;
    for (const { a, b, crossings } of pairs.values()) {
      if (known.has(a) === known.has(b)) continue;
      const difference = clockDifference(crossings);
      if (difference === null) continue;
      const shiftNs = shifts.get(`${a} ${b}`)!;
      const base = known.get(known.has(a) ? a : b)!;
      const errorNs = base.errorNs + difference.errorNs;
      if (known.has(a)) {
        known.set(b, { toCommon: (ns) => base.toCommon(onClockOfA(difference, ns + shiftNs)), errorNs });
        clocks.push({ ...difference, input: b, against: a });
      } else {
        known.set(a, { toCommon: (ns) => base.toCommon(onClockOfB(difference, ns) - shiftNs), errorNs });
        clocks.push({
          ...difference,
          offsetNs: -difference.offsetNs,
          driftPpm: -difference.driftPpm,
          input: a,
          against: b,
        });
      }
      grew = true;
    }
  }
  return {
    clocks,
    toCommon: (input) => known.get(input)?.toCommon ?? null,
    errorNs: (input) => known.get(input)?.errorNs ?? Number.POSITIVE_INFINITY,
  };
}

function onClockOfB({ offsetNs, sinceNs, driftPpm }: ClockDifference, aNs: number): number {
  return aNs + offsetNs + ((aNs - sinceNs) * driftPpm) / 1e6;
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
    const next = left.filter((one) => left.every((other) => other === one || before(one.input, other.input)));
    if (next.length !== 1) return null;
    path.push(next[0]!);
    left.splice(left.indexOf(next[0]!), 1);
  }
  return path;
}

/** What a capture kept of a connection, seen with the sides of the group. */
export function turnedPackets(packets: readonly Packet[], side0: 0 | 1): readonly Packet[] {
  return side0 === 0 ? packets : packets.map((packet) => ({ ...packet, side: 1 - packet.side }));
}

/** As `turnedPackets`; halves stay with their sender and receiver. */
export function turnedRsts(rsts: readonly RstRecord[], side0: 0 | 1): readonly RstRecord[] {
  if (side0 === 0) return rsts;
  const turn = (packet: Packet): Packet => ({ ...packet, side: 1 - packet.side });
  return rsts.map((rst) => ({
    ...rst,
    packet: turn(rst.packet),
    trigger: rst.trigger === null ? null : turn(rst.trigger),
  }));
}
