/**
 * Where along the path a RST was seen and where not, and so where it came from. What lies nearer to the host whose
 * address it bears and did not see it proves that the host did not send it, if that capture was running, missed nothing
 * else and lies on the way.
 */
import type { Cover } from './cover.ts';
import type { Packet } from '../flow/packets.ts';
import type { RstRecord } from '../flow/rst-record.ts';
import { ACK, FIN, SYN } from '../wire/tcp.ts';
import { seqDiff } from '../wire/seq.ts';
import { isBeside } from './places.ts';
import { nameOfSegment } from './same-packet.ts';
import type { Sighting } from './sighting.ts';

/** One RST packet as one capture shows it. */
export interface Seen {
  readonly input: number;
  readonly rst: RstRecord;
}

export type Origin =
  /** It came out of the host whose address it bears, or from beside it: `input` lies there. */
  | { readonly kind: 'endpoint'; readonly input: number }
  /** From the side of `input` that the named host is on; what lies between them is not captured. */
  | { readonly kind: 'beyond'; readonly input: number }
  /** Made between two places: `without` lies nearer to the named host and did not see it, `with` did. */
  | {
      readonly kind: 'between';
      readonly without: number;
      readonly with: number;
      readonly sure: boolean;
      /** Why it is not sure; empty when it is. */
      readonly doubt: string;
      /** The segment that it answers reached `without`; null when it answers none that is kept. */
      readonly triggerReached: boolean | null;
    };

export interface Passage {
  /** Side of the connection that the RST names as its sender. */
  readonly side: number;
  /** Nearest to that side first. */
  readonly seen: readonly Seen[];
  readonly origin: Origin;
  /** It reached the place nearest to the other side; null where that capture shows nothing then. */
  readonly arrived: boolean | null;
}

/** What the captures of one connection know of time and place. */
export interface Vantage {
  /** Along the path, nearest to side 0 first. */
  readonly path: readonly Sighting[];
  /** A time of an input on the common clock, nanoseconds. */
  readonly common: (input: number, ns: number) => number;
  /** How well that is known, nanoseconds. */
  readonly errorNs: number;
  /** Whether the capture of the input ran at a common time, by its packets. */
  readonly covers: (input: number, commonNs: number) => Cover;
}

/** The RSTs of a connection, each once, in the order of time. */
export function passagesOf(vantage: Vantage): Passage[] {
  const { path, common } = vantage;
  const open: { readonly name: string; readonly side: number; readonly seen: (Seen & { atNs: number })[] }[] = [];
  for (const sighting of path) {
    for (const rst of sighting.rsts) {
      if (rst.duplicateOf !== null) continue;
      const name = nameOfSegment(rst.packet);
      const atNs = common(sighting.input, rst.packet.tNs);
      const known = open.find(
        (one) =>
          one.name === name &&
          one.seen.every((other) => other.input !== sighting.input && Math.abs(other.atNs - atNs) < SAME_RST_NS),
      );
      if (known === undefined) {
        open.push({ name, side: rst.packet.side, seen: [{ input: sighting.input, rst, atNs }] });
      } else {
        known.seen.push({ input: sighting.input, rst, atNs });
      }
    }
  }
  const earliest = (one: (typeof open)[number]): number => Math.min(...one.seen.map(({ atNs }) => atNs));
  open.sort((a, b) => earliest(a) - earliest(b));
  return open.map(({ side, seen }) => trace(vantage, side, side === 0 ? seen : [...seen].reverse()));
}

/** A RST on its way takes less; the same RST again, as an answer to a retransmission, is another one. */
const SAME_RST_NS = 1e9;

function trace(vantage: Vantage, side: number, seen: readonly (Seen & { atNs: number })[]): Passage {
  const along = side === 0 ? vantage.path : [...vantage.path].reverse();
  const first = along.findIndex(({ input }) => input === seen[0]!.input);
  const last = along.at(-1)!;
  const reached = seen.some(({ input }) => input === last.input);
  const covered = vantage.covers(last.input, seen[0]!.atNs) !== 'no';
  return {
    side,
    seen: seen.map(({ input, rst }) => ({ input, rst })),
    origin: originOf(vantage, along, first, side, seen[0]!),
    arrived: reached ? true : covered ? false : null,
  };
}

function originOf(
  vantage: Vantage,
  along: readonly Sighting[],
  first: number,
  side: number,
  seen: Seen & { atNs: number },
): Origin {
  const here = along[first]!;
  // Adjacent first: of the places that prove the same it leaves the shortest stretch for a suspect.
  const nearer = along.slice(0, first).reverse();
  const [adjacent] = nearer;
  if (adjacent === undefined) {
    return { kind: isBeside(here.packets, side) ? 'endpoint' : 'beyond', input: here.input };
  }
  const doubtIn = (place: Sighting): string => doubtOf(vantage, place, here, side, seen.atNs);
  const without = nearer.find((place) => doubtIn(place) === '') ?? adjacent;
  const doubt = doubtIn(without);
  const trigger = seen.rst.trigger;
  return {
    kind: 'between',
    without: without.input,
    with: here.input,
    sure: doubt === '',
    doubt,
    triggerReached: trigger === null ? null : holds(without, trigger),
  };
}

/** Why the capture nearer to the named host may have missed the RST although that host sent it; empty when it cannot. */
function doubtOf(vantage: Vantage, nearer: Sighting, here: Sighting, side: number, atNs: number): string {
  const cover = vantage.covers(nearer.input, atNs);
  if (cover === 'no') return quietAt(vantage, nearer, atNs);
  if (cover === 'ends') return 'that capture ends so close to that moment that it may have been stopped before';
  const sent = here.packets.filter((packet) => packet.side === side && isContent(packet));
  const shared = sent.filter((packet) => holds(nearer, packet));
  const lost = comparable(sent, nearer).filter((packet) => !holds(nearer, packet));
  if (lost.length > 0)
    return `that capture also lacks ${lost.length} other ${lost.length === 1 ? 'segment' : 'segments'} of the same sender`;
  if (nearer.rsts.some((rst) => isOther(vantage, nearer, rst, side, here, atNs))) {
    return 'that capture shows another RST of the same host at that moment, which may be this one, altered on the way';
  }
  const passes = shared.length > 0 || isBeside(nearer.packets, side);
  return passes ? '' : 'nothing shows that what this host sends passes that place at all';
}

/** Of a capture without a packet around that moment: it was stopped, not yet started, or nothing passed it. */
function quietAt({ common, errorNs }: Vantage, { input, beginsNs, endsNs }: Sighting, atNs: number): string {
  if (atNs - errorNs < common(input, beginsNs)) {
    return 'that capture shows nothing before that moment; it may have been started after it';
  }
  const seconds = ((atNs - common(input, endsNs)) / 1e9).toFixed(1);
  return `that capture shows nothing from ${seconds} s before that moment on; it may have been stopped`;
}

/** A RST of the same side that the other capture does not show as it is. */
function isOther(
  { common, errorNs }: Vantage,
  nearer: Sighting,
  { packet }: RstRecord,
  side: number,
  here: Sighting,
  atNs: number,
): boolean {
  if (packet.side !== side) return false;
  const apartNs = Math.abs(common(nearer.input, packet.tNs) - atNs);
  const name = nameOfSegment(packet);
  return apartNs < ALTERED_NS + errorNs && !here.rsts.some((rst) => nameOfSegment(rst.packet) === name);
}

/** What a device alters it passes on at once. */
const ALTERED_NS = 100e6;

function isContent({ flags, length }: Packet): boolean {
  return length > 0 || (flags & (SYN | FIN)) !== 0;
}

/** Of these packets those that a capture would still have kept, had it seen them. */
function comparable(packets: readonly Packet[], { missing, packets: kept, tailFrom }: Sighting): readonly Packet[] {
  if (missing === 0) return packets;
  const tail = kept.slice(tailFrom);
  return packets.filter((packet) => {
    const lowest = tail.find(({ side, length }) => side === packet.side && length > 0);
    return lowest !== undefined && seqDiff(packet.seq, lowest.seq) >= 0;
  });
}

/** The capture shows the segment, as it was or as a part of a larger or smaller one (segmentation offload). */
function holds({ packets }: Sighting, segment: Packet): boolean {
  const end = segment.seq + segment.length;
  return packets.some((packet) => {
    if (packet.side !== segment.side) return false;
    if (packet.seq === segment.seq && packet.length === segment.length) {
      const kinds = SYN | FIN;
      return (packet.flags & kinds) === (segment.flags & kinds) && sameAck(packet, segment);
    }
    if (segment.length === 0 || packet.length === 0) return false;
    return seqDiff(packet.seq, end) < 0 && seqDiff(packet.seq + packet.length, segment.seq) > 0;
  });
}

function sameAck(a: Packet, b: Packet): boolean {
  return a.length > 0 || !(a.flags & b.flags & ACK) || a.ack === b.ack;
}
