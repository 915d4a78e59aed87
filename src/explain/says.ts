import type { Meaning, Pattern } from './define.ts';

/** What is particular to one wording; anything of the shared meaning may be overridden. */
export interface Wording extends Partial<Meaning> {
  readonly id: string;
  readonly program: string;
  readonly literals: readonly string[];
  readonly regex: RegExp;
  readonly example: string;
  readonly sources: readonly string[];
  readonly wraps?: true;
}

/** A pattern that says what the meaning says, in its own words. */
export function says(meaning: Meaning, wording: Wording): Pattern {
  return { ...meaning, family: wording.id.split('/')[0] ?? '', ...wording };
}
