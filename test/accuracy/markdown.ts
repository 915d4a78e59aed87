/** Tables and rates in Markdown. */
import { clusteredInterval, rateOf } from './statistics.ts';
import type { Outcome } from './statistics.ts';

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** How often each truth met each answer; pairs are truth and answer, and what never occurs has no row or column. */
export function matrix(corner: string, pairs: readonly (readonly [string, string])[]): string {
  const truths = [...new Set(pairs.map(([truth]) => truth))].sort();
  const answers = [...new Set(pairs.map(([, answer]) => answer))].sort();
  const count = (truth: string, answer: string): number => pairs.filter(([a, b]) => a === truth && b === answer).length;
  return table(
    [`${corner} ↓ said →`, ...answers],
    truths.map((truth) => [truth, ...answers.map((answer) => String(count(truth, answer) || '·'))]),
  );
}

/** A rate with its counts and interval, such as `98.5 % of 67 (92.0–99.7)`. */
export function rateCell(outcomes: readonly Outcome[]): string {
  if (outcomes.length === 0) return '–';
  const { low, high } = clusteredInterval(outcomes);
  return `${percent(rateOf(outcomes))} of ${outcomes.length} (${(low * 100).toFixed(1)}–${(high * 100).toFixed(1)})`;
}

export function percent(rate: number): string {
  return `${(rate * 100).toFixed(1)} %`;
}
