/** A median and how far it may be off, without an assumption about the distribution. */

export interface Interval {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The median and its 95 % interval from order statistics: the median lies below the k-th smallest of n values with the
 * probability of fewer than k heads in n tosses. Below six values no interval reaches 95 %: it is all of them.
 */
export function medianWithInterval(values: readonly number[]): Interval {
  const sorted = [...values].sort((a, b) => a - b);
  const { length } = sorted;
  let rank = 0;
  for (let tail = 0.5 ** length, term = tail; tail <= 0.025 && rank < length / 2; tail += term) {
    rank++;
    term *= (length - rank + 1) / rank;
  }
  const at = (index: number): number => sorted[Math.min(Math.max(index, 0), length - 1)] ?? Number.NaN;
  const low = Math.max(rank - 1, 0);
  return {
    median: (at(Math.floor((length - 1) / 2)) + at(Math.ceil((length - 1) / 2))) / 2,
    low: at(low),
    high: at(length - 1 - low),
  };
}
