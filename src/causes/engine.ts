/**
 * Weighs the causes against each other. Each one judges for itself; here the context beats the generic, what cannot
 * be told apart is grouped and loses certainty, and the doubt that remains is a share of its own.
 */
import type { Level } from '../terms/actors.ts';
import type { Mechanism } from '../terms/mechanisms.ts';
import type { CauseId, SilenceId } from '../terms/causes.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { Judgement, ResetCase, SilenceCase } from './define.ts';
import { CAUSES, SILENCES } from './list.ts';
import { BEATEN, BEATS, KNOWN } from './precedence.ts';

export interface Ranked<Id extends string> {
  readonly id: Id;
  readonly confidence: number;
  readonly level: Level;
  /** Causes that these facts cannot tell apart, the first included; absent when it stands alone. */
  readonly group?: readonly Id[];
  /** The others, most likely first; with the first and `unknown` the confidences add up to 1. */
  readonly alternatives: readonly { readonly id: Id | 'unknown'; readonly confidence: number }[];
  readonly evidence: readonly Evidence[];
  readonly cannotTell: readonly string[];
}

type Firing = Extract<Judgement, { outcome: 'fires' }>;

/** Ranks the causes of a reset. */
export function rankCauses(input: ResetCase): Ranked<CauseId> {
  const judged = new Map<CauseId, Firing>();
  const undecided: string[] = [];
  for (const [id, cause] of Object.entries(CAUSES) as [CauseId, (typeof CAUSES)[CauseId]][]) {
    const judgement = cause.judge(input);
    if (judgement.outcome === 'fires') judged.set(id, doubted(judgement, cause.mechanisms, input));
    else if (judgement.outcome === 'cannot-tell') undecided.push(`${id}: ${judgement.wouldTell}`);
  }
  return rank(judged, BEATS, undecided);
}

/** Where it is doubtful that the endpoint sent the RST, what its application did explains it half as well. */
function doubted(firing: Firing, mechanisms: readonly Mechanism[], { mechanism }: ResetCase): Firing {
  const ofApplication = mechanism.mechanism === 'active-abort' && mechanisms.includes('active-abort');
  if (mechanism.actor !== 'unknown' || !ofApplication) return firing;
  return { ...firing, weight: firing.weight * 0.5, level: 'possible' };
}

/** Ranks the causes of a silence. */
export function rankSilences(input: SilenceCase): Ranked<SilenceId | 'unknown'> {
  const judged = new Map<SilenceId | 'unknown', Firing>();
  for (const [id, cause] of Object.entries(SILENCES) as [SilenceId, (typeof SILENCES)[SilenceId]][]) {
    const judgement = cause.judge(input);
    if (judgement.outcome === 'fires') judged.set(id, judgement);
  }
  return rank(judged, {}, []);
}

/** Doubt that no single capture removes. */
const LEAST_DOUBT = 0.04;

function rank<Id extends string>(
  judged: ReadonlyMap<Id, Firing>,
  beats: Readonly<Partial<Record<string, readonly string[]>>>,
  undecided: readonly string[],
): Ranked<Id> {
  const weights = new Map<Id, number>();
  for (const [id, firing] of judged) {
    const beaten = [...judged].some(
      ([other, { weight }]) =>
        weight >= KNOWN && beats[other]?.includes(id) === true && !(beats[id]?.includes(other) ?? false),
    );
    weights.set(id, firing.weight * (beaten ? BEATEN : 1));
  }
  const winner = [...weights].sort((a, b) => b[1] - a[1])[0];
  for (const twin of twinsOf(judged, winner?.[0])) if (!weights.has(twin)) weights.set(twin, winner![1] * TWIN);
  const order = [...weights].sort((a, b) => b[1] - a[1]);
  const first = order[0];
  if (first === undefined) {
    return {
      id: 'unknown' as Id,
      confidence: 1,
      level: 'possible',
      alternatives: [],
      evidence: [],
      cannotTell: undecided,
    };
  }
  const [id, best] = first;
  const firing = judged.get(id)!;
  const doubt = Math.max(LEAST_DOUBT, (1 - Math.min(1, best)) * 0.6);
  const total = doubt + order.reduce((sum, [, weight]) => sum + weight, 0);
  const shares = order
    .slice(1)
    .map(([other, weight]) => ({ id: other as Id | 'unknown', confidence: round(weight / total) }));
  const confidence = round(1 - round(doubt / total) - shares.reduce((sum, share) => sum + share.confidence, 0));
  const group = [id, ...twinsOf(judged, id)];
  const alternatives = [...shares, { id: 'unknown' as const, confidence: round(doubt / total) }].sort(
    (a, b) => b.confidence - a.confidence,
  );
  return {
    id,
    confidence,
    level: group.length > 1 || confidence < LIKELY ? 'possible' : firing.level,
    ...(group.length > 1 ? { group } : {}),
    alternatives,
    evidence: firing.evidence,
    cannotTell: [
      ...(firing.wouldTell === undefined ? [] : [firing.wouldTell]),
      ...(firing.level === 'likely' && group.length === 1 ? [] : undecided),
    ],
  };
}

/** The share of a cause that leaves the same bytes as the first but that nothing speaks for. */
const TWIN = 0.15;

/** Less than this is not likely, whatever its facts. */
const LIKELY = 0.5;

function twinsOf<Id extends string>(judged: ReadonlyMap<Id, Firing>, id: Id | undefined): readonly Id[] {
  return id === undefined ? [] : ((judged.get(id)!.twins ?? []) as readonly string[] as readonly Id[]);
}

function round(share: number): number {
  return Math.round(share * 1000) / 1000;
}
