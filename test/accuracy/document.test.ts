/** docs/accuracy.md is what the shipped captures give today, and the scoring is as strict as the design says. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { actorBehind, judgeSet } from './cases.ts';
import type { Case } from './cases.ts';
import { renderAccuracy } from './document.ts';
import { judgeJoined } from './joined.ts';
import { lineOf, summarize } from './summary.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const CAPTURES = join(ROOT, 'test/captures');

describe('docs/accuracy.md', () => {
  it('is what the shipped captures give (npm run accuracy -- --write)', async () => {
    expect(renderAccuracy({ cases: await judgeSet(CAPTURES), joined: await judgeJoined(CAPTURES) })).toBe(
      readFileSync(join(ROOT, 'docs/accuracy.md'), 'utf8'),
    );
  });
});

describe('scoring', () => {
  const directory = mkdtempSync(join(tmpdir(), 'firsthand-accuracy-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  beforeAll(() => cpSync(join(CAPTURES, 'injected'), join(directory, 'injected'), { recursive: true }));

  /** The cases of one capture when its truth were another one. */
  async function judgedAs(change: Readonly<Record<string, unknown>>, kind = 'fires'): Promise<Case[]> {
    const file = 'fires-right-sequence.pcap';
    const truths = JSON.parse(readFileSync(join(CAPTURES, 'injected/truth.json'), 'utf8')) as Record<
      string,
      { truth: object }
    >;
    const entry = { ...truths[file]!, kind, truth: { ...truths[file]!.truth, ...change } };
    writeFileSync(join(directory, 'injected/truth.json'), JSON.stringify({ [file]: entry }));
    return judgeSet(directory);
  }

  it('counts a forged RST that is seen through', async () => {
    expect(lineOf(summarize(await judgedAs({})))).toBe('who 1/1 why 1/1 group 0 abstained 0 wrong 0 wrong-proof 0');
  });

  it('counts an accusation of the wrong actor as wrong, though side and cause are right', async () => {
    const cases = await judgedAs({ actor: 'endpoint' });
    expect(lineOf(summarize(cases))).toBe('who 0/1 why 1/1 group 0 abstained 0 wrong 1 wrong-proof 0');
  });

  it('counts the wrong cause as wrong, and a named near miss, too', async () => {
    expect(summarize(await judgedAs({ cause: 'linger-zero' })).wrong).toBe(1);
    expect(summarize(await judgedAs({}, 'quiet')).wrong).toBe(1);
  });

  it('wants a group where the bytes leave several causes', async () => {
    const [judged] = await judgedAs({ equivalent: ['linger-zero'] });
    expect([judged!.identifiable, judged!.why]).toEqual([false, 'wrong']);
  });

  it('counts a reset that was not promised as wrong', async () => {
    const [judged] = await judgedAs({ cause: null, sender: null, mechanism: null });
    expect(judged).toMatchObject({ why: 'wrong', truth: { cause: 'nothing' }, said: { cause: 'injected' } });
  });

  it('derives who really sent a RST from its mechanism unless the truth says it', () => {
    expect(
      ['forged', 'in-path-answer', 'active-abort', 'syn-answer'].map((mechanism) => actorBehind(mechanism)),
    ).toEqual(['middlebox', 'middlebox', 'endpoint', 'endpoint']);
    expect(actorBehind('in-path-answer', 'endpoint')).toBe('endpoint');
  });
});
