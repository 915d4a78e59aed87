/** Whether one machine writes the packets of both sides: their IP-IDs show it. */
import type { Half } from './half.ts';
import { DUPLICATE, type Packet } from './packets.ts';

/** Room for what the counter's owner sends elsewhere in between. */
const COUNTER_STEP = 16;
const CHANGES = 6;
const CHANGES_THAT_FIT = 4;
const INITIAL_TTLS: ReadonlySet<number> = new Set([64, 128, 255]);

/**
 * Frames of packets of both sides, the RST the last, whose IP-IDs follow one counter; empty when each side has its own.
 * Two hosts count apart. Where the packets of both carry one counter, one machine writes them all; that is
 * innocent where both addresses are its own, which the same untouched TTL shows.
 */
export function oneCounterFrames(
  rst: Packet,
  recent: readonly Packet[],
  halves: readonly [Half, Half],
): readonly number[] {
  const [{ ttl: a }, { ttl: b }] = halves;
  if (rst.ipId <= 0 || a <= 0 || b <= 0 || (a === b && INITIAL_TTLS.has(a))) return [];
  const packets = recent.filter((p) => p.ipId > 0 && !(p.notes & DUPLICATE));
  const otherLast = packets.findLast((p) => p.side !== rst.side);
  if (otherLast === undefined || !isStep(otherLast, rst)) return [];
  const changes: (readonly [Packet, Packet])[] = [];
  for (let i = packets.length - 1; i > 0 && changes.length < CHANGES; i--) {
    if (packets[i]!.side !== packets[i - 1]!.side) changes.push([packets[i - 1]!, packets[i]!]);
  }
  const fitting = changes.filter(([before, after]) => isStep(before, after));
  if (fitting.length < CHANGES_THAT_FIT) return [];
  const frames = new Set(fitting.toReversed().flatMap(([before, after]) => [before.frame, after.frame]));
  return [...frames, rst.frame];
}

/** A device that sends from several queues may change the order of a few packets. */
function isStep(before: Packet, after: Packet): boolean {
  const step = (after.ipId - before.ipId) & 0xffff;
  return step !== 0 && Math.min(step, 0x10000 - step) <= COUNTER_STEP;
}
