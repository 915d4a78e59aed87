import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRateCounter } from './rate.ts';

const START_MS = Date.UTC(2026, 10, 20, 10);

describe('createRateCounter', () => {
  it('counts every time once, in few buckets, in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -8.64e15, max: 8.64e15 }), { minLength: 1, maxLength: 50 }), (times) => {
        const counter = createRateCounter();
        for (const ms of times) counter.add(ms);
        const rate = counter.end()!;
        expect(rate.counts.reduce((sum, count) => sum + count, 0)).toBe(times.length);
        expect(rate.counts.length).toBeLessThanOrEqual(60);
        const reversed = createRateCounter();
        for (const ms of times.toReversed()) reversed.add(ms);
        expect(reversed.end()?.counts.reduce((sum, count) => sum + count, 0)).toBe(times.length);
      }),
    );
    expect(createRateCounter().end()).toBeNull();
  });

  it('finds a burst, and none in an even rate', () => {
    const burst = createRateCounter();
    const even = createRateCounter();
    for (let at = 0; at < 100; at++) {
      burst.add(START_MS + (at < 80 ? 50_000 + at * 10 : at * 1000));
      even.add(START_MS + at * 1000);
    }
    expect(burst.end()?.burst).toMatchObject({ from: '2026-11-20T10:00:50.000Z', count: 80 });
    expect(even.end()?.burst).toBeNull();
  });
});
