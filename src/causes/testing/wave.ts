/** Four connections of one listener, reset within 3 ms by their server: the case of a crash, a restart, a drain. */
import type { ResetFacts } from '../../evidence/facts.ts';
import type { Listener } from '../../evidence/listener.ts';
import type { ResetCase } from '../define.ts';
import { atMs, listener, population, resetCase, resetFacts, type Change } from './facts.ts';

/** How the listener fared afterwards: it refused before it accepted again, or accepted all the time. */
export const GAP: Partial<Listener> = { refused: [atMs(1500)], accepted: [atMs(3000)] };
export const KEPT: Partial<Listener> = { refused: [], accepted: [atMs(1100)] };

/** The first of the four; `change` applies to all of them. */
export function waveCase(seen: Partial<Listener> = {}, change: Change<ResetFacts> = {}): ResetCase {
  const resets = [0, 1, 2, 3].map((row) => resetFacts({ ...change, row, atNs: atMs(1000 + row) }));
  const lived = { begins: resets.map(() => 0), ends: resets.map(({ atNs }) => atNs) };
  return resetCase(resets[0]!, 'active-abort', population(resets, { listeners: listener({ ...lived, ...seen }) }));
}
