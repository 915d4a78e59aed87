import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seqAdd, seqDiff, seqInWindow, seqLt, seqLte, seqMax, seqMin } from './seq.ts';

const LAST = 0xffff_ffff;

describe('sequence numbers', () => {
  it('compare across the wrap', () => {
    expect(seqDiff(4, LAST)).toBe(5);
    expect(seqDiff(LAST, 4)).toBe(-5);
    expect([seqLt(LAST, 0), seqLt(0, LAST), seqLt(7, 7), seqLte(7, 7)]).toEqual([true, false, false, true]);
    expect([seqMax(LAST, 3), seqMin(LAST, 3)]).toEqual([3, LAST]);
    expect([seqAdd(LAST, 1), seqAdd(0, -1)]).toEqual([0, LAST]);
    expect([seqInWindow(2, LAST, 4), seqInWindow(3, LAST, 4), seqInWindow(LAST - 1, LAST, 4)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('undo each other over the whole number space', () => {
    const distance = fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(fc.nat(LAST), distance, (start, bytes) => {
        expect(seqDiff(seqAdd(start, bytes), start)).toBe(bytes);
        expect(seqLt(start, seqAdd(start, bytes))).toBe(bytes > 0);
      }),
    );
  });
});
