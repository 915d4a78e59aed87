/**
 * A cause: one file with its judgement, its explanation, its look-alikes and its remedies. Docs, help and the report
 * are made from it. Judgements are pure: facts in, outcome out, and missing evidence is never innocence.
 */
import type { Level } from '../terms/actors.ts';
import type { CauseId, SilenceId } from '../terms/causes.ts';
import type { Mechanism } from '../terms/mechanisms.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { ResetFacts, SilenceFacts } from '../evidence/facts.ts';
import type { Population } from '../evidence/population.ts';
import type { MechanismVerdict } from './mechanism.ts';

export interface Remedy {
  readonly text: string;
  /** Command or setting, ready to use. */
  readonly command?: string;
  readonly why: string;
}

export interface Case<Facts = ResetFacts> {
  readonly facts: Facts;
  readonly population: Population;
}

export interface ResetCase extends Case {
  readonly mechanism: MechanismVerdict;
}

export type SilenceCase = Case<SilenceFacts>;

export type Judgement =
  | { readonly outcome: 'no' }
  /** The evidence at hand neither shows nor excludes it. */
  | { readonly outcome: 'cannot-tell'; readonly wouldTell: string }
  | {
      readonly outcome: 'fires';
      /** How well the facts fit, 0 to 1, before it is weighed against the other causes. */
      readonly weight: number;
      readonly level: Exclude<Level, 'proof'>;
      readonly evidence: readonly Evidence[];
      /** Causes that leave the same bytes on these facts. */
      readonly twins?: readonly CauseId[];
      readonly wouldTell?: string;
    };

export interface CauseDocs {
  /** What happens, in two to four sentences. */
  readonly what: string;
  /** Why it is done, or how it comes about. */
  readonly why: string;
  readonly tellApart: readonly { readonly from: string; readonly how: string }[];
  /** Sources: RFC sections, kernel files, manuals. */
  readonly sources: readonly string[];
}

interface Definition<Id, C> {
  readonly id: Id;
  /** What happened, as the end of "…because": lower case, no full stop. */
  readonly title: string;
  /** Who can send the RST, in words. */
  readonly who: string;
  /** Facts without which it is not judged. */
  readonly requires: readonly string[];
  /** Evidence beyond one capture that would raise or settle it. */
  readonly uses: readonly string[];
  readonly docs: CauseDocs;
  judge(input: C): Judgement;
  remedies(input: C): readonly Remedy[];
  /** Commands that confirm or refute it, addresses filled in. */
  confirm(input: C): readonly Remedy[];
}

export interface Cause extends Definition<CauseId, ResetCase> {
  readonly mechanisms: readonly Mechanism[];
  /** What happened to one connection, as a clause after "the connection": who did what when. */
  tell(input: ResetCase): string;
}

export interface SilenceCause extends Definition<SilenceId, SilenceCase> {
  tell(input: SilenceCase): string;
}

export const NO: Judgement = { outcome: 'no' };

/** Evidence for frames of the facts' own input. */
export function shown(
  facts: ResetFacts | SilenceFacts,
  fact: string,
  frames: readonly number[],
  text: string,
  compared?: { expected: string; received: string },
): Evidence {
  const named = frames.filter((frame) => frame > 0).map((frame) => ({ input: facts.input, frame }));
  if (compared === undefined) return { fact, frames: named, text };
  return { fact, frames: named, expected: compared.expected, received: compared.received, text };
}
