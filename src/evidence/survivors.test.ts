import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countBelow, mostBelow } from './survivors.ts';

describe('numbers below a threshold', () => {
  it('are those in front of it once they are sorted', () => {
    const numbers = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 30 });
    fc.assert(
      fc.property(numbers, fc.integer({ min: -1, max: 21 }), (values, threshold) => {
        const below = values.filter((value) => value < threshold).toSorted((a, b) => a - b);
        const column = Float64Array.from(values);
        expect(countBelow(column, threshold)).toBe(below.length);
        expect(mostBelow(column, threshold)).toBe(below.at(-1) ?? Number.NEGATIVE_INFINITY);
      }),
    );
  });
});
