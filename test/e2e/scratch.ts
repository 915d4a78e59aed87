/** Temporary folders that are gone when the test is. */
import { chmod, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { ROOT } from './bin.ts';

/** A new folder that everybody may enter, removed after the test. */
export async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'firsthand-e2e-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  return folder;
}

/** A copy of the built package with its dependencies: the project itself may lie where only root may look. */
export async function readablePackage(): Promise<string> {
  const folder = await scratch();
  const parts = ['package.json', 'bin', 'dist', 'test/captures', 'node_modules/commander', 'node_modules/fzstd'];
  await Promise.all(parts.map((part) => cp(join(ROOT, part), join(folder, part), { recursive: true })));
  return folder;
}
