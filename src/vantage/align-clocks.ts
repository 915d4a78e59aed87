/** Every capture's clock on one common clock, over the segments that pairs of captures both show. */
import { clockDifference, onClockOfA, onClockOfB, type ClockDifference, type Crossing } from './clocks.ts';
import { laterNs, type Order } from './places.ts';
import type { PacketPair } from './same-packet.ts';

/** Two captures of one connection, `a` the one that was named first. */
export interface Link {
  readonly a: number;
  readonly b: number;
  readonly order: Order;
  readonly pairs: readonly PacketPair[];
  /** What B's times need to count from A's second, nanoseconds. */
  readonly shiftNs: number;
}

/** How the clock of an input stands to that of another. */
export interface Clock extends ClockDifference {
  readonly input: number;
  readonly against: number;
}

export interface Clocks {
  readonly clocks: readonly Clock[];
  /** A time of the input on the common clock, nanoseconds; null while it cannot be compared. */
  readonly toCommon: (input: number) => ((ns: number) => number) | null;
  /** How well that is known, nanoseconds. */
  readonly errorNs: (input: number) => number;
}

interface Aligned {
  readonly toCommon: (ns: number) => number;
  readonly errorNs: number;
}

/** Every input's clock against the first one's, directly or over others. */
export function alignClocks(links: readonly Link[]): Clocks {
  const pairs = crossingsByPair(links);
  const clocks: Clock[] = [];
  const known = new Map<number, Aligned>();
  const first = links.reduce((least, { a }) => Math.min(least, a), Number.POSITIVE_INFINITY);
  known.set(first, { toCommon: (ns) => ns, errorNs: 0 });
  for (let grew = true; grew;) {
    grew = false;
    for (const { a, b, shiftNs, crossings } of pairs) {
      if (known.has(a) === known.has(b)) continue;
      const difference = clockDifference(crossings);
      if (difference === null) continue;
      const { offsetNs, driftPpm } = difference;
      const base = known.get(a) ?? known.get(b)!;
      const errorNs = base.errorNs + difference.errorNs;
      if (known.has(a)) {
        known.set(b, { toCommon: (ns) => base.toCommon(onClockOfA(difference, ns + shiftNs)), errorNs });
        clocks.push({ ...difference, input: b, against: a });
      } else {
        known.set(a, { toCommon: (ns) => base.toCommon(onClockOfB(difference, ns) - shiftNs), errorNs });
        clocks.push({ ...difference, offsetNs: -offsetNs, driftPpm: -driftPpm, input: a, against: b });
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

/** Enough to fit a line; more of a million segments would only cost memory. */
const MAX_CROSSINGS = 20_000;

interface PairOfInputs {
  readonly a: number;
  readonly b: number;
  readonly shiftNs: number;
  readonly crossings: Crossing[];
}

function crossingsByPair(links: readonly Link[]): PairOfInputs[] {
  const pairs = new Map<string, PairOfInputs>();
  for (const { a, b, order, pairs: packets, shiftNs } of links) {
    if (order === 0) continue;
    const key = `${a} ${b}`;
    const known = pairs.get(key) ?? { a, b, shiftNs, crossings: [] };
    pairs.set(key, known);
    for (const pair of packets.slice(0, MAX_CROSSINGS - known.crossings.length)) {
      const aFirst = (pair.a.side === 0) === (order === 1);
      known.crossings.push({ atNs: pair.a.tNs, laterNs: laterNs(pair, shiftNs), aFirst });
    }
  }
  return [...pairs.values()];
}
