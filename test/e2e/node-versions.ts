/** Other versions of Node, from npm: the binary alone, kept between runs in the folder for temporary files. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './bin.ts';

/** The newest Node of a line, downloaded when it is not there yet. Linux only. */
export async function nodeOfLine(major: number): Promise<string> {
  const name = `node-linux-${process.arch}`;
  const kept = join(tmpdir(), 'firsthand-nodes', `${name}-${major}`);
  const binary = join(kept, 'node_modules', name, 'bin', 'node');
  if (existsSync(binary)) return binary;
  await mkdir(join(tmpdir(), 'firsthand-nodes'), { recursive: true });
  // Beside its place and then moved there: a run that is interrupted leaves no half of it.
  const fresh = await mkdtemp(join(tmpdir(), 'firsthand-nodes', 'new-'));
  try {
    const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
    const { code, err } = await run('npm', ['install', '--prefix', fresh, ...options, `${name}@${major}`]);
    if (code !== 0) throw new Error(`npm install ${name}@${major} ended with ${code}: ${err}`);
    await rename(fresh, kept).catch((error: unknown) => {
      if (!existsSync(binary)) throw error;
    });
    return binary;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}
