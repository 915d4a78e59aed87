/** Proofs of captures that are read together are held against the truth of every place. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { renderJoined } from './joined-table.ts';
import { judgeJoined } from './joined.ts';
import { summarize } from './summary.ts';

const INJECTED = resolve(import.meta.dirname, '../captures/injected');
const directory = mkdtempSync(join(tmpdir(), 'firsthand-joined-'));
const folder = join(directory, 'injected');
cpSync(INJECTED, folder, { recursive: true });
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const BOTH_ENDS = 'injected/both-ends';

it('counts what both ends prove of a RST that was forged for either', async () => {
  const joined = (await judgeJoined(directory)).filter(({ scenario }) => scenario === BOTH_ENDS);
  expect(joined.map(({ said, proof, right }) => [said.split(' ')[1], proof, right])).toEqual([
    ['middlebox', true, true],
  ]);
  expect(summarize([], joined).wrongProof).toBe(0);
  expect(renderJoined(joined)).toContain('| client + router + server | 1 | 100.0 % of 1');
});

it('counts a proof against the truth as a wrong one', async () => {
  const file = join(folder, 'truth.json');
  const truths = JSON.parse(readFileSync(file, 'utf8')) as Record<string, { scenario: string; truth: object }>;
  for (const entry of Object.values(truths))
    if (entry.scenario === BOTH_ENDS) entry.truth = { ...entry.truth, mechanism: 'active-abort' };
  writeFileSync(file, JSON.stringify(truths));
  const joined = (await judgeJoined(directory)).filter(({ scenario }) => scenario === BOTH_ENDS);
  expect(joined.map(({ proof, right }) => [proof, right])).toEqual([[true, false]]);
  expect(summarize([], joined).wrongProof).toBe(1);
});
