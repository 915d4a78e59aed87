/** How likely counts are to come about by chance: exact, free of any assumed distribution, safe for large numbers. */

/**
 * Fisher's exact test, one-sided: the chance that a group of `group` holds `hits` or more of the marked ones, when
 * `hits + otherHits` of all `group + others` are marked and the marks fall blindly. 0 to 1.
 *
 * With a threshold at the group's own least value it is the exact permutation test of "the group is the larger one".
 */
export function fisher(hits: number, group: number, otherHits: number, others: number): number {
  const marked = hits + otherHits;
  const all = group + others;
  const most = Math.min(group, marked);
  let sum = 0;
  for (let k = hits; k <= most; k++) {
    const term = Math.exp(lnChoose(marked, k) + lnChoose(all - marked, group - k) - lnChoose(all, group));
    sum += term;
    if (term < sum * 1e-9) break;
  }
  return Math.min(1, sum);
}

/**
 * The number of clusters of `count` points, each no wider than the share `width` of the range, that `among` points
 * strewn evenly over the range are expected to form; where it is small, a cluster is no accident.
 */
export function clustersByChance(count: number, among: number, width: number): number {
  if (count < 2) return among;
  return Math.exp(Math.log(count) + lnChoose(among, count) + (count - 1) * Math.log(Math.max(width, 1e-9)));
}

/** The chance of `hits` or more in `tries` that each succeed with probability `p`. */
export function binomialTail(hits: number, tries: number, p: number): number {
  let sum = 0;
  for (let k = hits; k <= tries; k++) {
    const term = Math.exp(lnChoose(tries, k) + k * Math.log(p) + (tries - k) * Math.log1p(-p));
    sum += term;
    if (term < sum * 1e-9 && k > tries * p) break;
  }
  return Math.min(1, sum);
}

/** Natural logarithm of the number of ways to take k of n; -Infinity when there are none. */
export function lnChoose(n: number, k: number): number {
  if (k < 0 || k > n) return Number.NEGATIVE_INFINITY;
  return lnFactorial(n) - lnFactorial(k) - lnFactorial(n - k);
}

const SMALL: readonly number[] = sums(64);

function sums(count: number): number[] {
  const table = [0];
  for (let n = 1; n < count; n++) table.push(table[n - 1]! + Math.log(n));
  return table;
}

/** Stirling's series: from 64 on its error is below 1e-15. */
function lnFactorial(n: number): number {
  const small = SMALL[n];
  if (small !== undefined) return small;
  const inverse = 1 / n;
  return (
    n * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI * n) + inverse / 12 - inverse ** 3 / 360 + inverse ** 5 / 1260
  );
}
