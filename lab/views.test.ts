/** What is read from several places together is held against what is true at each of them. */
import { describe, expect, it } from 'vitest';
import { PLAIN } from '../src/report/ink.ts';
import { allScenarios } from './all-scenarios.ts';
import { renderComparison } from './compare-text.ts';
import { shippedFiles } from './obtain.ts';
import { readViews } from './views.ts';

const recorded = await Promise.all(
  (await allScenarios()).map(async (scenario) => ({ scenario, captures: await shippedFiles(scenario) })),
);
const several = recorded.filter(({ captures }) => captures.length > 1);

describe('a recording from several places', () => {
  it('is among the shipped ones', () => expect(several.length).toBeGreaterThan(10));

  it.each(several.map((one) => ({ ...one, id: one.scenario.id })))('of $id is judged right', async (one) => {
    const views = await readViews(one.scenario, one.captures, false);
    expect(renderComparison(one.scenario.truth, views, 200, PLAIN)).not.toContain('The verdict is not the truth');
  });
});
