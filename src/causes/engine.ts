/**
 * Weighs the causes against each other. Each one judges for itself; here the context beats the generic, what cannot
 * be told apart is grouped and loses certainty, and the doubt that remains is a share of its own.
 */
import type { Level } from '../terms/actors.ts';
import type { Mechanism } from '../terms/mechanisms.ts';
import type { CauseId, SilenceId } from '../terms/causes.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { Judgement, ResetCase, SilenceCase } from './define.ts';
import { believed, claimOf } from './claims.ts';
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
  const claim = claimOf(input.facts);
  if (claim !== null) judged.set(claim.id, believed(claim, judged.get(claim.id), CAUSES[claim.id], input));
  return rank(judged, BEATS, undecided);
}

/** Where it is doubtful that the endpoint sent the RST, what its application did explains it half as well. */
function doubted(firing: Firing, mechanisms: readonly Mechanism[], { mechanism }: ResetCase): Firing {
  const ofApplication = mechanism.mechanism === 'active-abort' && mechanisms.includes('active-abort');
  if (mechanism.actor !== 'unknown' || !ofApplication) return firing;
  // More signs than one against the host, but nothing that anybody did: then a forger leaves the same bytes.
  const twins = mechanism.level === 'possible' ? { twins: [...(firing.twins ?? []), 'injected' as const] } : {};
  return { ...firing, ...twins, weight: firing.weight * 0.5, level: 'possible' };
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
  const order = weighAll(judged, beats);
  const [first] = order;
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
  const { id } = first;
  const firing = judged.get(id)!;
  const { confidence, alternatives } = sharesOf(order);
  const group = [id, ...twinsOf(judged, id)];
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

interface Weighed<Id> {
  readonly id: Id;
  readonly weight: number;
}

/** What fires and the twins of the best, heaviest first. Plain loops: small functions cost V8 little to compile. */
function weighAll<Id extends string>(
  judged: ReadonlyMap<Id, Firing>,
  beats: Readonly<Partial<Record<string, readonly string[]>>>,
): Weighed<Id>[] {
  const order: Weighed<Id>[] = [];
  judged.forEach(({ weight }, id) => {
    order.push({ id, weight: weight * remains(id, judged, beats) });
  });
  order.sort(heaviestFirst);
  const winner = order[0];
  const twins = twinsOf(judged, winner?.id);
  if (winner === undefined || twins.length === 0) return order;
  for (const id of twins) {
    if (!order.some((one) => one.id === id)) order.push({ id, weight: winner.weight * TWIN });
  }
  return order.sort(heaviestFirst);
}

function heaviestFirst(a: Weighed<string>, b: Weighed<string>): number {
  return b.weight - a.weight;
}

/** What is left of a cause beside the contexts that beat it: the better the best of them fits, the less it leaves. */
function remains<Id extends string>(
  id: Id,
  judged: ReadonlyMap<Id, Firing>,
  beats: Readonly<Partial<Record<string, readonly string[]>>>,
): number {
  if (judged.size < 2) return 1;
  let share = 1;
  for (const [other, { weight }] of judged) {
    if (weight < KNOWN || beats[other]?.includes(id) !== true || beats[id]?.includes(other) === true) continue;
    share = Math.min(share, BEATEN, 1 - weight);
  }
  return share;
}

/** The confidence of the first, and of the others with the doubt that remains; together 1. */
function sharesOf<Id extends string>(
  order: readonly Weighed<Id>[],
): Pick<Ranked<Id>, 'confidence'> & { readonly alternatives: { id: Id | 'unknown'; confidence: number }[] } {
  const doubt = Math.max(LEAST_DOUBT, (1 - Math.min(1, order[0]!.weight)) * 0.6);
  let sum = 0;
  for (const { weight } of order) sum += weight;
  const total = doubt + sum;
  const alternatives: { id: Id | 'unknown'; confidence: number }[] = [];
  let shared = 0;
  for (let i = 1; i < order.length; i++) {
    const confidence = round(order[i]!.weight / total);
    shared += confidence;
    alternatives.push({ id: order[i]!.id, confidence });
  }
  const rest = round(doubt / total);
  alternatives.push({ id: 'unknown', confidence: rest });
  alternatives.sort((a, b) => b.confidence - a.confidence);
  return { confidence: round(1 - rest - shared), alternatives };
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
