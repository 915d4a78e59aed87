/** The known wordings that an unknown text resembles most, by the words they share. */
import { PATTERNS } from './patterns/list.ts';

const MOST = 3;
/** Words shared by so many messages that they tell nothing. */
const COMMON = new Set([
  'error',
  'failed',
  'the',
  'to',
  'of',
  'a',
  'for',
  'in',
  'http',
  'client',
  'server',
  'from',
  'and',
  'is',
  'was',
  'with',
  'not',
]);

/** Examples of at most three patterns; empty when nothing is shared. */
export function toNearestWordings(text: string): string[] {
  const words = toWords(text.slice(0, 2000));
  if (words.size === 0) return [];
  const scored = PATTERNS.map(({ example }) => ({ example, score: toLikeness(words, toWords(example)) }));
  return scored
    .filter(({ score }) => score >= 0.2)
    .toSorted((a, b) => b.score - a.score)
    .slice(0, MOST)
    .map(({ example }) => example);
}

function toWords(text: string): Set<string> {
  return new Set((text.toLowerCase().match(/[a-z_]{3,}/g) ?? []).filter((word) => !COMMON.has(word)));
}

/** Shared words by all words of both (Jaccard); one shared word is chance. */
function toLikeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const word of b) if (a.has(word)) shared++;
  return shared < 2 ? 0 : shared / (a.size + b.size - shared);
}
