/** The arithmetic of the accuracy document. */

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** One yes or no, and the scenario it came from: what one scenario says twice is not said by two. */
export interface Outcome {
  readonly cluster: string;
  readonly right: boolean;
}

/** The 97.5 % quantile of the normal distribution. */
const Z = 1.959963984540054;

/** Wilson's 95 % interval of a rate seen in `n` independent trials; `n` may be a fraction. */
export function wilson(rate: number, n: number): Interval {
  if (n <= 0) return { low: 0, high: 1 };
  const scale = 1 + Z ** 2 / n;
  const middle = (rate + Z ** 2 / (2 * n)) / scale;
  const half = (Z / scale) * Math.sqrt((rate * (1 - rate)) / n + Z ** 2 / (4 * n ** 2));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/**
 * How many independent trials these outcomes are worth: the variance of a rate of independent trials over the
 * cluster-robust variance of this one. Where nothing varies there is nothing to estimate, and each cluster counts once.
 */
export function effectiveTrials(outcomes: readonly Outcome[]): number {
  const clusters = new Map<string, { right: number; n: number }>();
  for (const { cluster, right } of outcomes) {
    const sum = clusters.get(cluster) ?? { right: 0, n: 0 };
    clusters.set(cluster, { right: sum.right + Number(right), n: sum.n + 1 });
  }
  const n = outcomes.length;
  const rate = rateOf(outcomes);
  if (rate === 0 || rate === 1 || clusters.size < 2) return clusters.size;
  const squares = [...clusters.values()].reduce((sum, one) => sum + (one.right - one.n * rate) ** 2, 0);
  const robust = ((clusters.size / (clusters.size - 1)) * squares) / n ** 2;
  return Math.min(n, (rate * (1 - rate)) / robust);
}

/** The share of the outcomes that are right; 0 of none. */
export function rateOf(outcomes: readonly { readonly right: boolean }[]): number {
  return outcomes.length === 0 ? 0 : outcomes.filter(({ right }) => right).length / outcomes.length;
}

/** Wilson's interval with the outcomes of one scenario counted as what they are worth. */
export function clusteredInterval(outcomes: readonly Outcome[]): Interval {
  return wilson(rateOf(outcomes), effectiveTrials(outcomes));
}

/** Brier's score of stated probabilities against what happened, from 0 (certain and right) to 2 (certain and wrong). */
export function brier(stated: Readonly<Record<string, number>>, happened: string): number {
  const others = Object.entries(stated).filter(([id]) => id !== happened);
  return (1 - (stated[happened] ?? 0)) ** 2 + others.reduce((sum, [, probability]) => sum + probability ** 2, 0);
}

export interface Bucket<T> {
  readonly from: number;
  readonly to: number;
  readonly items: readonly T[];
}

/** The items by tenths of what was stated, the last tenth including 1; empty tenths are left out. */
export function byTenths<T>(items: readonly T[], stated: (item: T) => number): Bucket<T>[] {
  const tenth = (item: T): number => Math.min(9, Math.floor(stated(item) * 10 + 1e-9));
  return Array.from({ length: 10 }, (_, index) => ({
    from: index / 10,
    to: (index + 1) / 10,
    items: items.filter((item) => tenth(item) === index),
  })).filter((bucket) => bucket.items.length > 0);
}

export interface RiskPoint {
  /** Only what was stated with at least this confidence counts as said. */
  readonly threshold: number;
  /** The share of all that was said. */
  readonly coverage: number;
  /** The share of what was said that is wrong. */
  readonly risk: number;
}

/** What one gets by believing only verdicts of some confidence; `said` are those that are not abstentions, of `total`. */
export function riskCoverage(
  said: readonly { readonly confidence: number; readonly right: boolean }[],
  total: number,
  thresholds: readonly number[],
): RiskPoint[] {
  return thresholds.map((threshold) => {
    const believed = said.filter(({ confidence }) => confidence >= threshold);
    return {
      threshold,
      coverage: total === 0 ? 0 : believed.length / total,
      risk: believed.length === 0 ? 0 : 1 - rateOf(believed),
    };
  });
}

/** The mean of some numbers; 0 of none. */
export function mean(numbers: readonly number[]): number {
  return numbers.length === 0 ? 0 : numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
