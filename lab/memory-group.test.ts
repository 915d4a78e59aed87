/** A control group of a lab that is gone is removed by the next one; that of a living one stays. */
import { existsSync, mkdtempSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withCleanup } from './cleanup.ts';
import { runCommand } from './helper.ts';
import { GROUP_FOLDERS, memoryGroup } from './memory-group.ts';
import { missingNeeds } from './needs.ts';

const missing = await missingNeeds(['root', 'memory-groups']);
if (missing.length > 0) process.stderr.write(`SKIPPED: control groups need ${missing.join(', ')}\n`);

describe.skipIf(missing.length > 0)('a group for memory', () => {
  it('is removed with the lab, or by the next one where that was killed', async () => {
    const folder = GROUP_FOLDERS.find((root) => existsSync(join(root, 'memory.limit_in_bytes'))) ?? GROUP_FOLDERS[1]!;
    const gone = Number(await runCommand('sh', ['-c', 'echo $$']));
    const orphan = mkdtempSync(join(folder, `firsthand-lab-${gone}-`));
    const living = mkdtempSync(join(folder, `firsthand-lab-${process.pid}-`));
    await withCleanup(async (cleanup) => {
      memoryGroup(cleanup, 2 ** 26);
      expect([existsSync(orphan), existsSync(living)]).toEqual([false, true]);
    });
    expect(existsSync(living)).toBe(true);
    rmdirSync(living);
  });
});
