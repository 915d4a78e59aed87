/** Judges recorded sets: one case for each reset or silence that was promised, and for each capture in which nothing went wrong. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CAUSES, SILENCES } from '../../src/causes/list.ts';
import { readCapture } from '../../src/collect/read-capture.ts';
import type { Report, Reset, Silence } from '../../src/report/types.ts';
import type { Actor, Side } from '../../src/terms/actors.ts';
import type { CauseId } from '../../src/terms/causes.ts';
import { names, scoreCause, type CaptureTruth as Recorded, type Score } from '../score.ts';
import { judgeNaively, type Baselines } from './baselines.ts';
import { readPackets } from './packets.ts';

export type Point = 'client' | 'router' | 'server' | 'loopback';

/** A side and who really spoke for it, such as `server endpoint`. */
export type Who = `${Side} ${Actor}`;

export interface Case {
  /** The folder of the set, and the capture's path in it. */
  readonly set: string;
  readonly capture: string;
  readonly scenario: string;
  readonly point: Point;
  readonly truth: { readonly cause: string; readonly mechanism: string; readonly who: Who | null };
  /** Whether the bytes name the cause: no other leaves the same ones here. */
  readonly identifiable: boolean;
  /** Whether the bytes name the sender, even where they leave several causes. */
  readonly senderShows: boolean;
  readonly said: {
    readonly cause: string;
    readonly group: readonly string[];
    readonly mechanism: string;
    readonly who: Who | null;
    readonly level: string;
  };
  /** What was stated of the first cause, and of the actor. */
  readonly confidence: { readonly why: number; readonly who: number };
  /** The stated probability of each cause. */
  readonly stated: Readonly<Record<string, number>>;
  /** Null where nobody sent a RST. */
  readonly who: Score | null;
  readonly why: Score;
  readonly wrongProof: boolean;
  /** What simpler methods say of the same packets; null where nobody sent a RST. */
  readonly baselines: Baselines | null;
}

type Truth = Recorded['truth'] & { readonly actor?: 'endpoint' | 'middlebox' };
/** A capture as truth.json describes it. */
export type Entry = Recorded & { readonly scenario: string; readonly where: string; readonly truth: Truth };

/** What truth and verdict are called where there is none. */
export const NOTHING = 'nothing';

/** All cases of a set: a folder of cause folders, each with its truth.json. */
export async function judgeSet(directory: string): Promise<Case[]> {
  const cases: Case[] = [];
  for (const folder of readdirSync(directory).sort()) {
    const path = join(directory, folder, 'truth.json');
    if (!existsSync(path)) continue;
    const truths = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Entry>;
    for (const [file, entry] of Object.entries(truths))
      cases.push(...(await judgeCapture(directory, folder, file, entry)));
  }
  return cases;
}

async function judgeCapture(directory: string, folder: string, file: string, entry: Entry): Promise<Case[]> {
  const path = join(directory, folder, file);
  const report = await readCapture(path);
  const base = { set: directory, capture: `${folder}/${file}`, scenario: entry.scenario, point: pointOf(entry.where) };
  const accusedNearMiss = entry.kind === 'quiet' && names(report, folder);
  const { truth } = entry;
  if (truth.cause === null || truth.cause in SILENCES) {
    return [{ ...base, ...scoreSilence(report, truth.cause), ...(accusedNearMiss && { why: 'wrong' }) }];
  }
  const chain = [...(truth.earlier ?? []), truth];
  const packets = readPackets(readFileSync(path));
  const promised = Array.from({ length: Math.max(entry.resets, report.resets.length) }, (_, index) => index);
  return promised.map((index) => {
    const reset = report.resets[index];
    const scored = scoreReset(reset, index < entry.resets ? (chain[index] ?? truth) : null);
    const nearMiss = accusedNearMiss && reset?.cause.id === folder;
    const baselines = reset === undefined ? null : judgeNaively(packets, reset.rsts);
    return { ...base, ...scored, ...(nearMiss && { why: 'wrong' }), baselines };
  });
}

function pointOf(where: string): Point {
  return (/\b(?:client|router|server)$/.exec(where)?.[0] ?? 'loopback') as Point;
}

type Judged = Omit<Case, 'set' | 'capture' | 'scenario' | 'point' | 'baselines'>;

/** A reset that was promised and not found, or found and not promised, is wrong. */
function scoreReset(reset: Reset | undefined, truth: Truth | null): Judged {
  const trueWho = truth?.sender ? (`${truth.sender} ${actorBehind(truth.mechanism, truth.actor)}` as const) : null;
  const said = reset === undefined ? null : (`${reset.sender.side} ${reset.sender.actor}` as const);
  const senderShows = truth !== null && possibleActors(truth).size === 1;
  const who = scoreWho(said, trueWho, senderShows || reset?.sender.level !== 'possible');
  const why = reset === undefined || truth === null ? 'wrong' : scoreCause(reset.cause, truth);
  return {
    truth: { cause: truth?.cause ?? NOTHING, mechanism: truth?.mechanism ?? NOTHING, who: trueWho },
    identifiable: truth === null || truth.equivalent.length === 0,
    senderShows,
    said: {
      cause: reset?.cause.id ?? NOTHING,
      group: reset?.cause.group ?? [],
      mechanism: reset?.mechanism ?? NOTHING,
      who: said,
      level: reset?.cause.level ?? '',
    },
    confidence: { why: reset?.cause.confidence ?? 0, who: reset?.sender.confidence ?? 0 },
    stated: statedBy(reset),
    who,
    why,
    wrongProof:
      (why === 'wrong' && reset?.cause.level === 'proof') || (who === 'wrong' && reset?.sender.level === 'proof'),
  };
}

function scoreSilence(report: Report, cause: string | null): Judged & Pick<Case, 'baselines'> {
  const silence = report.silences.find(({ cause: { id } }) => id === cause) ?? report.silences[0];
  const accused = silence?.cause.id ?? report.resets[0]?.cause.id ?? NOTHING;
  const expected = cause ?? NOTHING;
  const why = accused === expected ? 'right' : accused === NOTHING ? 'abstained' : 'wrong';
  return {
    truth: { cause: expected, mechanism: NOTHING, who: null },
    identifiable: true,
    senderShows: false,
    said: { cause: accused, group: [], mechanism: NOTHING, who: null, level: silence?.cause.level ?? '' },
    confidence: { why: silence?.cause.confidence ?? 1, who: 0 },
    stated: statedBy(silence),
    who: null,
    why,
    wrongProof: why === 'wrong' && silence?.cause.level === 'proof',
    baselines: null,
  };
}

function statedBy(judged: Reset | Silence | undefined): Readonly<Record<string, number>> {
  if (judged === undefined) return { [NOTHING]: 1 };
  return Object.fromEntries([judged.cause, ...judged.alternatives].map(({ id, confidence }) => [id, confidence]));
}

/** “Unknown” is an abstention about the actor, never about the side; a guess at `possible` is free where the bytes admit both. */
function scoreWho(said: Who | null, truth: Who | null, counts: boolean): Score {
  if (said === null || truth === null) return 'wrong';
  if (said === truth) return 'right';
  if (said.split(' ')[0] !== truth.split(' ')[0]) return 'wrong';
  return said.endsWith('unknown') || !counts ? 'abstained' : 'wrong';
}

/** Who really sent a RST of this mechanism, unless the truth says it: a REJECT on the end host itself is the endpoint's. */
export function actorBehind(mechanism: string | null, stated?: 'endpoint' | 'middlebox'): Actor {
  return stated ?? (mechanism === 'forged' || mechanism === 'in-path-answer' ? 'middlebox' : 'endpoint');
}

/**
 * The actors that would leave these bytes: the true one, and those of the causes that cannot be told apart from it. Who
 * refused a SYN never shows: a REJECT rule before a host answers as its kernel does (net/ipv4/netfilter/nf_reject_ipv4.c).
 */
function possibleActors(truth: Truth): ReadonlySet<Actor> {
  if (truth.mechanism === 'syn-answer') return new Set(['endpoint', 'middlebox']);
  const twins = truth.equivalent.flatMap((id) => CAUSES[id as CauseId].mechanisms);
  return new Set([actorBehind(truth.mechanism, truth.actor), ...twins.map((mechanism) => actorBehind(mechanism))]);
}
