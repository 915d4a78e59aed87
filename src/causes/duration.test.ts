import { expect, it } from 'vitest';
import { ms, times } from './duration.ts';

it.each([
  [0.05, '50 µs'],
  [119_000, '119 s'],
  [600_000, '10.0 min'],
  [65_472_000, '18.2 h'],
])('%d ms are %s', (value, text) => {
  expect(ms(value)).toBe(text);
});

it('counts in words as far as they are short', () => {
  expect([1, 2, 3].map(times)).toEqual(['once', 'twice', '3 times']);
});
