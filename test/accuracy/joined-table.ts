/** The table of captures that were read together. */
import type { JoinedCase } from './joined.ts';
import { rateCell, table } from './markdown.ts';

export function renderJoined(joined: readonly JoinedCase[]): string {
  const points = [...new Set(joined.map((one) => one.points))].sort();
  const rows = points.map((point) => {
    const of = joined.filter((one) => one.points === point);
    return [
      point,
      String(of.length),
      rateCell(of.map(proven)),
      String(of.filter((one) => one.proof && !one.right).length),
    ];
  });
  return `## Captures read together

Where a scenario was captured at several places, its captures are read together as well. The share of their resets whose sender is
then proven, and how many of these proofs are wrong.

${table(['captured at', 'resets', 'proven', 'wrong proofs'], rows)}`;
}

function proven({ scenario, proof }: JoinedCase): { cluster: string; right: boolean } {
  return { cluster: scenario, right: proof };
}
