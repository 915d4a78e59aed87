import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTickClock } from './ticks.ts';

describe('pcapng ticks', () => {
  it('become exact seconds and nanoseconds at every resolution', () => {
    const ticks = fc.oneof(
      fc.bigInt(0n, 2n ** 64n - 1n),
      fc.bigInt(0n, 2n ** 64n - 1n).map((value) => value >> 7n),
    );
    fc.assert(
      fc.property(fc.nat(255), fc.array(ticks, { minLength: 1, maxLength: 4 }), (tsresol, times) => {
        const clock = createTickClock(tsresol, 0);
        for (const time of times) {
          clock.set(Number(time >> 32n), Number(time & 0xffff_ffffn));
          const units = tsresol < 128 ? 10n ** BigInt(tsresol) : 2n ** BigInt(tsresol - 128);
          // Numbers end at 2^53; no clock does.
          if (time / units > 2n ** 53n) continue;
          expect([BigInt(clock.nanos), clock.seconds]).toEqual([
            ((time % units) * 1_000_000_000n) / units,
            Number(time / units),
          ]);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('add the offset of the interface', () => {
    const clock = createTickClock(6, -3);
    clock.set(0, 5_000_001);
    expect([clock.seconds, clock.nanos]).toEqual([2, 1000]);
  });
});
