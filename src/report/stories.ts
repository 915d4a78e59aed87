/** Many resets of one kind are one story: a sentence, the connections it is about, and what sets them apart. */
import type { ConnectionFacts, ResetFacts } from '../evidence/facts.ts';
import { listenerOf, scanBy, type Listener, type Population } from '../evidence/population.ts';
import { ms } from '../causes/duration.ts';
import { hostPort } from '../causes/telling.ts';
import type { JudgedReset, JudgedSilence } from './build.ts';
import type { Reset, Story } from './types.ts';

/** The stories of a report, largest first, harmless ones after the others of their size. */
export function tellStories(
  resets: readonly JudgedReset[],
  silences: readonly JudgedSilence[],
  population: Population,
): Story[] {
  const groups = new Map<string, JudgedReset[]>();
  for (const judged of resets) {
    const { cause, sender, connection } = judged.reset;
    const listener =
      cause.id === 'port-scan' ? connection.client.address : `${connection.server.address}:${connection.server.port}`;
    const key = [cause.id, sender.side, listener].join(' ');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [judged]);
    else group.push(judged);
  }
  const stories: Story[] = [...groups.values()].map((group) => ({
    title: titleOf(group),
    cause: group[0]!.reset.cause.id,
    resets: group.map(({ reset }) => reset.id),
    contrast: contrastOf(
      group.map(({ facts }) => facts),
      population,
    ),
  }));
  stories.push(...silenceStories(silences, population));
  const byId = new Map(resets.map(({ reset }) => [reset.id, reset]));
  const weights = new Map(stories.map((story) => [story, weightOf(story, byId)]));
  return stories.sort((a, b) => weights.get(b)! - weights.get(a)!);
}

function silenceStories(silences: readonly JudgedSilence[], population: Population): Story[] {
  const groups = new Map<string, JudgedSilence[]>();
  for (const judged of silences) {
    const { cause, connection } = judged.silence;
    const scan = cause.id === 'connect-timeout' && scanBy(population, judged.facts.client.host) !== null;
    const key = [
      cause.id,
      ...(scan ? [connection.client.address] : [connection.server.address, connection.server.port]),
    ].join(' ');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [judged]);
    else group.push(judged);
  }
  return [...groups.values()].map((group) => ({
    title: sentence(clauseOf(group), group.length),
    cause: group[0]!.silence.cause.id,
    resets: group.map(({ silence }) => silence.id),
    contrast: [],
  }));
}

function titleOf(group: readonly JudgedReset[]): string {
  const idle = group.map(({ facts }) => facts.idleMs).filter((value): value is number => value !== null);
  const typical = [...group].sort((a, b) => (a.facts.idleMs ?? 0) - (b.facts.idleMs ?? 0)).slice(group.length >> 1);
  const clause = clauseOf(typical.length > 0 ? [...typical, ...group].slice(0, group.length) : group);
  const isIdle = group[0]!.reset.cause.id === 'idle-timeout' && idle.length === group.length;
  const shortest = least(idle);
  const longest = most(idle);
  const range = isIdle && longest > shortest * 1.05 ? ` (${ms(shortest)} to ${ms(longest)})` : '';
  return sentence(`${clause}${range}`, group.length);
}

function sentence(clause: string, count: number): string {
  return count === 1 ? `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.` : `${count} times: ${clause}.`;
}

/** The clause of the first; for several, without the client's port, which differs. */
function clauseOf(group: readonly { readonly told: string; readonly facts: ConnectionFacts }[]): string {
  const { told: clause, facts } = group[0]!;
  if (group.length === 1) return clause;
  const clients = new Set(group.map((one) => one.facts.client.address)).size;
  const { address, port } = facts.client;
  return clause.replaceAll(hostPort(address, port), clients === 1 ? address : `${address} and ${clients - 1} more`);
}

/** Harmless endings matter less than lost requests, whatever their number. */
function weightOf(story: Story, resets: ReadonlyMap<string, Reset>): number {
  const first = resets.get(story.resets[0] ?? '');
  const hurts = first === undefined || (first.impact !== 'none' && first.retry !== 'not-needed');
  return story.resets.length + (hurts ? 1e9 : 0);
}

/** What sets these connections apart from those to the same listener that survived. */
function contrastOf(group: readonly ResetFacts[], population: Population): string[] {
  const lines: string[] = [];
  const listener = listenerOf(population, group[0]!);
  if (listener === undefined) return lines;
  const name = hostPort(group[0]!.server.address, group[0]!.server.port);
  if (listener.survivors === 0) {
    if (group.length > 1 && listener.connections === group.length)
      lines.push(`Every connection to ${name} in this capture was reset.`);
  } else {
    lines.push(...idleContrast(group, listener, name));
    lines.push(...sizeContrast(group, listener));
    lines.push(...peerContrast(group, listener, name));
    if (lines.length === 0)
      lines.push(
        `${listener.survivors} other connection${listener.survivors === 1 ? '' : 's'} to ${name} carried data both ways and survived.`,
      );
  }
  const times = group.map((facts) => facts.atNs);
  const spanMs = (most(times) - least(times)) / 1e6;
  if (group.length > 2 && spanMs < 2000) lines.push(`All within ${ms(spanMs)}: one event, not ${group.length}.`);
  return lines;
}

function idleContrast(group: readonly ResetFacts[], listener: Listener, name: string): string[] {
  const idle = group.map((facts) => facts.idleMs ?? 0);
  const shortest = least(idle);
  if (shortest < 800 || listener.longestIdleSurvivedMs >= shortest) return [];
  return [
    `All were idle for at least ${ms(shortest)}; of the ${listener.survivors} connections to ${name} that survived none idled longer than ${ms(listener.longestIdleSurvivedMs)}.`,
  ];
}

function sizeContrast(group: readonly ResetFacts[], listener: Listener): string[] {
  const smallest = least(group.map((facts) => total(facts)));
  if (smallest < 4 * Math.max(1, listener.mostBytesSurvived) || smallest < 4096) return [];
  return [`All carried at least ${smallest} bytes; no survivor carried more than ${listener.mostBytesSurvived}.`];
}

function peerContrast(group: readonly ResetFacts[], listener: Listener, name: string): string[] {
  const clients = new Set(group.map((facts) => facts.client.host));
  const overlap = [...clients].some((host) => listener.survivorClients.has(host));
  if (overlap || listener.survivorClients.size === 0) return [];
  const addresses = [...new Set(group.map((facts) => facts.client.address))];
  return [
    `Only ${addresses.slice(0, 3).join(', ')}${addresses.length > 3 ? ' …' : ''}; ${listener.survivorClients.size} other client${listener.survivorClients.size === 1 ? '' : 's'} of ${name} had no reset.`,
  ];
}

function total(facts: ConnectionFacts): number {
  return facts.bytes.client + facts.bytes.server;
}

/** As Math.min, for lists longer than a call has arguments. */
function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

function most(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
}
