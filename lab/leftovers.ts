/**
 * What a process left behind that was killed by SIGKILL: its directories and control groups, and the networks that it built
 * outside of a maker (prove/), with what runs in them.
 */
import { existsSync, mkdtempSync } from 'node:fs';
import { readFile, readdir, readlink, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CleanupStack } from './cleanup.ts';
import { runCommand } from './helper.ts';
import { GROUP_FOLDERS } from './memory-group.ts';

const NAMESPACES = '/run/netns';
/** The names that network.ts gives; those of a maker are in no list but its own. */
const NAMESPACE = /^firsthand-(\d+)-(?:client|router|server)$/;
const DIRECTORY = /^firsthand-lab-(\d+)-\w{6}$/;

/** A temporary directory that the stack removes, or whoever comes after the process is gone. */
export function makeDirectory(cleanup: CleanupStack): string {
  // At once: no signal comes between making it and registering its end.
  const directory = mkdtempSync(join(tmpdir(), `firsthand-lab-${process.pid}-`));
  cleanup.defer(`remove ${directory}`, () => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Removes what belongs to processes that no longer exist, and nothing else. */
export async function removeLeftovers(): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return;
  const namespaces = await ofTheDead(NAMESPACES, NAMESPACE);
  const directories = await ofTheDead(tmpdir(), DIRECTORY);
  for (const name of namespaces) {
    for (const pid of (await runCommand('ip', ['netns', 'pids', name]).catch(() => '')).split('\n')) kill(pid);
    await runCommand('ip', ['netns', 'delete', name]).catch(() => {});
  }
  for (const name of directories) {
    const directory = join(tmpdir(), name);
    for (const pid of await processesAt(directory)) kill(pid);
    await rm(directory, { recursive: true, force: true }).catch(() => {});
  }
  await removeGroups();
}

async function removeGroups(): Promise<void> {
  for (const folder of GROUP_FOLDERS)
    for (const name of await ofTheDead(folder, DIRECTORY)) await rmdir(join(folder, name)).catch(() => {});
}

async function ofTheDead(folder: string, scheme: RegExp): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => {
    const pid = scheme.exec(name)?.[1];
    return pid !== undefined && !existsSync(`/proc/${pid}`);
  });
}

/** Processes that were told of the directory or have a file of it open, such as the workers of a killed nginx. */
async function processesAt(directory: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(pids.map(async (pid) => ((await knows(pid, directory)) ? [pid] : [])));
  return found.flat();
}

async function knows(pid: string, directory: string): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (command.includes(`${directory}/`)) return true;
  for (const descriptor of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
    const path = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
    if (path.startsWith(`${directory}/`)) return true;
  }
  return false;
}

function kill(pid: string): void {
  try {
    if (Number(pid) > 1) process.kill(Number(pid), 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
