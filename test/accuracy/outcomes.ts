/** Right or not, for rates: clustered by scenario. */
import type { Case } from './cases.ts';
import type { Outcome } from './statistics.ts';
import { asksWho } from './summary.ts';

export function whoOutcomes(cases: readonly Case[]): Outcome[] {
  return cases.filter(asksWho).map(({ scenario, who }) => ({ cluster: scenario, right: who === 'right' }));
}

export function whyOutcomes(cases: readonly Case[]): Outcome[] {
  return cases.map(({ scenario, why }) => ({ cluster: scenario, right: why === 'right' }));
}
