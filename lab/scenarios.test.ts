/** The set of scenarios is complete: three and a near miss for each cause, and one for each mistake of the field. */
import { describe, expect, it } from 'vitest';
import { CAUSE_IDS, SILENCE_IDS } from '../src/terms/causes.ts';
import { allScenarios } from './all-scenarios.ts';
import { MISTAKES } from './mistakes.ts';

const scenarios = await allScenarios();
const kinds = new Map<string, string>(scenarios.map(({ id, kind }) => [id, kind]));
const causes = [...CAUSE_IDS, ...SILENCE_IDS].filter((id) => id !== 'unknown');

describe('the scenarios', () => {
  it('have names of their own, and a cause that exists', () => {
    expect(kinds.size).toBe(scenarios.length);
    for (const { id, cause } of scenarios) expect(causes, id).toContain(cause);
  });

  it.each(causes)('show %s three times, and a near miss of it', (cause) => {
    const count = (kind: string): number => scenarios.filter((one) => one.cause === cause && one.kind === kind).length;
    expect(count('fires')).toBeGreaterThanOrEqual(3);
    expect(count('quiet')).toBeGreaterThanOrEqual(1);
  });

  it('are true of their own cause where they show it', () => {
    for (const { id, cause, kind, truth } of scenarios) {
      if (kind === 'fires') expect(truth.cause, id).toBe(cause);
      else expect(truth.cause, id).not.toBe(cause);
    }
  });
});

describe.each(MISTAKES)('$what', ({ scenarios: shown, nearMiss }) => {
  it('is made by scenarios that exist, with a near miss', () => {
    for (const id of shown) expect(kinds.get(id), id).toBe('fires');
    expect(kinds.get(nearMiss), nearMiss).toBe('quiet');
  });
});
