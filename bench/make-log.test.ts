import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

import { expect, test } from 'vitest';

import { matchLine } from '../src/explain/match.ts';
import { makeLog } from './make-log.ts';

test('the same seed gives the same log, whose failures and nothing else are recognised', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'firsthand-make-log-'));
  try {
    const [one, same, other] = [1, 1, 2].map((seed, at) => {
      const file = path.join(folder, String(at));
      const truth = makeLog(file, 300_000, seed);
      return { truth, text: fs.readFileSync(file, 'latin1') };
    });
    expect(same).toEqual(one);
    expect(other!.text).not.toBe(one!.text);
    const lines = one!.text.trimEnd().split('\n');
    expect(one!.truth).toMatchObject({ bytes: one!.text.length, lines: lines.length });
    expect(one!.truth.failures).toBeGreaterThan(5);
    expect(lines.filter((line) => matchLine(line) !== null)).toHaveLength(one!.truth.failures);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});
