/** Contrasts in words, each with the counts that it rests on. */
import { ms } from '../causes/duration.ts';
import type { Comparison, MeasureContrast, TraitContrast } from '../evidence/contrast.ts';
import type { Measure } from '../evidence/survivors.ts';
import { nameOf } from '../flow/encapsulations.ts';
import type { Connections } from '../flow/table.ts';
import { formatAddress } from '../wire/address.ts';

export interface Telling {
  readonly table: Connections;
  /** Epoch seconds of the clock that times count from. */
  readonly baseSeconds: number;
  /** The measure that the cause speaks of: said even of counts too small to prove anything, and then with that remark. */
  readonly expected: Measure | null;
  /** The group ended in one moment: that it is old or late says nothing more. */
  readonly isMoment: boolean;
}

const MAX_LINES = 3;
/** Idle or open for less than this is an ordinary pause; fewer bytes than a full segment are no size. */
const LEAST: Readonly<Record<Measure, number>> = {
  idle: 800,
  age: 10_000,
  'bytes-from-client': 1024,
  'bytes-from-server': 1024,
  start: 0,
};

/** What sets the group apart, most telling first; empty when nothing does. */
export function contrastLines(comparison: Comparison, telling: Telling): string[] {
  const measures = comparison.measures.filter((one) => one.least >= LEAST[one.measure]);
  const isIdle = measures.some(({ measure, sure }) => measure === 'idle' && sure);
  const said = measures.filter(({ measure, sure }) => {
    if (!sure) return measure === telling.expected;
    if (measure === 'start') return !telling.isMoment && comparison.traits.length === 0;
    // Whoever is idle for long is also open for long.
    return measure !== 'age' || (!isIdle && !telling.isMoment);
  });
  const first = said.filter(({ measure }) => measure === telling.expected);
  return [
    ...first.map((one) => measureLine(one, telling)),
    ...comparison.traits.map((one) => traitLine(one, telling.table)),
    ...said.filter((one) => !first.includes(one)).map((one) => measureLine(one, telling)),
  ].slice(0, MAX_LINES);
}

function measureLine(one: MeasureContrast, { baseSeconds }: Telling): string {
  const { measure, least, most } = one;
  const doubt = one.sure ? '' : '; too few to rule out chance';
  const group = of(one.hits, one.group);
  const others = `${of(one.otherHits, one.others)} survivor${one.others === 1 ? '' : 's'}`;
  switch (measure) {
    case 'idle':
      return `${group} were idle for at least ${ms(least)}; ${others} were (the others at most ${ms(most)})${doubt}.`;
    case 'age':
      return `${group} had been open for at least ${ms(least)}; ${others} had (the others at most ${ms(most)})${doubt}.`;
    case 'start':
      return `${group} were opened from ${clock(baseSeconds, least)} UTC on; ${others} were (the last of the others at ${clock(baseSeconds, most)})${doubt}.`;
    case 'bytes-from-client':
      return `${group} carried at least ${least} bytes from the client; ${others} did (the others at most ${most})${doubt}.`;
    case 'bytes-from-server':
      return `${group} carried at least ${least} bytes from the server; ${others} did (the others at most ${most})${doubt}.`;
  }
}

function traitLine(one: TraitContrast, table: Connections): string {
  const group = of(one.hits, one.group);
  const others = `${of(one.otherHits, one.others)} survivor${one.others === 1 ? '' : 's'}`;
  const [value] = one.values;
  switch (one.trait) {
    case 'client':
      return `${group} are of the client ${addressOf(table, value!)}; ${others} ${one.others === 1 ? 'is' : 'are'}.`;
    case 'clients':
      return `${group} are of ${one.values.length} clients, ${one.values.map((host) => addressOf(table, host)).join(', ')}; ${others} are.`;
    case 'network':
      return `${group} are of clients in ${networkText(table, value!)}; ${others} are.`;
    case 'encapsulation':
      return `${group} travelled ${insideText(table, value!)}; ${others} did.`;
    case 'client-ttl':
      return `${group} came from the client with TTL ${value}, as by one path; ${others} did.`;
    case 'server-ttl':
      return `${group} were answered with TTL ${value}, as by one path or host; ${others} were.`;
    case 'server':
      return `${group} connections here were reset; ${of(one.otherHits, one.others)} to the same port of other addresses were.`;
  }
}

/** `9 of 120`, `all 9`. */
function of(hits: number, all: number): string {
  return `${hits} of ${all}`;
}

function addressOf({ hosts }: Connections, host: number): string {
  return formatAddress(hosts.view, host * 16, hosts.family[host]!);
}

function networkText(table: Connections, host: number): string {
  const { hosts } = table;
  const bytes = new Uint8Array(16);
  const isV4 = hosts.family[host] === 4;
  bytes.set(hosts.bytes.subarray(host * 16, host * 16 + (isV4 ? 3 : 8)));
  return `${formatAddress(new DataView(bytes.buffer), 0, isV4 ? 4 : 6)}${isV4 ? '/24' : '/64'}`;
}

function insideText(table: Connections, id: number): string {
  const name = nameOf(table.encapsulations, id);
  return name === '' ? 'without encapsulation' : `in ${name}`;
}

/** `10:00:01.234`: the time of day of a capture’s clock. */
export function clock(baseSeconds: number, ns: number): string {
  const millis = baseSeconds * 1000 + Math.floor(ns / 1e6);
  return new Date(Math.max(0, Math.min(millis, 253_402_300_799_000))).toISOString().slice(11, 23);
}
