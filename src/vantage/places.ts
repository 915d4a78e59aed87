/** Which of two captures lies nearer to one side of a connection: by the time that its segments take, and by their TTL. */
import type { Packet } from '../flow/packets.ts';
import { RST } from '../wire/tcp.ts';
import type { PacketPair } from './same-packet.ts';

/** 1: A's place is nearer to side 0 of the connection than B's; -1: farther from it; 0: that cannot be told. */
export type Order = 1 | 0 | -1;

/** `shiftNs` is what B's times need to count from A's second. */
export function orderOf(pairs: readonly PacketPair[], shiftNs: number): Order {
  const byTime = orderByTime(pairs, shiftNs);
  const byTtl = orderByTtl(pairs);
  if (byTime === 0 || byTtl === 0) return byTime === 0 ? byTtl : byTime;
  return byTime === byTtl ? byTime : 0;
}

/** Two places on one host lie closer than the clock of a capture tells. */
const NO_DELAY_NS = 4000;

/**
 * Seen from A, what side 0 sends is later in B by the path and the clocks, what side 1 sends by the clocks less the
 * path: each segment is held against the next one from the other side, so that a clock that drifts does not matter.
 */
function orderByTime(pairs: readonly PacketPair[], shiftNs: number): Order {
  const sorted = [...pairs].sort((x, y) => x.a.tNs - y.a.tNs);
  const gaps: number[] = [];
  for (let i = 1; i < sorted.length; i++) {
    const before = sorted[i - 1]!;
    const after = sorted[i]!;
    if (before.a.side === after.a.side) continue;
    const [from0, from1] = before.a.side === 0 ? [before, after] : [after, before];
    gaps.push(laterNs(from0, shiftNs) - laterNs(from1, shiftNs));
  }
  if (gaps.length === 0) return 0;
  gaps.sort((x, y) => x - y);
  const median = gaps[gaps.length >> 1]!;
  return Math.abs(median) < NO_DELAY_NS ? 0 : median > 0 ? 1 : -1;
}

/** How much later B saw the segment, by the two clocks as they stand. */
export function laterNs({ a, b }: PacketPair, shiftNs: number): number {
  return b.tNs + shiftNs - a.tNs;
}

/** Each router takes one off (RFC 1812 §5.3.1). */
function orderByTtl(pairs: readonly PacketPair[]): Order {
  let nearer = 0;
  for (const { a, b } of pairs) nearer += Math.sign(a.ttl - b.ttl) * (a.side === 0 ? 1 : -1);
  return Math.sign(nearer) as Order;
}

const INITIAL_TTLS = new Set([64, 128, 255]);

/** No router lies between this side and the capture: all its segments have the TTL that a kernel starts with. */
export function isBeside(packets: readonly Packet[], side: number): boolean {
  let seen = false;
  for (const packet of packets) {
    if (packet.side !== side || packet.flags & RST) continue;
    if (!INITIAL_TTLS.has(packet.ttl)) return false;
    seen = true;
  }
  return seen;
}
