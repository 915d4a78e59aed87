/**
 * What sets connections that were reset apart from those that survived: one number that is larger, or one property
 * that they share and the others do not. Claimed only where chance would hardly bring it about; the counts are exact.
 */
import { flagsOf, HAS_RST, OPENER_1, portOf, type Connections } from '../flow/table.ts';
import type { ConnectionFacts } from './facts.ts';
import { firstFrom } from './listener.ts';
import { survived, type ListenerRows } from './listener-rows.ts';
import { fisher, lnChoose } from './significance.ts';
import {
  countBelow,
  measured,
  MEASURES,
  mostBelow,
  propertyOf,
  survivorsOf,
  type Measure,
  type Property,
  type Survivors,
} from './survivors.ts';

/** A property that connections may share. */
export type Trait = 'client' | 'clients' | 'network' | 'encapsulation' | 'client-ttl' | 'server-ttl' | 'server';

interface Counted {
  /** `hits` of `group`, and `otherHits` of the `others` that survived, have it. */
  readonly hits: number;
  readonly group: number;
  readonly otherHits: number;
  readonly others: number;
  /** Chance would hardly bring these counts about. */
  readonly sure: boolean;
}

export interface MeasureContrast extends Counted {
  readonly measure: Measure;
  /** What the hits have at least, and the other survivors at most: milliseconds, bytes or, for `start`, nanoseconds. */
  readonly least: number;
  readonly most: number;
}

export interface TraitContrast extends Counted {
  readonly trait: Trait;
  /** Host ids for clients and networks, a TTL, or the id of encapsulations. */
  readonly values: readonly number[];
}

export interface Comparison {
  readonly survivors: number;
  /** Connections of the listeners, these and the survivors included. */
  readonly connections: number;
  readonly measures: readonly MeasureContrast[];
  readonly traits: readonly TraitContrast[];
  /** There are enough of both to have shown a clear difference. */
  readonly telling: boolean;
}

/** All contrasts of a story together are wrong less often than this where there is none. */
const RARE = 0.01;
/** Questions that are asked of each group. */
const QUESTIONS = 12;
/** A contrast that holds for fewer of the group, or for more of the others, explains too little. */
const MOST_OF_GROUP = 0.9;
const FEW_OF_OTHERS = 0.1;
const MAX_CLIENTS = 5;

/** Compares connections of some listeners with the survivors of the same listeners. */
export function compare(
  table: Connections,
  rows: ListenerRows,
  group: readonly ConnectionFacts[],
  listeners: readonly number[],
): Comparison {
  const others = survivorsOf(table, rows, listeners);
  const sides: Sides = { table, group, others };
  const { connections } = others;
  const survivors = others.rows.length;
  const elsewhere = sameService(table, rows, group, listeners, others);
  if (survivors === 0) {
    return { survivors, connections, measures: [], traits: elsewhere, telling: false };
  }
  return {
    survivors,
    connections,
    measures: MEASURES.flatMap((measure) => byMeasure(sides, measure)),
    traits: [...byClient(sides), ...byPath(sides), ...elsewhere],
    telling: -lnChoose(group.length + survivors, group.length) + Math.log(QUESTIONS) <= Math.log(RARE),
  };
}

interface Sides {
  readonly table: Connections;
  readonly group: readonly ConnectionFacts[];
  readonly others: Survivors;
}

function byMeasure(sides: Sides, measure: Measure): MeasureContrast[] {
  const { table } = sides;
  const own: number[] = [];
  for (const facts of sides.group) {
    if (measure === 'idle') own.push(facts.idleMs ?? 0);
    else if (measure !== 'start' || facts.startSeen) own.push(measured(table, facts.row, facts.clientSide, measure));
  }
  const other = sides.others.measures[measure];
  if (own.length === 0 || other.length === 0) return [];
  const sorted = Float64Array.from(own).sort();
  const thresholds = new Set([sorted[0]!, sorted[Math.floor(sorted.length * (1 - MOST_OF_GROUP))]!]);
  const found = [...thresholds].map((least) => above(sorted, other, least, measure));
  return found.filter((one) => one !== null).slice(0, 1);
}

/** The numbers of the group ascend. */
function above(own: Float64Array, other: Float64Array, least: number, measure: Measure): MeasureContrast | null {
  const hits = own.length - firstFrom(own, least);
  const counted = weigh(hits, own.length, other.length - countBelow(other, least), other.length, 2);
  return counted === null ? null : { measure, least, most: mostBelow(other, least), ...counted };
}

/** The counts, when they are a contrast at all; `choices` are the ways in which it could have been picked. */
function weigh(hits: number, group: number, otherHits: number, others: number, choices: number): Counted | null {
  if (hits < group * MOST_OF_GROUP || otherHits > others * FEW_OF_OTHERS) return null;
  const sure = fisher(hits, group, otherHits, others) * choices * QUESTIONS <= RARE;
  return { hits, group, otherHits, others, sure };
}

function byClient(sides: Sides): TraitContrast[] {
  const { table, group } = sides;
  const clients = new Set<number>();
  for (const facts of group) {
    clients.add(facts.client.host);
    if (clients.size > MAX_CLIENTS) break;
  }
  const hosts = table.hosts.count;
  const single = byProperty(sides, 'client', hosts);
  if (single.some(({ sure }) => sure)) return single;
  const network = networkOf(table);
  const others = sides.others.properties.client;
  const shared = byTrait(
    'network',
    group.map((facts) => network(propertyOf(table, facts.row, facts.clientSide, 'client'))),
    (wanted) => countOf(others.map(network), wanted),
    others.length,
    hosts,
  );
  if (shared.some(({ sure }) => sure)) return shared;
  return clients.size > 1 && clients.size <= MAX_CLIENTS ? byFewClients(sides, clients) : [];
}

/** Some clients and no others: picked from so many that three single resets always have three clients. */
function byFewClients(sides: Sides, clients: ReadonlySet<number>): TraitContrast[] {
  const { group, others } = sides;
  const all = new Set(clients);
  let otherHits = 0;
  for (const host of others.properties.client) all.add(host);
  for (const host of clients) otherHits += countOf(others.properties.client, host);
  const choices = Math.exp(lnChoose(all.size, clients.size));
  const counted = weigh(group.length, group.length, otherHits, others.rows.length, choices);
  return counted === null || !counted.sure ? [] : [{ trait: 'clients', values: [...clients], ...counted }];
}

/** Where the packets came along, as far as the capture shows it: what they travel in, and how many hops they made. */
function byPath(sides: Sides): TraitContrast[] {
  const inside = byProperty(sides, 'encapsulation', 256);
  if (inside.some(({ sure }) => sure)) return inside;
  return [...byProperty(sides, 'client-ttl', 255), ...byProperty(sides, 'server-ttl', 255)];
}

function byProperty({ table, group, others }: Sides, property: Property, choices: number): TraitContrast[] {
  const values = others.properties[property];
  return byTrait(
    property,
    group.map((facts) => propertyOf(table, facts.row, facts.clientSide, property)),
    (wanted) => countOf(values, wanted),
    values.length - countOf(values, -1),
    choices,
  );
}

/** Loops over all survivors stand alone: V8 gives up what it compiled of one when the code behind it is new. */
function countOf(values: Int32Array, wanted: number): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] === wanted) count++;
  return count;
}

/** The value that most of the group share; -1 is unknown and does not count. `othersWith` counts the survivors that have it. */
function byTrait(
  trait: Trait,
  values: readonly number[],
  othersWith: (value: number) => number,
  others: number,
  choices: number,
): TraitContrast[] {
  const own = values.filter((value) => value >= 0);
  if (own.length === 0 || others === 0) return [];
  const value = majority(own);
  let hits = 0;
  for (const one of own) if (one === value) hits++;
  if (hits < own.length * MOST_OF_GROUP) return [];
  const counted = weigh(hits, own.length, othersWith(value), others, Math.min(choices, own.length + others));
  return counted === null || !counted.sure ? [] : [{ trait, values: [value], ...counted }];
}

/** The value that more than half share, if any does (Boyer and Moore); otherwise any. */
function majority(values: readonly number[]): number {
  let candidate = -1;
  let lead = 0;
  for (const value of values) {
    if (lead === 0) candidate = value;
    lead += value === candidate ? 1 : -1;
  }
  return candidate;
}

/** The lowest id of a host in the same network, /24 or /64. */
function networkOf(table: Connections): (host: number) => number {
  let network = NETWORKS.get(table);
  if (network === undefined) NETWORKS.set(table, (network = readNetworks(table)));
  return network;
}

const NETWORKS = new WeakMap<Connections, (host: number) => number>();

function readNetworks({ hosts }: Connections): (host: number) => number {
  const first = new Map<string, number>();
  const known = new Map<number, number>();
  return (host) => {
    const before = known.get(host);
    if (before !== undefined) return before;
    const length = hosts.family[host] === 4 ? 3 : 8;
    const prefix = hosts.bytes.subarray(host * 16, host * 16 + length).join('.');
    const network = first.get(prefix) ?? host;
    if (network === host) first.set(prefix, host);
    known.set(host, network);
    return network;
  };
}

/** Connections to the same port elsewhere, that were not reset. */
function sameService(
  table: Connections,
  rows: ListenerRows,
  group: readonly ConnectionFacts[],
  listeners: readonly number[],
  { rows: { length: ownSurvivors }, resets: ownResets }: Survivors,
): TraitContrast[] {
  const [key] = listeners;
  if (listeners.length !== 1 || key === undefined || group.length < 3) return [];
  const services = servicesOf(table, rows);
  const port = key % 65_536;
  const otherHits = Math.max(0, services.resets[port]! - ownResets);
  const others = otherHits + Math.max(0, services.survivors[port]! - ownSurvivors);
  if (others === 0 || otherHits > others * FEW_OF_OTHERS) return [];
  const own = group.length + ownSurvivors;
  const sure = fisher(group.length, own, otherHits, others) * QUESTIONS <= RARE;
  return sure ? [{ trait: 'server', values: [], hits: group.length, group: own, otherHits, others, sure }] : [];
}

/** Connections by the port that they were opened to. */
interface Services {
  readonly resets: Uint32Array;
  readonly survivors: Uint32Array;
}

const SERVICES = new WeakMap<ListenerRows, Services>();

function servicesOf(table: Connections, rows: ListenerRows): Services {
  let services = SERVICES.get(rows);
  if (services !== undefined) return services;
  services = { resets: new Uint32Array(65_536), survivors: new Uint32Array(65_536) };
  for (let row = 0; row < table.count; row++) {
    const flags = flagsOf(table, row);
    const port = portOf(table, row, flags & OPENER_1 ? 0 : 1);
    if (flags & HAS_RST) services.resets[port]!++;
    else if (survived(table, row)) services.survivors[port]!++;
  }
  SERVICES.set(rows, services);
  return services;
}
