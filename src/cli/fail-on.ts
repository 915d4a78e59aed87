/** `--fail-on`: which verdicts make the exit code 1. */
import { LEVELS, type Level } from '../terms/actors.ts';
import { CAUSE_IDS, SILENCE_IDS, type CauseId, type SilenceId } from '../terms/causes.ts';
import type { Report, Reset, Silence } from '../report/types.ts';
import { Failure } from './failure.ts';
import { toNearest } from './nearest.ts';

export type FailOn = 'any' | Level | CauseId | SilenceId;

const WORDS: readonly FailOn[] = ['any', ...LEVELS, ...CAUSE_IDS, ...SILENCE_IDS];

/** Reads one value of `--fail-on`. */
export function toFailOn(text: string): FailOn {
  const word = WORDS.find((candidate) => candidate === text);
  if (word) return word;
  const hint = toNearest(text, WORDS);
  throw new Failure(
    `--fail-on ${text}: unknown${hint ? `, did you mean ${hint}?` : '; give any, possible, likely, proof or a cause'}`,
  );
}

/**
 * any: every reset and silence, harmless ones too. A level: verdicts at least that sure that cost something.
 * A cause: verdicts that name it, alone or among those that cannot be told apart.
 */
export function hasFindings(report: Report, failOn: readonly FailOn[]): boolean {
  const verdicts = [...report.resets, ...report.silences];
  return failOn.some((condition) => verdicts.some((verdict) => isFinding(verdict, condition)));
}

function isFinding({ cause, impact }: Reset | Silence, condition: FailOn): boolean {
  if (condition === 'any') return true;
  const level = LEVELS.findIndex((word) => word === condition);
  if (level >= 0) return impact !== 'none' && LEVELS.indexOf(cause.level) >= level;
  return cause.id === condition || (cause.group ?? []).some((id) => id === condition);
}
