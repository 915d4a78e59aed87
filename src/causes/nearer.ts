import type { Evidence } from '../evidence/evidence.ts';
import type { ResetFacts } from '../evidence/facts.ts';
import type { Packet } from '../flow/packets.ts';
import { fits } from '../flow/rst-trigger.ts';
import { ACK } from '../wire/tcp.ts';
import { shown } from './define.ts';
import { ms } from './duration.ts';

/** Chance alone may make an answer a little faster than all before it. */
const SOONER = 0.8;
/** Below this the hosts and the capture decide, not distance. */
const MEASURABLE_NS = 5e6;
/** An answer that takes so many times longer than the fastest one is an answer to something else. */
const LATE = 10;
/** With fewer packets of the host its fastest answer may be a slow one. */
const SAMPLES = 4;
/** More hops than that are two settings of one host, not two distances. */
const MAX_HOPS = 30;

/**
 * A bare RST from a place nearer than the host that had answered until then, by two measurements: fewer hops on its TTL,
 * and sooner than that host ever answered. Who lost the connection answers from where it always answered.
 */
export function nearerThanBefore(facts: ResetFacts): Evidence | null {
  const { packet, from } = facts.rst;
  if ((packet.flags & ACK) !== 0 || packet.window > 0) return null;
  const hops = packet.ttl - from.ttl;
  if (from.ttl <= 0 || hops <= 0 || hops > MAX_HOPS) return null;
  const { fastestAnswerNs } = from;
  if (!Number.isFinite(fastestAnswerNs) || fastestAnswerNs < MEASURABLE_NS || from.packets < SAMPLES) return null;
  const answered = firstAnswered(facts, packet.tNs - fastestAnswerNs * LATE);
  if (answered === null) return null;
  const delayNs = packet.tNs - answered.tNs;
  if (delayNs >= fastestAnswerNs * SOONER) return null;
  return shown(
    facts,
    'answered-from-nearer',
    [answered.frame, packet.frame],
    `it came from nearer than all before it: ${hops === 1 ? 'one hop' : `${hops} hops`} less on its TTL, and ${ms(delayNs / 1e6)} after the segment where no answer had taken less than ${ms(fastestAnswerNs / 1e6)}; a host that merely lost the connection answers from where it was`,
    {
      expected: `TTL ${from.ttl}, ${ms(fastestAnswerNs / 1e6)} or more`,
      received: `TTL ${packet.ttl}, ${ms(delayNs / 1e6)}`,
    },
  );
}

/** The earliest segment from `sinceNs` on that the RST can answer: each acknowledges just its number. */
function firstAnswered({ marks, rst }: ResetFacts, sinceNs: number): Packet | null {
  const mark = marks.find(({ packet }) => packet.tNs >= sinceNs && fits(packet, rst.packet));
  return mark !== undefined && mark.packet.frame < rst.packet.frame ? mark.packet : null;
}
