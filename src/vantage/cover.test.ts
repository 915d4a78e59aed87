import { expect, it } from 'vitest';
import { coverOf } from './cover.ts';

const S = 1e9;

it.each([
  ['in the midst of it', 5, 'yes'],
  ['before it began', 0.5, 'no'],
  ['as it began, as far as the clocks tell', 1.05, 'no'],
  ['just before its last packet', 9.8, 'yes'],
  ['just at its last packet', 10, 'ends'],
  ['a second behind it', 11, 'ends'],
  ['long behind it', 20, 'no'],
])('a moment %s', (_, atS, cover) => {
  expect(coverOf(1 * S, 10 * S, atS * S, 0.1 * S)).toBe(cover);
});
