/** Counts the lines of one wording about one kind of peer; bounded however many come. */
import type { FieldName, Fields, LineMatch, Pattern, Step } from '../define.ts';
import { fillSteps } from '../fill.ts';
import type { Finding, LogGroup, PeerSide } from './define.ts';
import type { Facts, Peer } from './facts.ts';
import { type Baseline, type GroupFacts, findCommon } from './findings.ts';
import { keep } from './keep.ts';
import { createRateCounter, type RateCounter } from './rate.ts';
import { createSample } from './sample.ts';
import { emptySpan, extend, type Span, toEnds } from './span.ts';
import type { Stamp } from './time.ts';

/** Peers kept apart in a group; and in all groups of a log together. */
const MAX_PEERS = 4096;
const MAX_REQUESTS = 256;
const SHOWN_PEERS = 10;
const ADDRESS_CHARS = 120;
const EXAMPLE_CHARS = 300;

/** Peers that a log may still keep apart, shared by its groups. */
export interface Budget {
  peers: number;
}

export interface Group {
  readonly pattern: Pattern;
  readonly side: PeerSide;
  readonly span: Span;
  readonly peers: Map<string, Span>;
  overflowLines: number;
  readonly rate: RateCounter;
  readonly facts: GroupFacts;
  readonly example: string;
  readonly next: readonly Step[];
}

/** An empty group; the line becomes its example, and its addresses and time those of the commands. */
export function createGroup({ pattern, fields }: LineMatch, side: PeerSide, line: string, stamp: Stamp | null): Group {
  return {
    pattern,
    side,
    span: emptySpan(),
    peers: new Map(),
    overflowLines: 0,
    rate: createRateCounter(),
    facts: {
      waits: createSample(),
      idles: createSample(),
      gaps: createSample(),
      periods: createSample(),
      sizes: createSample(),
      areRequestSizes: true,
      times: createSample(),
      requests: new Map(),
      withRequest: 0,
    },
    example: keep(line, EXAMPLE_CHARS),
    next: fillSteps(pattern.next, side === 'upstream' ? withoutClient(fields) : fields, stamp).map(
      ({ text, command }) => ({
        text,
        command: keep(command, EXAMPLE_CHARS),
      }),
    ),
  };
}

/** Takes in one more failure of the group. */
export function addFailure(group: Group, { peer, facts, ms, line, gapMs, budget }: FailureOfGroup): void {
  const beforeMs = group.span.lastMs;
  if (peer.side === 'none' && ms !== null && beforeMs !== null && ms > beforeMs) group.facts.periods.add(ms - beforeMs);
  extend(group.span, ms, line);
  if (peer.side !== 'none') addPeer(group, peer, ms, line, budget);
  if (ms !== null) {
    group.rate.add(ms);
    group.facts.times.add(ms);
  }
  if (facts.waitMs !== null) (facts.isIdle ? group.facts.idles : group.facts.waits).add(facts.waitMs);
  if (gapMs !== null) group.facts.gaps.add(gapMs);
  if (facts.bytes !== null) {
    group.facts.sizes.add(facts.bytes);
    if (!facts.isRequestSize) group.facts.areRequestSizes = false;
  }
  if (facts.request !== null) addRequest(group.facts, facts.request);
}

/** Commands about the upstream are of no use with the address of the client. */
function withoutClient(fields: Fields): Fields {
  const others: Partial<Record<FieldName, string>> = { ...fields };
  delete others.client;
  delete others.clientPort;
  return others;
}

export interface FailureOfGroup {
  readonly peer: Peer;
  readonly facts: Facts;
  readonly ms: number | null;
  readonly line: number;
  /** Since the line before of the same connection. */
  readonly gapMs: number | null;
  readonly budget: Budget;
}

function addPeer(group: Group, { address }: Peer, ms: number | null, line: number, budget: Budget): void {
  const key = address.length > ADDRESS_CHARS ? address.slice(0, ADDRESS_CHARS) : address;
  let span = group.peers.get(key);
  if (!span) {
    if (group.peers.size >= MAX_PEERS || budget.peers <= 0) {
      group.overflowLines++;
      return;
    }
    budget.peers--;
    group.peers.set(keep(key, ADDRESS_CHARS), (span = emptySpan()));
  }
  if (ms !== null && span.lastMs !== null && ms > span.lastMs) group.facts.periods.add(ms - span.lastMs);
  extend(span, ms, line);
}

function addRequest(facts: GroupFacts, request: string): void {
  facts.withRequest++;
  const known = facts.requests.get(request);
  if (known !== undefined) facts.requests.set(request, known + 1);
  else if (facts.requests.size < MAX_REQUESTS) facts.requests.set(keep(request, ADDRESS_CHARS), 1);
}

/** What the group tells in the end. */
export function toLogGroup(
  group: Group,
  baseline: Baseline,
  nearby: readonly Finding[],
  id: string,
  input: number,
): LogGroup {
  const { pattern, side, span, peers, overflowLines, example, next } = group;
  const findings = [...nearby, ...findCommon(group.facts, baseline, pattern)];
  const shown = [...peers].sort(([, a], [, b]) => b.count - a.count).slice(0, SHOWN_PEERS);
  const shownLines = shown.reduce((sum, [, { count }]) => sum + count, 0);
  const allLines = [...peers.values()].reduce((sum, { count }) => sum + count, overflowLines);
  return {
    id,
    input,
    pattern: pattern.id,
    program: pattern.program,
    condition: pattern.condition,
    phase: pattern.phase,
    causes: toCauses(pattern, findings),
    retry: pattern.retry,
    what: pattern.what,
    peerSide: side,
    count: span.count,
    ...toEnds(span),
    example,
    next,
    peers: shown.map(([address, one]) => ({ address, count: one.count, ...toEnds(one) })),
    morePeers: peers.size - shown.length + (overflowLines > 0 ? 1 : 0),
    morePeerLines: allLines - shownLines,
    peersOverflowed: overflowLines > 0,
    rate: group.rate.end(),
    findings,
  };
}

/** What the log itself speaks for comes before what is usual. */
function toCauses({ causes }: Pattern, findings: readonly Finding[]): LogGroup['causes'] {
  const isPointed = (id: string): boolean => findings.some(({ points }) => points === id);
  const sorted = [...causes.filter(({ id }) => isPointed(id)), ...causes.filter(({ id }) => !isPointed(id))];
  const known = sorted.map(({ id, why }) => ({ id, why }));
  const added = findings.flatMap(({ kind, points }) =>
    points === undefined || kind === 'near-event' || causes.some(({ id }) => id === points)
      ? []
      : [{ id: points, why: 'what these failures have in common speaks for it' }],
  );
  return [...added, ...known];
}
