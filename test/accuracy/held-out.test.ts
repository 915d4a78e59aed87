/** Every family held out has its row, and every scenario of theirs its family. */
import { expect, it } from 'vitest';
import { heldOutScenarios } from '../../lab/all-scenarios.ts';
import { FAMILIES } from './held-out.ts';

it('knows the family of each scenario', async () => {
  const families = (await heldOutScenarios()).map(({ id }) => FAMILIES.filter(([, word]) => id.includes(word)));
  expect(families.map((found) => found.length)).toEqual(families.map(() => 1));
  expect(new Set(families.flat().map(([title]) => title)).size).toBe(FAMILIES.length);
});
