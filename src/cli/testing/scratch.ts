/** Temporary folders that are gone when the test is. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A new folder, removed after the test. */
export async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'firsthand-cli-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
