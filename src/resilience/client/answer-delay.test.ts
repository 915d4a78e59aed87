import { expect, it } from 'vitest';

import { answerDelayMs, isRepeatable } from './answer-delay.ts';
import { retrySettings } from './options.ts';

const ASKED = ['Retry-After', '2'].map((text) => Buffer.from(text));
const settingsOf = (statusCodes: readonly number[]) => retrySettings({ statusCodes, jitter: 'none', minDelayMs: 3000 });

it.each<[number, readonly number[], boolean]>([
  [503, [503], true],
  [502, [503], false],
  [409, [503], true],
  [409, [], false],
  [200, [503], false],
])('%i, of the list %j: asked for again %j', (status, list, expected) =>
  expect(isRepeatable(status, settingsOf(list))).toBe(expected),
);

it.each<[string, number, readonly number[], boolean, readonly Buffer[], number | null]>([
  ['a 409 in progress waits as long as a retry does', 409, [503], true, ASKED, 3000],
  ['a 409 without a key is the answer', 409, [503], false, ASKED, null],
  ['a 409 that names no time is the answer', 409, [503], true, [], null],
  ['a 409 in the list is as any other', 409, [409], false, ASKED, 2001],
  ['a listed status without a time waits as a retry does', 503, [503], false, [], 3000],
  ['a listed status waits as long as it asks', 503, [503], true, ASKED, 2001],
])('%s', (_name, status, list, keyed, headers, expected) =>
  expect(answerDelayMs(status, headers, keyed, 1, settingsOf(list))).toBe(expected),
);
