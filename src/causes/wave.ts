/** Resets of one listener in one moment: the trace that a crash, a restart and a drain have in common. */
import type { Evidence } from '../evidence/evidence.ts';
import type { ResetFacts } from '../evidence/facts.ts';
import { massEvent, type MassEvent } from '../evidence/population.ts';
import { shown, type Remedy, type ResetCase } from './define.ts';
import { lasting } from './telling.ts';

/** Below this share of the open connections something spared most of them: a process that ends spares none. */
const MOST = 0.5;

/** The moment in which the server's side reset most of its open connections, this one among them; null without one. */
export function waveOf(input: ResetCase): MassEvent | null {
  const { facts, population } = input;
  const { mechanism } = input.mechanism;
  if (facts.sender !== 'server' || facts.half.server.packets === 0) return null;
  if (mechanism !== 'active-abort' && mechanism !== 'passive-answer') return null;
  const event = massEvent(population, facts);
  return event !== null && event.share >= MOST ? event : null;
}

/** What the moment looked like, and how the listener fared after it. */
export function waveEvidence(facts: ResetFacts, event: MassEvent): Evidence[] {
  const { count, closed, spanMs, share, refusedMeanwhile, backAfterMs } = event;
  return [
    shown(
      facts,
      'reset-together',
      event.frames,
      `${count} connections of this listener were reset within ${lasting(spanMs)}${closed > 0 ? ` and ${closed} more closed by FIN` : ''}, ${Math.round(share * 100)} % of those open`,
    ),
    shown(
      facts,
      'listener-afterwards',
      [],
      `${refusedMeanwhile === 0 ? 'no connection was' : `${refusedMeanwhile} new connections were`} refused then; ${
        backAfterMs === null
          ? 'none was accepted again in this capture'
          : `the next one was accepted ${lasting(backAfterMs)} later`
      }`,
    ),
  ];
}

/** `together with 4 others within 12 ms`. */
export function waveWords(event: MassEvent | null): string {
  return event === null ? 'with a RST' : `together with ${event.count - 1} others within ${lasting(event.spanMs)}`;
}

/** Where the host recorded how its process ended. */
export function exitRecord(facts: ResetFacts): Remedy {
  return {
    text: `On ${facts.server.address}: how the process behind port ${facts.server.port} ended at that second`,
    command: `journalctl -o short-precise --since=-1h -g 'oom|killed process|segfault|exited|stopp|start'`,
    why: 'A stop that somebody asked for, a crash and an out-of-memory kill close the same sockets; only the host records which one it was.',
  };
}
