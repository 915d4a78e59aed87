/** Every pattern of `explain`, for logs. */
import { matchLine } from '../match.ts';
import { PATTERNS } from '../patterns/list.ts';
import type { LineMatcher } from './define.ts';

export const EVERY_PATTERN: LineMatcher = {
  literals: [...new Set(PATTERNS.flatMap(({ literals }) => literals))],
  match: matchLine,
};
