/** What is counted of one log while its lines come by; bounded by the constants here, never by the log. */
import type { LogInput, Nearby, PeerSide } from './define.ts';
import type { Failure } from './entries.ts';
import { createEpisodes, type Episodes } from './episodes.ts';
import { type Facts, readFacts, readPeer } from './facts.ts';
import type { Baseline } from './findings.ts';
import { addFailure, type Budget, createGroup, type Group } from './group.ts';
import { keep } from './keep.ts';
import type { NearbyWording } from './nearby.ts';
import { toIso } from './rate.ts';
import { createSample } from './sample.ts';
import { toSeen } from './span.ts';
import type { Stamp } from './time.ts';

const MAX_GROUPS = 400;
const MAX_NEARBY = 500;
const NEARBY_CHARS = 200;
/** Peers kept apart in all groups together. */
const MAX_ALL_PEERS = 32_768;
/** Connections whose last line is remembered; the ones longest unseen go first. */
const MAX_CONNECTIONS = 16_384;
const MAX_REQUESTS = 1024;
const REQUEST_CHARS = 120;

export interface Tally {
  readonly groups: Map<string, Group>;
  overflowLines: number;
  readonly overflowKeys: Set<string>;
  readonly budget: Budget;
  readonly baseline: Baseline;
  readonly nearby: { readonly entry: Nearby; readonly ms: number | null }[];
  moreNearby: number;
  readonly episodes: Episodes;
  /** Time of the last decoded line of a connection. */
  readonly lastOf: Map<string, number>;
  recognised: number;
  timeless: number;
  fromMs: number | null;
  toMs: number | null;
  zoneless: boolean;
  yearless: boolean;
}

/** Before the first line. */
export function emptyTally(): Tally {
  return {
    groups: new Map(),
    overflowLines: 0,
    overflowKeys: new Set(),
    budget: { peers: MAX_ALL_PEERS },
    baseline: { sizes: createSample(), requests: new Map(), withRequest: 0 },
    nearby: [],
    moreNearby: 0,
    episodes: createEpisodes(),
    lastOf: new Map(),
    recognised: 0,
    timeless: 0,
    fromMs: null,
    toMs: null,
    zoneless: false,
    yearless: false,
  };
}

/** The time of any line. */
export function tallyStamp(tally: Tally, { ms, hasZone, hasYear }: Stamp): void {
  tally.fromMs = Math.min(tally.fromMs ?? ms, ms);
  tally.toMs = Math.max(tally.toMs ?? ms, ms);
  if (!hasZone) tally.zoneless = true;
  if (!hasYear) tally.yearless = true;
}

/** A line that tells of no failure: what is normal here. */
export function tallyNormal(tally: Tally, text: string, stamp: Stamp | null): void {
  const facts = readFacts(text);
  takeGap(tally, facts, stamp?.ms ?? null);
  const { baseline } = tally;
  if (facts.bytes !== null) baseline.sizes.add(facts.bytes);
  if (facts.request === null) return;
  baseline.withRequest++;
  const known = baseline.requests.get(facts.request);
  if (known !== undefined) baseline.requests.set(facts.request, known + 1);
  else if (baseline.requests.size < MAX_REQUESTS) baseline.requests.set(keep(facts.request, REQUEST_CHARS), 1);
}

/** One failure. */
export function tallyFailure(tally: Tally, failure: Failure): void {
  const { text, head, match, stamp, number } = failure;
  tally.recognised++;
  if (!stamp) tally.timeless++;
  const facts = head === text ? readFacts(text) : withHead(readFacts(text), readFacts(head));
  const ms = stamp && stamp.ms + facts.endsAfterMs;
  const peer = readPeer(text, match, facts.tokens);
  const gapMs = takeGap(tally, facts, ms);
  const group = toGroup(tally, failure, peer.side);
  if (group) addFailure(group, { peer, facts, ms, line: number, gapMs, budget: tally.budget });
  if (group && ms !== null) tally.episodes.add(match.pattern, peer, facts.tokens, ms, number);
}

/** What the line of the error leaves out stands in the first line of its entry. */
function withHead(facts: Facts, head: Facts): Facts {
  return {
    tokens: facts.tokens.length > 0 ? facts.tokens : head.tokens,
    connections: facts.connections.length > 0 ? facts.connections : head.connections,
    ...(facts.waitMs === null ? { waitMs: head.waitMs, isIdle: head.isIdle } : facts),
    ...(facts.bytes === null ? { bytes: head.bytes, isRequestSize: head.isRequestSize } : facts),
    request: facts.request ?? head.request,
    endsAfterMs: facts.endsAfterMs,
  };
}

function toGroup(tally: Tally, { match, stamp, text }: Failure, side: PeerSide): Group | null {
  const key = `${match.pattern.id} ${side}`;
  const known = tally.groups.get(key);
  if (known) return known;
  if (tally.groups.size >= MAX_GROUPS) {
    tally.overflowLines++;
    if (tally.overflowKeys.size < MAX_GROUPS) tally.overflowKeys.add(key);
    return null;
  }
  const group = createGroup(match, side, text, stamp);
  tally.groups.set(key, group);
  return group;
}

/** Since the line before of the same connection; null for the first of it. Remembers this one. */
function takeGap({ lastOf }: Tally, { connections }: Facts, ms: number | null): number | null {
  if (ms === null) return null;
  let last: number | undefined;
  for (const name of connections) {
    const before = lastOf.get(name);
    if (before !== undefined) {
      lastOf.delete(name);
      last = Math.max(last ?? before, before);
    } else if (lastOf.size >= MAX_CONNECTIONS) {
      const oldest = lastOf.keys().next();
      if (!oldest.done) lastOf.delete(oldest.value);
    }
    lastOf.set(keep(name, 80), ms);
  }
  return last === undefined || ms < last ? null : ms - last;
}

/** A line about the life of a process. */
export function tallyNearby(
  tally: Tally,
  wording: NearbyWording,
  text: string,
  stamp: Stamp | null,
  line: number,
): void {
  const ms = stamp?.ms ?? null;
  // What a reload says in one second on thirty lines is one event.
  const before = tally.nearby.at(-1);
  const isSame = before?.entry.kind === wording.kind && before.ms !== null && ms !== null;
  if (isSame && Math.abs(ms - before.ms) < 1000) return;
  if (tally.nearby.length >= MAX_NEARBY) {
    tally.moreNearby++;
    return;
  }
  const { kind, text: meaning } = wording;
  const entry = { input: 0, kind, seen: toSeen(ms, line), text: meaning, example: keep(text, NEARBY_CHARS) };
  tally.nearby.push({ entry, ms });
}

/** The times of a log as its report has them. */
export function toTimesOf({ fromMs, toMs }: Tally): Pick<LogInput, 'from' | 'to'> {
  return { from: fromMs === null ? null : toIso(fromMs), to: toMs === null ? null : toIso(toMs) };
}
