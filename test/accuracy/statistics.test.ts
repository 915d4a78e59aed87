import { describe, expect, it } from 'vitest';
import { brier, byTenths, clusteredInterval, effectiveTrials, riskCoverage, wilson } from './statistics.ts';
import type { Outcome } from './statistics.ts';

/** `size` outcomes of each scenario, all right or all wrong. */
function unanimous(right: readonly boolean[], size: number): Outcome[] {
  return right.flatMap((one, cluster) =>
    Array.from({ length: size }, () => ({ cluster: String(cluster), right: one })),
  );
}

describe('Wilson’s interval', () => {
  it('has the values of the tables', () => {
    expect(wilson(0.5, 10).low).toBeCloseTo(0.2366, 4);
    expect(wilson(0.5, 10).high).toBeCloseTo(0.7634, 4);
    expect(wilson(0.1, 50).low).toBeCloseTo(0.0435, 4);
    expect(wilson(0.1, 50).high).toBeCloseTo(0.2136, 4);
    expect(wilson(1, 10).low).toBeCloseTo(0.7225, 4);
    expect(wilson(1, 10).high).toBeCloseTo(1, 12);
  });

  it('says nothing of no trials', () => {
    expect(wilson(0, 0)).toEqual({ low: 0, high: 1 });
  });
});

describe('clustering', () => {
  it('counts scenarios, not their copies, when each is right or wrong as a whole', () => {
    const once = unanimous([true, true, false, true, false, true, true, true], 1);
    const tenfold = unanimous([true, true, false, true, false, true, true, true], 10);
    expect(effectiveTrials(tenfold)).toBeCloseTo(effectiveTrials(once), 9);
    expect(clusteredInterval(tenfold)).toEqual(clusteredInterval(once));
    expect(effectiveTrials(once)).toBeCloseTo(7, 9);
  });

  it('counts every case when the scenarios do not matter', () => {
    const mixed = Array.from({ length: 40 }, (_, index) => ({ cluster: String(index % 10), right: index < 20 }));
    expect(effectiveTrials(mixed)).toBe(40);
  });

  it('counts scenarios when all are right: there is no variance to look at', () => {
    expect(effectiveTrials(unanimous([true, true, true], 30))).toBe(3);
    expect(clusteredInterval(unanimous([true, true, true], 30))).toEqual(wilson(1, 3));
  });
});

describe('Brier’s score', () => {
  it('is 0 when certain and right, 2 when certain and wrong', () => {
    expect(brier({ a: 1 }, 'a')).toBe(0);
    expect(brier({ a: 1 }, 'b')).toBe(2);
  });

  it('adds up the squares over all that could have happened', () => {
    expect(brier({ a: 0.6, b: 0.3, unknown: 0.1 }, 'a')).toBeCloseTo(0.4 ** 2 + 0.3 ** 2 + 0.1 ** 2, 12);
    expect(brier({ a: 0.6, b: 0.4 }, 'c')).toBeCloseTo(1 + 0.36 + 0.16, 12);
  });
});

describe('buckets and coverage', () => {
  it('puts a tenth into the bucket that it opens, and certainty into the last', () => {
    const buckets = byTenths([0.1, 0.3, 0.7, 0.95, 1], (stated) => stated);
    expect(buckets.map(({ from, items }) => [from, items])).toEqual([
      [0.1, [0.1]],
      [0.3, [0.3]],
      [0.7, [0.7]],
      [0.9, [0.95, 1]],
    ]);
  });

  it('trades coverage for risk', () => {
    const said = [
      { confidence: 0.9, right: true },
      { confidence: 0.8, right: true },
      { confidence: 0.4, right: false },
    ];
    expect(riskCoverage(said, 4, [0, 0.5, 0.95])).toEqual([
      { threshold: 0, coverage: 0.75, risk: expect.closeTo(1 / 3, 9) },
      { threshold: 0.5, coverage: 0.5, risk: 0 },
      { threshold: 0.95, coverage: 0, risk: 0 },
    ]);
  });
});
