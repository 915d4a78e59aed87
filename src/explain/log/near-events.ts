/** How many lines of a group stand near a restart, a crash or an out-of-memory kill. */
import type { CauseId } from '../../terms/causes.ts';
import type { Finding, Nearby, NearbyKind } from './define.ts';
import type { Group } from './group.ts';
import { toPlace } from './words.ts';

/** A process logs its end after its connections died, and syslog stamps whole seconds. */
const BEFORE_MS = 5000;
const AFTER_MS = 15_000;
const LEAST_LINES = 2;
const LEAST_SHARE = 0.3;
/** Failures stand near events this many times more often than they would by chance. */
const LEAST_TIMES_CHANCE = 2;

const POINTS: Readonly<Record<NearbyKind, CauseId>> = {
  oom: 'process-crash',
  crash: 'process-crash',
  restart: 'shutdown-in-flight',
  stop: 'shutdown-in-flight',
  start: 'no-socket',
  'backend-down': 'drain-reset',
};

/** The time that the logs cover, epoch ms. */
export interface Covered {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The kind of event that most of the failures stand near; crashes before restarts where both are as near. */
export function findNearEvents(group: Group, input: number, events: readonly Nearby[], covered: Covered): Finding[] {
  const { times } = group.facts;
  const { values } = times;
  const findings = (Object.keys(POINTS) as NearbyKind[]).flatMap((kind): Finding[] => {
    const of = events
      .filter((event) => event.kind === kind && event.seen.at !== null)
      .map((event) => ({ event, atMs: Date.parse(event.seen.at ?? '') }));
    const near = values.filter((ms) => of.some(({ atMs }) => isNear(ms, atMs)));
    const share = near.length / values.length;
    const byChance = toShareNear(
      of.map(({ atMs }) => atMs),
      covered,
    );
    if (near.length < LEAST_LINES || share < LEAST_SHARE || share < LEAST_TIMES_CHANCE * byChance) return [];
    const first = of.find(({ atMs }) => near.some((ms) => isNear(ms, atMs)))?.event;
    if (!first) return [];
    const said = `${near.length} of ${values.length}${times.seen > values.length ? ' sampled' : ''}`;
    const text = `${said} within 15 s of a line that says “${first.text}”, first ${toPlace(first.seen)}`;
    const finding = { kind: 'near-event', text, count: near.length, of: values.length } as const;
    return [isOwnRestart(group, input, first) ? finding : { ...finding, points: POINTS[kind] }];
  });
  return findings.sort((a, b) => b.count - a.count).slice(0, 1);
}

/** A restart that a proxy logs is its own as a rule, which says nothing about the servers behind it. */
function isOwnRestart({ side, pattern }: Group, input: number, { kind, input: where }: Nearby): boolean {
  const isRestart = kind === 'restart' || kind === 'stop' || kind === 'start';
  return isRestart && where === input && side === 'upstream' && PROXIES.has(pattern.family);
}

const PROXIES: ReadonlySet<string> = new Set(['nginx', 'haproxy', 'apache', 'envoy', 'http-status']);

/** How much of the covered time is near an event: what a failure at any time would have. 1 where nothing was far. */
function toShareNear(eventsMs: readonly number[], { fromMs, toMs }: Covered): number {
  if (toMs <= fromMs) return 1;
  let nearMs = 0;
  let untilMs = fromMs;
  for (const atMs of [...eventsMs].sort((a, b) => a - b)) {
    const endMs = Math.min(toMs, atMs + AFTER_MS);
    nearMs += Math.max(0, endMs - Math.max(untilMs, atMs - BEFORE_MS));
    untilMs = Math.max(untilMs, endMs);
  }
  return nearMs / (toMs - fromMs);
}

function isNear(ms: number, atMs: number): boolean {
  return ms >= atMs - BEFORE_MS && ms <= atMs + AFTER_MS;
}
