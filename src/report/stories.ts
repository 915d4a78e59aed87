/** Many resets of one kind are one story: a sentence, the connections it is about, and what sets them apart. */
import type { ConnectionFacts } from '../evidence/facts.ts';
import { scanBy, type Population } from '../evidence/population.ts';
import { ms } from '../causes/duration.ts';
import { hostPort } from '../causes/telling.ts';
import type { CauseId } from '../terms/causes.ts';
import type { JudgedReset, JudgedSilence } from './build.ts';
import { contrastOf, momentsOf, silenceContrast } from './story-contrast.ts';
import type { Reset, Story } from './types.ts';

/** The stories of a report, largest first, harmless ones after the others of their size. */
export function tellStories(
  resets: readonly JudgedReset[],
  silences: readonly JudgedSilence[],
  population: Population,
): Story[] {
  const groups = groupBy(resets, ({ reset: { cause, sender, connection } }) => {
    if (cause.id === 'port-scan') return `${cause.id} ${connection.client.address}`;
    return [cause.id, sender.side, connection.server.address, connection.server.port].join(' ');
  });
  const stories: Story[] = joinMoments(groups, population).map((group) => ({
    title: titleOf(group),
    cause: group[0]!.reset.cause.id,
    resets: group.map(({ reset }) => reset.id),
    contrast: contrastOf(group, population),
  }));
  stories.push(...silenceStories(silences, population));
  const byId = new Map(resets.map(({ reset }) => [reset.id, reset]));
  const weights = new Map(stories.map((story) => [story, weightOf(story, byId)]));
  return stories.sort((a, b) => weights.get(b)! - weights.get(a)!);
}

/**
 * One story of several listeners that lost their connections for the same reason, each in one moment: a deployment
 * that goes from host to host, or something that they share.
 */
function joinMoments(groups: readonly (readonly JudgedReset[])[], population: Population): (readonly JudgedReset[])[] {
  const alone: (readonly JudgedReset[])[] = [];
  const moments: JudgedReset[][] = [];
  for (const group of groups) {
    if (momentsOf(group, population).length === 1) moments.push([...group]);
    else alone.push(group);
  }
  const joined = groupBy(moments, (group) => {
    const { cause, sender, connection } = group[0]!.reset;
    return `${cause.id} ${sender.side} ${connection.server.port}`;
  });
  return [...alone, ...joined.map((alike) => alike.flat())];
}

function silenceStories(silences: readonly JudgedSilence[], population: Population): Story[] {
  const groups = groupBy(silences, ({ silence: { cause, connection }, facts }) => {
    const scan = cause.id === 'connect-timeout' && scanBy(population, facts.client.host) !== null;
    const at = scan ? [connection.client.address] : [connection.server.address, connection.server.port];
    return [cause.id, ...at].join(' ');
  });
  return groups.map((group) => ({
    title: sentence(clauseOf(group), group.length),
    cause: group[0]!.silence.cause.id,
    resets: group.map(({ silence }) => silence.id),
    contrast: silenceContrast(group, population),
  }));
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

function titleOf(group: readonly JudgedReset[]): string {
  const idle = group.map(({ facts }) => facts.idleMs).filter((value): value is number => value !== null);
  const typical = [...group].sort((a, b) => (a.facts.idleMs ?? 0) - (b.facts.idleMs ?? 0))[group.length >> 1]!;
  const clause = clauseOf(group, typical);
  const isIdle = group[0]!.reset.cause.id === 'idle-timeout' && idle.length === group.length;
  const shortest = least(idle);
  const longest = most(idle);
  const range = isIdle && longest > shortest * 1.05 ? ` (${ms(shortest)} to ${ms(longest)})` : '';
  return sentence(`${isOpen(group) ? 'possibly ' : ''}${clause}${range}`, group.length);
}

/** The verdict on one of them leaves open what the sentence would assert: who did it, or what it was. */
function isOpen(group: readonly JudgedReset[]): boolean {
  return group.some(({ reset: { cause, sender } }) =>
    sender.actor === 'unknown' ? !NAMELESS.has(cause.id) : cause.level === 'possible' && PRESUMING.has(cause.id),
  );
}

/** Causes whose sentences name no author but an address, or weigh their own words. */
const NAMELESS: ReadonlySet<CauseId | 'unknown'> = new Set(['firewall-state-expiry', 'injected', 'stray', 'unknown']);

/** Causes whose sentences say more than the packets show; the others tell what was done and when. */
const PRESUMING: ReadonlySet<CauseId | 'unknown'> = new Set([
  'benign-close',
  'connect-cancelled',
  'firewall-reject',
  'killed',
  'relayed',
  'resource-exhaustion',
  'state-mismatch',
  'tuple-reuse',
]);

function sentence(clause: string, count: number): string {
  return count === 1 ? `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.` : `${count} times: ${clause}.`;
}

interface Told {
  readonly told: string;
  readonly facts: ConnectionFacts;
}

/** The clause of one of them, mostly the first; for several, without what differs: the client’s port, and the server where there are more. */
function clauseOf(group: readonly Told[], of: Told = group[0]!): string {
  const { told: clause, facts } = of;
  if (group.length === 1) return clause;
  const { client, server } = facts;
  const clients = new Set(group.map((one) => one.facts.client.address)).size;
  const servers = new Set(group.map((one) => hostPort(one.facts.server.address, one.facts.server.port))).size;
  const at = hostPort(server.address, server.port);
  return clause
    .replaceAll(hostPort(client.address, client.port), andMore(client.address, clients))
    .replaceAll(at, andMore(at, servers));
}

function andMore(first: string, count: number): string {
  return count === 1 ? first : `${first} and ${count - 1} more`;
}

/** Harmless endings matter less than lost requests, whatever their number. */
function weightOf(story: Story, resets: ReadonlyMap<string, Reset>): number {
  const first = resets.get(story.resets[0] ?? '');
  const hurts = first === undefined || (first.impact !== 'none' && first.retry !== 'not-needed');
  return story.resets.length + (hurts ? 1e9 : 0);
}

/** As Math.min, for lists longer than a call has arguments. */
function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

function most(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
}
