/**
 * The two connections of a proxy, paired by what they carried and when. What a client says passes the near leg first
 * and the far leg after it; what a server says comes the other way. On one host, where every address is the same, this
 * order alone tells the legs apart.
 */
import type { ResetFacts } from '../evidence/facts.ts';
import type { Population } from '../evidence/population.ts';
import type { Side } from '../terms/actors.ts';
import { onOneHost } from './one-host.ts';
import { forwards, hostPort } from './telling.ts';

/** How two legs are known to carry the same. */
export interface Shared {
  /** `sure` names one conversation, `fits` is what two conversations of one kind may share. */
  readonly by: 'sure' | 'fits';
  readonly text: string;
}

/** The leg whose reset came first and was passed on. */
export interface Leg {
  readonly facts: ResetFacts;
  /** Null when only the time speaks for the pair. */
  readonly shared: Shared | null;
}

const BEFORE_NS = 200e6;
/** Two capture points of one host may swap packets this close together. */
const SWAP_NS = 1e6;
/** Neighbours in time that are compared; a flood of resets must not cost the square of its size. */
const MAX_COMPARED = 64;

/** The reset on the other connection of the host that sent this one; the best match in payload, then in time. */
export function otherLeg(facts: ResetFacts, population: Population): Leg | null {
  const relay = facts[facts.sender];
  const towards = resetsTowards(population, facts.sender);
  const machines = isHere(facts, facts.sender) ? [HERE, relay.host] : [relay.host];
  let fits: Leg | null = null;
  let last: ResetFacts | null = null;
  for (const leg of machines.flatMap((machine) => within(towards.get(machine) ?? [], facts))) {
    if (leg.row === facts.row || !areLegs(facts, leg)) continue;
    const shared = sharedBy(facts, leg);
    if (shared?.by === 'sure') return { facts: leg, shared };
    if (shared !== null) fits = { facts: leg, shared };
    last = leg;
  }
  if (fits !== null) return fits;
  return last !== null && forwards(relay) ? { facts: last, shared: null } : null;
}

/** Two legs of one proxy lead to different listeners, were open at the same time, and carry data one after the other. */
function areLegs(facts: ResetFacts, origin: ResetFacts): boolean {
  const sameListener = facts.server.host === origin.server.host && facts.server.port === origin.server.port;
  if (sameListener || facts.firstNs >= origin.atNs || origin.firstNs >= facts.atNs) return false;
  const [near, far] = facts.sender === 'server' ? [facts, origin] : [origin, facts];
  // Of packets that stay within the host, one device shows all; otherwise their order in the capture may be swapped.
  const slackNs = onOneHost(facts) && onOneHost(origin) ? 0 : SWAP_NS;
  if (origin.atNs - facts.atNs > slackNs || (slackNs === 0 && origin.rst.packet.frame > facts.rst.packet.frame)) {
    return false;
  }
  const asked = passes(near, far, 'client', slackNs);
  return asked ?? passes(far, near, 'server', slackNs) ?? near.firstNs <= far.firstNs + slackNs;
}

/** Whether the data of a side passed `first` before `second`, at their beginning or at their end; null without data. */
function passes(first: ResetFacts, second: ResetFacts, side: Side, slackNs: number): boolean | null {
  const [a, b] = [first.half[side], second.half[side]];
  if (a.dataPackets === 0 || b.dataPackets === 0) return null;
  const [begunA, begunB] = [firstDataNs(first, side), firstDataNs(second, side)];
  return begunA <= begunB + slackNs || a.lastDataNs <= b.lastDataNs + slackNs;
}

function firstDataNs(facts: ResetFacts, side: Side): number {
  const row = side === 'client' ? facts.clientSide : 1 - facts.clientSide;
  const mark = facts.marks.find(({ packet }) => packet.side === row && packet.length > 0);
  return mark?.packet.tNs ?? facts.half[side].lastDataNs;
}

/** Text of this length at the beginning of a stream names its conversation, if it is no ordinary greeting. */
const TELLING_LENGTH = 24;

function sharedBy(a: ResetFacts, b: ResetFacts): Shared | null {
  const [near, far] = a.sender === 'server' ? [a, b] : [b, a];
  const { client } = near;
  const first = { near: near.app.firstText.client, far: far.app.firstText.client };
  if (first.far.startsWith('PROXY ') && !first.near.startsWith('PROXY ')) {
    if (!first.far.includes(` ${client.address} `)) return null;
    return {
      by: 'sure',
      text: `the other leg begins with the PROXY header of ${hostPort(client.address, client.port)}`,
    };
  }
  const [asked, passedOn] = [targetOf(near), targetOf(far)];
  if (asked !== null && passedOn !== null) {
    return asked === passedOn ? { by: 'sure', text: `both legs carried the request ${asked}` } : null;
  }
  const bytes = sharedBytes(a, b);
  if (first.near.length >= TELLING_LENGTH && first.near === first.far && bytes > 0) {
    return { by: 'sure', text: `both legs begin with the same bytes and carried as many: ${bytes}` };
  }
  // Both begin with a text of their own: these are two conversations.
  if (first.near !== '' && first.far !== '' && first.near !== first.far) return null;
  if (bytes === 0) return null;
  return { by: 'fits', text: `both legs had carried the same number of bytes: ${bytes}` };
}

/** Method and target of the last request: what a proxy leaves alone when it writes the head anew. */
function targetOf(facts: ResetFacts): string | null {
  const line = facts.app.request?.line;
  if (line === undefined) return null;
  const [method, target] = line.split(' ');
  return target === undefined ? null : `${method} ${target}`;
}

/** Bytes that both legs carried in the same direction, 0 when the counts differ. */
function sharedBytes(a: ResetFacts, b: ResetFacts): number {
  if (a.bytes.client === b.bytes.client && a.bytes.client > 0) return a.bytes.client;
  return a.bytes.server === b.bytes.server ? a.bytes.server : 0;
}

/** The capturing machine, under whichever of its own addresses: all of 127.0.0.0/8 is one host (RFC 1122 §3.2.1.3). */
const HERE = -1;

function isHere(facts: ResetFacts, side: Side): boolean {
  return onOneHost(facts) || facts.observedAt === side;
}

type ByMachine = ReadonlyMap<number, readonly ResetFacts[]>;
const byRelay = new WeakMap<Population, { readonly client: ByMachine; readonly server: ByMachine }>();

/** Resets of one side by the machine that received them, in order of time. */
function resetsTowards(population: Population, sender: Side): ByMachine {
  let index = byRelay.get(population);
  if (index === undefined) {
    index = { client: received(population, 'client'), server: received(population, 'server') };
    byRelay.set(population, index);
  }
  return index[sender];
}

function received(population: Population, sender: Side): ByMachine {
  const map = new Map<number, ResetFacts[]>();
  for (const facts of population.resets) {
    if (facts.sender !== sender) continue;
    add(map, facts[facts.receiver].host, facts);
    if (isHere(facts, facts.receiver)) add(map, HERE, facts);
  }
  for (const list of map.values()) list.sort((a, b) => a.atNs - b.atNs);
  return map;
}

function add(map: Map<number, ResetFacts[]>, machine: number, facts: ResetFacts): void {
  const list = map.get(machine);
  if (list === undefined) map.set(machine, [facts]);
  else list.push(facts);
}

function within(sorted: readonly ResetFacts[], facts: ResetFacts): readonly ResetFacts[] {
  const end = firstAfter(sorted, facts.atNs + SWAP_NS);
  const start = Math.max(firstAfter(sorted, facts.atNs - BEFORE_NS - 1), end - MAX_COMPARED);
  return sorted.slice(start, end);
}

/** Index of the first reset later than `ns`. */
function firstAfter(sorted: readonly ResetFacts[], ns: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]!.atNs <= ns) low = middle + 1;
    else high = middle;
  }
  return low;
}
