/** `-o FILE`: written whole or not at all, and never over a file that was read. */
import { randomBytes } from 'node:crypto';
import { realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { Failure } from './failure.ts';

/** Refuses an output that is one of the inputs, by whatever name or link. */
export async function checkOutput(output: string, inputs: readonly string[]): Promise<void> {
  const target = await stat(output).catch(() => null);
  if (!target) return;
  if (target.isDirectory()) throw new Failure(`-o ${output}: is a directory`);
  for (const input of inputs) {
    const source = await stat(input).catch(() => null);
    if (source && source.ino === target.ino && source.dev === target.dev) {
      throw new Failure(`-o ${output}: is the capture ${input} itself; choose another name`);
    }
  }
}

/** Writes a file beside the target and renames it; a device or pipe is written to directly. */
export async function saveWhole(output: string, text: string): Promise<void> {
  const target = await realpath(output).catch(() => output);
  const existing = await stat(target).catch(() => null);
  if (existing && !existing.isFile()) {
    await writeFile(target, text);
    return;
  }
  const draft = `${target}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(draft, text, { flag: 'wx', ...(existing && { mode: existing.mode }) });
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
