/** A small set recorded live: what was drawn is in the truth, and what failed is listed. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { allScenarios } from './all-scenarios.ts';
import { withCleanup } from './cleanup.ts';
import { missingNeeds } from './needs.ts';
import type { CaptureTruth } from './record-all.ts';
import { recordSet } from './record-set.ts';
import { NAMESPACES } from './scenario.ts';
import type { Scenario } from './scenario.ts';
import { drawVariation } from './variation.ts';

const SEED = 11;
const missing = await missingNeeds(NAMESPACES);
if (missing.length > 0) process.stderr.write(`SKIPPED: recording a set needs ${missing.join(', ')}\n`);

describe.skipIf(missing.length > 0)('recordSet', () => {
  const out = mkdtempSync(join(tmpdir(), 'firsthand-set-'));
  afterAll(() => rmSync(out, { recursive: true, force: true }));

  it('records loopback and namespaces under the seed, and lists what could not be recorded', async () => {
    const scenarios = await chosen('linger-zero/after-response', 'killed/ss-kill');
    const lost = { ...scenarios[0]!, id: 'linger-zero/not-there' } as const;
    const note = await withCleanup((cleanup) => recordSet([...scenarios, lost], SEED, out, 2, cleanup));
    expect(note).toMatchObject({ seed: SEED, scenarios: 3, captures: 3 });
    expect(note.failed).toEqual([{ scenario: lost.id, reason: 'there is no such scenario' }]);
    expect(JSON.parse(readFileSync(join(out, 'set.json'), 'utf8'))).toEqual(note);
    for (const scenario of scenarios) {
      const folder = join(out, scenario.cause);
      const truths = JSON.parse(readFileSync(join(folder, 'truth.json'), 'utf8')) as Record<string, CaptureTruth>;
      expect(Object.keys(truths).length).toBeGreaterThan(0);
      for (const [file, truth] of Object.entries(truths)) {
        expect(existsSync(join(folder, file))).toBe(true);
        expect(truth).toMatchObject({ scenario: scenario.id, variation: drawVariation(SEED, scenario) });
      }
    }
  });

  it('goes on with the set in a second part, and not under another seed', async () => {
    const more = await chosen('refused/closed-port-v4');
    const note = await withCleanup((cleanup) => recordSet(more, SEED, out, 1, cleanup));
    expect(note).toMatchObject({
      seed: SEED,
      scenarios: 4,
      captures: 4,
      failed: [{ scenario: 'linger-zero/not-there' }],
    });
    const other = withCleanup((cleanup) => recordSet(more, SEED + 1, out, 1, cleanup));
    await expect(other).rejects.toThrow(`holds a set of seed ${SEED}`);
  });
});

async function chosen(...ids: readonly string[]): Promise<Scenario[]> {
  return (await allScenarios()).filter(({ id }) => ids.includes(id));
}
