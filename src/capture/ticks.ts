/** pcapng timestamps: 64-bit ticks of any resolution, turned into seconds and nanoseconds exactly and without BigInt. */

/** Turns ticks into a time; one per interface. `seconds` and `nanos` hold the result of the last `set`. */
export interface TickClock {
  seconds: number;
  nanos: number;
  /** Ticks per second. */
  readonly resolution: number;
  /** Converts `high` × 2^32 + `low` ticks. */
  set(high: number, low: number): void;
}

/** A clock for the if_tsresol byte and the if_tsoffset seconds of an interface (pcapng draft, section 4.2). */
export function createTickClock(tsresol: number, offsetSeconds: number): TickClock {
  const exponent = tsresol & 0x7f;
  return (tsresol & 0x80) === 0 ? decimalClock(exponent, offsetSeconds) : binaryClock(exponent, offsetSeconds);
}

const TWO_32 = 0x1_0000_0000;

function decimalClock(exponent: number, offsetSeconds: number): TickClock {
  return exponent <= 9 ? coarseClock(exponent, offsetSeconds) : fineClock(exponent, offsetSeconds);
}

/** Up to nanoseconds: the upper half changes every few seconds at most, so its share is kept. */
function coarseClock(exponent: number, offsetSeconds: number): TickClock {
  const unitsPerSecond = 10 ** exponent;
  const nanosPerUnit = 1e9 / unitsPerSecond;
  const clock: TickClock = { seconds: 0, nanos: 0, resolution: unitsPerSecond, set };
  const ratio = { high: 0, low: 0, rest: 0 };
  let lastHigh = -1;
  let highSeconds = 0;
  let highUnits = 0;

  function set(high: number, low: number): void {
    if (high !== lastHigh) {
      ratio.high = high;
      ratio.low = 0;
      divide(ratio, unitsPerSecond);
      lastHigh = high;
      highSeconds = ratio.high * TWO_32 + ratio.low + offsetSeconds;
      highUnits = ratio.rest;
    }
    const units = highUnits + low;
    const whole = Math.floor(units / unitsPerSecond);
    clock.seconds = highSeconds + whole;
    clock.nanos = (units - whole * unitsPerSecond) * nanosPerUnit;
  }

  return clock;
}

/** Finer than nanoseconds: the surplus digits are divided away, in steps that keep every divisor below 2^37. */
function fineClock(exponent: number, offsetSeconds: number): TickClock {
  const clock: TickClock = { seconds: 0, nanos: 0, resolution: 10 ** exponent, set };
  const ratio = { high: 0, low: 0, rest: 0 };

  function set(high: number, low: number): void {
    ratio.high = high;
    ratio.low = low;
    for (let surplus = exponent - 9; surplus > 0; surplus -= 9) divide(ratio, 10 ** Math.min(surplus, 9));
    divide(ratio, 1e9);
    clock.seconds = ratio.high * TWO_32 + ratio.low + offsetSeconds;
    clock.nanos = ratio.rest;
  }

  return clock;
}

/** Long division by a divisor below 2^37, in digits of 16 bits: every intermediate fits the 53 bits of a number. */
function divide(ratio: { high: number; low: number; rest: number }, divisor: number): void {
  let rest = 0;
  let part = ratio.high >>> 16;
  const q3 = Math.floor(part / divisor);
  rest = part - q3 * divisor;
  part = rest * 0x10000 + (ratio.high & 0xffff);
  const q2 = Math.floor(part / divisor);
  rest = part - q2 * divisor;
  part = rest * 0x10000 + (ratio.low >>> 16);
  const q1 = Math.floor(part / divisor);
  rest = part - q1 * divisor;
  part = rest * 0x10000 + (ratio.low & 0xffff);
  const q0 = Math.floor(part / divisor);
  ratio.rest = part - q0 * divisor;
  ratio.high = q3 * 0x10000 + q2;
  ratio.low = q1 * 0x10000 + q0;
}

function binaryClock(exponent: number, offsetSeconds: number): TickClock {
  const clock: TickClock = { seconds: 0, nanos: 0, resolution: 2 ** exponent, set };
  const highUnit = 2 ** (32 - exponent);

  function set(high: number, low: number): void {
    // Dividing by a power of two loses nothing, so the whole part of each half is exact.
    const wholeLow = exponent > 53 ? 0 : Math.floor(low / 2 ** exponent);
    const wholeHigh = Math.floor(high * highUnit);
    clock.seconds = wholeHigh + wholeLow + offsetSeconds;
    const fractionHigh = exponent <= 32 ? 0 : high - wholeHigh / highUnit;
    const fractionLow = low - wholeLow * 2 ** Math.min(exponent, 53);
    clock.nanos = nanosOf(fractionHigh, fractionLow, exponent);
  }

  return clock;
}

/** floor((high × 2^32 + low) × 10^9 / 2^exponent) for a fraction below one second. */
function nanosOf(high: number, low: number, exponent: number): number {
  // 10^9 = 1953125 × 2^9, and 2^32 × 1953125 < 2^53: both products are exact.
  const scale = 2 ** (exponent - 9);
  const fromHigh = (high * 1_953_125) / (scale / TWO_32);
  const fromLow = (low * 1_953_125) / scale;
  const wholeHigh = Math.floor(fromHigh);
  const wholeLow = Math.floor(fromLow);
  return wholeHigh + wholeLow + Math.floor(fromHigh - wholeHigh + (fromLow - wholeLow));
}
