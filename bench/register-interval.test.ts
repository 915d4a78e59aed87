import { describe, expect, it } from 'vitest';
import { medianWithInterval } from './register-interval.ts';

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1).reverse();

describe('medianWithInterval', () => {
  // Ranks from the published tables of the sign test.
  it.each([
    [6, 1, 6],
    [9, 2, 8],
    [20, 6, 15],
    [40, 14, 27],
    [100, 40, 61],
  ])('of %i values takes the %ith and the %ith', (n, low, high) => {
    expect(medianWithInterval(upTo(n))).toEqual({ median: (n + 1) / 2, low, high });
  });

  it('of few values takes all of them', () => {
    expect(medianWithInterval([3, 1])).toEqual({ median: 2, low: 1, high: 3 });
    expect(medianWithInterval([3])).toEqual({ median: 3, low: 3, high: 3 });
  });
});
