/** What sets the connections of a story apart from those that survived, and whether they ended in one moment. */
import { compare, type Comparison } from '../evidence/contrast.ts';
import type { Measure } from '../evidence/survivors.ts';
import type { ConnectionFacts } from '../evidence/facts.ts';
import { keyOf, massEvent, probeSeries, scanBy, type MassEvent, type Population } from '../evidence/population.ts';
import type { CauseId, SilenceId } from '../terms/causes.ts';
import { ms } from '../causes/duration.ts';
import { hostPort } from '../causes/telling.ts';
import type { JudgedReset, JudgedSilence } from './build.ts';
import { clock, contrastLines } from './contrast-lines.ts';

/** What a cause itself leads one to expect. */
const EXPECTED: Readonly<Partial<Record<CauseId | SilenceId, Measure>>> = {
  'idle-timeout': 'idle',
  'firewall-state-expiry': 'idle',
  'stale-reuse': 'idle',
  'idle-dropped': 'idle',
  'payload-rejected': 'bytes-from-client',
};

/** Lines below the title of a story about resets. */
export function contrastOf(group: readonly JudgedReset[], population: Population): string[] {
  const { columns } = population;
  const facts = group.map((one) => one.facts);
  const first = facts[0]!;
  const cause = group[0]!.reset.cause.id;
  if (columns === undefined) return [];
  if (cause === 'port-scan') return scanLines(first, population);
  const moments = momentsOf(group, population);
  const probes = cause === 'health-check' ? probeSeries(population, first) : null;
  const listeners = [...new Set(facts.map(keyOf))];
  const comparison = compare(columns.table, columns.rows, facts, listeners);
  const lines = contrastLines(comparison, {
    table: columns.table,
    baseSeconds: first.baseSeconds,
    expected: EXPECTED[cause] ?? null,
    isMoment: moments.length > 0,
  });
  return [
    ...momentLines(moments, first.baseSeconds),
    ...(probes?.regular === true
      ? [`One every ${ms(probes.intervalMs)}, ${probes.count} in this capture; 0 of them carried data.`]
      : []),
    ...(lines.length > 0 || probes !== null ? lines : plainCount(comparison, facts)),
  ];
}

/** Lines below the title of a story about silences. */
export function silenceContrast(group: readonly JudgedSilence[], population: Population): string[] {
  const { columns } = population;
  const facts = group.map((one) => one.facts);
  const first = facts[0]!;
  const cause = group[0]!.silence.cause.id;
  if (columns === undefined) return [];
  if (cause === 'connect-timeout' && scanBy(population, first.client.host) !== null)
    return scanLines(first, population);
  const listeners = [...new Set(facts.map(keyOf))];
  const comparison = compare(columns.table, columns.rows, facts, listeners);
  const lines = contrastLines(comparison, {
    table: columns.table,
    baseSeconds: first.baseSeconds,
    expected: EXPECTED[cause] ?? null,
    isMoment: false,
  });
  return lines.length > 0 || comparison.survivors === 0 ? lines : plainCount(comparison, facts);
}

/** A moment, and where. */
interface Moment extends MassEvent {
  readonly address: string;
  readonly port: number;
}

/** The moments in which a group lost its connections, one a listener and in order of time; empty when any of them has none. */
export function momentsOf(group: readonly JudgedReset[], population: Population): Moment[] {
  const byListener = new Map<number, { event: MassEvent | null; first: JudgedReset; inside: number; all: number }>();
  for (const one of group) {
    const key = keyOf(one.facts);
    let entry = byListener.get(key);
    if (entry === undefined) {
      entry = { event: massEvent(population, one.facts), first: one, inside: 0, all: 0 };
      byListener.set(key, entry);
    }
    entry.all++;
    if (entry.event !== null && massEvent(population, one.facts) === entry.event) entry.inside++;
  }
  const moments: Moment[] = [];
  for (const { event, first, inside, all } of byListener.values()) {
    if (event === null || inside < all * MOST || inside * 2 < event.count) return [];
    moments.push({ ...event, address: first.facts.server.address, port: first.facts.server.port });
  }
  return moments.sort((a, b) => a.firstNs - b.firstNs);
}

const MOST = 0.8;
const NAMED = 4;
/** Moments of several listeners this close together are one. */
const SAME_MS = 2000;

function momentLines(moments: readonly Moment[], baseSeconds: number): string[] {
  const [first] = moments;
  const last = moments.at(-1);
  if (first === undefined || last === undefined) return [];
  const count = sum(moments, (one) => one.count);
  const open = sum(moments, (one) => one.open);
  const refused = sum(moments, (one) => one.refusedMeanwhile);
  if (moments.length === 1) {
    const back =
      first.backAfterMs === null
        ? 'none was accepted afterwards'
        : `the next was accepted ${ms(first.backAfterMs)} later`;
    return [
      `One event at ${clock(baseSeconds, first.firstNs)} UTC: ${count} of the ${open} connections that were open then, within ${ms(first.spanMs)}${first.closed > 0 ? `, and ${first.closed} more closed by FIN` : ''}; ${refusals(refused)}, and ${back}.`,
    ];
  }
  const spanMs = (last.firstNs - first.firstNs) / 1e6;
  const shares = `${count} of the ${open} connections open at those moments; ${refusals(refused)}.`;
  if (spanMs <= SAME_MS) {
    return [
      `One event at ${clock(baseSeconds, first.firstNs)} UTC for ${moments.length} listeners within ${ms(spanMs)}, so it lies in something that they share: ${shares}`,
    ];
  }
  const named = moments
    .slice(0, NAMED)
    .map((one) => `${hostPort(one.address, one.port)} at ${clock(baseSeconds, one.firstNs)}`);
  const more =
    moments.length > NAMED ? ` and ${moments.length - NAMED} more until ${clock(baseSeconds, last.firstNs)}` : '';
  return [`One listener after the other, as in a rolling restart: ${named.join(', ')}${more} UTC: ${shares}`];
}

function refusals(count: number): string {
  return count === 1 ? '1 new one was refused' : `${count} new ones were refused`;
}

function sum(moments: readonly Moment[], of: (one: Moment) => number): number {
  return moments.reduce((total, one) => total + of(one), 0);
}

function scanLines(facts: ConnectionFacts, population: Population): string[] {
  const tried = scanBy(population, facts.client.host);
  if (tried === null) return [];
  const { targets, hosts, ports, attempts, barren, accepted, refused, unanswered, spanMs } = tried;
  return [
    `${counted(targets, 'listener')} (${counted(hosts, 'address', 'addresses')}, ${counted(ports, 'port')}) in ${ms(spanMs)}: ${refused} attempts refused, ${accepted} accepted, ${unanswered} unanswered; ${attempts - barren} of ${attempts} carried data or ended in order.`,
  ];
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Without a contrast: how many there were besides. */
function plainCount(comparison: Comparison, group: readonly ConnectionFacts[]): string[] {
  const { survivors, connections, telling } = comparison;
  const servers = new Set(group.map(keyOf));
  const { address, port } = group[0]!.server;
  const name = servers.size === 1 ? hostPort(address, port) : `these ${servers.size} listeners`;
  if (survivors === 0) {
    if (group.length < 2 || connections !== group.length) return [];
    return [`Every connection to ${name} in this capture was reset.`];
  }
  const apart = telling ? '; idle time, size, age, client and path do not set these apart' : '';
  return [
    `${survivors} other connection${survivors === 1 ? '' : 's'} to ${name} carried data both ways and survived${apart}.`,
  ];
}
