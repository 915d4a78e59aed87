/** Every cause made live on this kernel, as its recording was, and judged: what is shipped is not a lucky moment. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeSet } from '../test/accuracy/cases.ts';
import type { Case } from '../test/accuracy/cases.ts';
import { isAbstained, isWrong } from '../test/accuracy/summary.ts';
import { allScenarios } from './all-scenarios.ts';
import { withCleanup } from './cleanup.ts';
import { missingNeeds } from './needs.ts';
import { recordSet } from './record-set.ts';
import type { Scenario } from './scenario.ts';
import type { SetNote } from './set-note.ts';

/** The first scenario of each cause that makes it. */
const firsts = [
  ...new Map(
    (await allScenarios())
      .filter(({ kind }) => kind === 'fires')
      .toReversed()
      .map((one) => [one.cause, one]),
  ),
].map(([, scenario]) => scenario);
const missing = await missingNeeds([...new Set(firsts.flatMap(({ needs }) => needs))]);
if (missing.length > 0) process.stderr.write(`SKIPPED: making every cause live needs ${missing.join(', ')}\n`);

describe.skipIf(missing.length > 0)('made live', () => {
  const out = mkdtempSync(join(tmpdir(), 'firsthand-live-'));
  let note: SetNote;
  let cases: readonly Case[];
  afterAll(() => rmSync(out, { recursive: true, force: true }));
  beforeAll(async () => {
    note = await withCleanup((cleanup) => recordSet(firsts, null, out, 3, cleanup));
    cases = await judgeSet(out);
  }, 300_000);

  it('does what it promises', () => expect(note.failed).toEqual([]));

  it.each(firsts.map(({ id }): [Scenario['id']] => [id]))('%s is judged right', (id) => {
    const judged = cases.filter(({ scenario }) => scenario === id);
    expect(judged.length).toBeGreaterThan(0);
    for (const one of judged) {
      expect(isWrong(one), `${one.capture}: said ${one.said.cause} [${one.said.group.join(', ')}]`).toBe(false);
      expect(isAbstained(one), one.capture).toBe(false);
    }
  });
});
