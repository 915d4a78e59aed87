import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clockDifference, onClockOfA, type Crossing } from './clocks.ts';

const MS = 1e6;
const S = 1e9;

/** Segments to and fro every 100 ms over a path of `pathNs`, and B's clock off by so much. */
function crossings(offsetNs: number, driftPpm: number, pathNs: number, seconds: number): Crossing[] {
  const all: Crossing[] = [];
  for (let atNs = 0, i = 0; atNs < seconds * S; atNs += 0.1 * S, i++) {
    const jitterNs = ((i * 7919) % 13) * 0.02 * MS;
    const clockNs = offsetNs + (atNs * driftPpm) / 1e6;
    all.push({ atNs, laterNs: clockNs + pathNs + jitterNs, aFirst: true });
    all.push({ atNs: atNs + 10 * MS, laterNs: clockNs - pathNs - jitterNs, aFirst: false });
  }
  return all;
}

describe('clockDifference', () => {
  it('is known to the delay of the path', () => {
    fc.assert(
      fc.property(fc.integer({ min: -3600, max: 3600 }), fc.integer({ min: 1, max: 100 }), (offsetS, pathMs) => {
        const found = clockDifference(crossings(offsetS * S, 0, pathMs * MS, 5))!;
        expect(Math.abs(found.offsetNs - offsetS * S)).toBeLessThanOrEqual(found.errorNs);
        expect(found.errorNs).toBeCloseTo(pathMs * MS, 0);
      }),
    );
  });

  it('follows a clock that gains, and only over a time in which that shows', () => {
    const long = clockDifference(crossings(2 * S, 60, MS, 120))!;
    expect(long.driftPpm).toBeCloseTo(60, 0);
    expect(clockDifference(crossings(2 * S, 60, MS, 5))!.driftPpm).toBe(0);
    const bNs = 100 * S + 2 * S + 100 * S * 60e-6;
    expect(Math.abs(onClockOfA(long, bNs) - 100 * S)).toBeLessThan(1.5 * MS);
  });

  it('takes a queue that fills for what it is, not for a clock', () => {
    const filling = crossings(0, 0, MS, 120).map((one) =>
      one.aFirst ? { ...one, laterNs: one.laterNs + one.atNs * 1e-3 } : one,
    );
    expect(clockDifference(filling)!.driftPpm).toBe(0);
  });

  it('says that one direction alone leaves the time on the way open', () => {
    const forth = crossings(S, 0, 20 * MS, 5).filter(({ aFirst }) => aFirst);
    const found = clockDifference(forth)!;
    expect(found.errorNs).toBe(500 * MS);
    expect(Math.abs(found.offsetNs - S)).toBeLessThanOrEqual(found.errorNs);
    expect(clockDifference([])).toBeNull();
  });
});
