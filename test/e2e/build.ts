/** Builds dist/ before the tests that run it, when it is missing or older than its sources. */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './bin.ts';

/** Vitest's global setup. */
export default function build(): void {
  if (isBuilt()) return;
  const { status } = spawnSync('npm', ['run', 'build', '--silent'], { cwd: ROOT, stdio: 'inherit' });
  // The compiler writes its output in spite of a type error, which the step for types judges.
  if (!isBuilt()) throw new Error(`npm run build ended with status ${status} and without dist/`);
}

/** The compiler writes every file anew, so any of them tells when it ran. */
function isBuilt(): boolean {
  return changedAt('dist/src/cli/main.js') >= Math.max(...sources().map(changedAt));
}

function sources(): readonly string[] {
  const folders = ['src', 'lab'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  );
  return ['package.json', 'tsconfig.json', 'tsconfig.build.json', ...folders.filter((name) => name.endsWith('.ts'))];
}

function changedAt(file: string): number {
  return statSync(join(ROOT, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
