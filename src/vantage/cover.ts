/** Whether a capture was running at a moment, as far as its packets show. */

/** `ends`: its last packet lies shortly before; it may have been stopped in between. `no`: no packet shows that it ran. */
export type Cover = 'yes' | 'ends' | 'no';

/** A capture that is silent for longer may have been stopped. */
const SHORTLY_NS = 2e9;

/** `beginsNs` and `endsNs` are its first and last packet, on the clock of `atNs`, which is known to `errorNs`. */
export function coverOf(beginsNs: number, endsNs: number, atNs: number, errorNs: number): Cover {
  if (atNs - errorNs < beginsNs) return 'no';
  if (atNs + errorNs <= endsNs) return 'yes';
  return atNs - errorNs - endsNs < SHORTLY_NS ? 'ends' : 'no';
}
