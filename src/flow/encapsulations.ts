/**
 * The encapsulations of a capture as small integers, and sets of them: a connection may travel in several, one for
 * each direction (MPLS labels, GTP tunnels) or one inside the other (captured before and behind a tunnel's end).
 */
import { encapsulationName, ENTRY_WORDS, type Way } from '../wire/encapsulation.ts';

/** Id of packets without any, and of what stands for all when there are too many to tell apart. */
export const PLAIN = 0;
export const ANY = 1;
/** Ids fit 16 bits, as one stands in a column for every connection. */
const MAX_IDS = 0xffff;
/** Most encapsulations that a set lists; a longer one would hold all. */
const MAX_MEMBERS = 8;

export interface Encapsulations {
  /** Per id: the entries of one encapsulation; empty for sets. */
  readonly stacks: Uint32Array[];
  /** Per id: the encapsulations in it, ascending; one of itself alone. */
  readonly members: (readonly number[])[];
  readonly byHash: Map<number, number[]>;
  /** Sets by the set that grew and the member that it grew by. */
  readonly grown: Map<number, number>;
}

export function createEncapsulations(): Encapsulations {
  const none = new Uint32Array(0);
  return { stacks: [none, none], members: [[PLAIN], [ANY]], byHash: new Map(), grown: new Map() };
}

/** The id of the way that led to the packet. */
export function encapsulationOf(known: Encapsulations, way: Way): number {
  return way.tunnel === 0 ? PLAIN : interned(known, way.stack, way.tunnel * ENTRY_WORDS);
}

/** True while no packet of the capture was encapsulated. */
export function allPlain(known: Encapsulations): boolean {
  return known.stacks.length === 2;
}

/** True when a connection in the set `own` may hold packets of the encapsulation `id`. */
export function holds(known: Encapsulations, own: number, id: number): boolean {
  return own === id || own === ANY || known.members[own]!.includes(id);
}

/** The id of the set with one more encapsulation in it. */
export function withMember(known: Encapsulations, own: number, id: number): number {
  if (holds(known, own, id)) return own;
  const key = own * 0x10000 + id;
  const before = known.grown.get(key);
  if (before !== undefined) return before;
  if (id === ANY || known.stacks.length >= MAX_IDS || known.members[own]!.length >= MAX_MEMBERS) return ANY;
  const members = [...known.members[own]!, id].toSorted((a, b) => a - b);
  const next = add(known, new Uint32Array(0), members);
  known.grown.set(key, next);
  return next;
}

/** The readable name of a set, such as `plain and vxlan 42`; empty when nothing is encapsulated. */
export function nameOf(known: Encapsulations, id: number): string {
  if (id === PLAIN) return '';
  return known.members[id]!.map((one) => {
    const stack = known.stacks[one]!;
    if (one === ANY) return 'several';
    return one === PLAIN ? 'plain' : encapsulationName(stack, stack.length / ENTRY_WORDS);
  }).join(' and ');
}

function interned(known: Encapsulations, stack: Uint32Array, words: number): number {
  let hash = words;
  for (let i = 0; i < words; i++) hash = (Math.imul(hash, 0x01000193) ^ stack[i]!) | 0;
  const ids = known.byHash.get(hash);
  for (const id of ids ?? []) if (isSame(known.stacks[id]!, stack, words)) return id;
  // Chosen numbers can share a hash: a short list is searched, a long one is not.
  if (known.stacks.length >= MAX_IDS || (ids !== undefined && ids.length >= 8)) return ANY;
  const id = add(known, stack.slice(0, words), [known.stacks.length]);
  if (ids === undefined) known.byHash.set(hash, [id]);
  else ids.push(id);
  return id;
}

function add(known: Encapsulations, stack: Uint32Array, members: readonly number[]): number {
  known.stacks.push(stack);
  known.members.push(members);
  return known.stacks.length - 1;
}

function isSame(a: Uint32Array, b: Uint32Array, words: number): boolean {
  if (a.length !== words) return false;
  for (let i = 0; i < words; i++) if (a[i] !== b[i]) return false;
  return true;
}
