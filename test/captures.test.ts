/** Every recorded capture is judged anew and held against what was really done when it was recorded. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CAUSES, SILENCES } from '../src/causes/list.ts';
import { readCapture } from '../src/collect/read-capture.ts';
import { CAUSE_IDS, SILENCE_IDS } from '../src/terms/causes.ts';
import { names, scoreReset, type CaptureTruth } from './score.ts';

const CAPTURES = resolve(import.meta.dirname, 'captures');
const IDS: readonly string[] = [...CAUSE_IDS, ...SILENCE_IDS];
const folders = readdirSync(CAPTURES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

describe.each(folders)('%s', (cause) => {
  const truths = JSON.parse(readFileSync(join(CAPTURES, cause, 'truth.json'), 'utf8')) as Record<string, CaptureTruth>;

  it('is a cause, with a capture that shows it and a near miss', () => {
    expect(IDS).toContain(cause);
    const files = readdirSync(join(CAPTURES, cause)).filter((file) => file.endsWith('.pcap'));
    expect(files.toSorted()).toEqual(Object.keys(truths).toSorted());
    expect(files.some((file) => file.startsWith('fires-'))).toBe(true);
    expect(files.some((file) => file.startsWith('quiet-'))).toBe(true);
  });

  it.each(Object.entries(truths))('%s', async (file, { kind, truth, resets }) => {
    const report = await readCapture(join(CAPTURES, cause, file));
    expect(report.resets.length).toBe(resets);
    if (kind === 'quiet') expect(names(report, cause)).toBe(false);
    if (truth.cause !== null && truth.cause in SILENCES) {
      expect(report.silences.map((silence) => silence.cause.id)).toContain(truth.cause);
      return;
    }
    if (truth.cause === null) return;
    expect(report.resets.length).toBeGreaterThan(0);
    const chain = [...(truth.earlier ?? []), truth];
    for (const [i, reset] of report.resets.entries()) {
      const { said, ...scores } = scoreReset(reset, chain[i] ?? truth);
      expect(scores, said).toEqual({ sender: 'right', mechanism: 'right', cause: 'right' });
    }
  });
});

describe('every judgement', () => {
  it('has a file for each id, and each file its own id', () => {
    expect(Object.entries({ ...CAUSES, ...SILENCES }).map(([id, cause]) => [id, cause.id])).toEqual(
      IDS.map((id) => [id, id]),
    );
  });

  it('adds up to certainty, and claims no proof from one capture', async () => {
    for (const folder of folders) {
      for (const file of readdirSync(join(CAPTURES, folder)).filter((name) => name.endsWith('.pcap'))) {
        const report = await readCapture(join(CAPTURES, folder, file));
        for (const { cause, alternatives, sender } of report.resets) {
          const sum = alternatives.reduce((total, other) => total + other.confidence, cause.confidence);
          expect(sum).toBeCloseTo(1, 5);
          expect([cause.level, sender.level]).not.toContain('proof');
          if (cause.group !== undefined) expect(cause.level).toBe('possible');
        }
      }
    }
  });
});
