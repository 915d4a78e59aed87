/** `npm start`: live where it may record, from the shipped captures elsewhere; nothing is left behind. */
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CAUSE_IDS } from '../../src/terms/causes.ts';
import { ENV, type Ran, ROOT, run, UNPRIVILEGED } from './bin.ts';
import { lacks } from './needs.ts';
import { processesWith } from './processes.ts';
import { readablePackage, scratch } from './scratch.ts';

describe.skipIf(lacks('npm start, live', ['root', 'tcpdump']))('npm start with rights', () => {
  it('makes resets of at least six causes live, and leaves nothing behind', async () => {
    const temporary = await scratch();
    const mark = randomUUID();
    const before = namespaces();
    const { code, out, err } = await npmStart(ROOT, { TMPDIR: temporary, FIRSTHAND_TEST: mark });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^Made live: \d+ resets on this machine's loopback, just now, recorded by tcpdump\.$/m);
    expect(causesNamed(out).length).toBeGreaterThanOrEqual(6);
    expect(processesWith('environ', mark)).toEqual([]);
    expect((await readdir(temporary)).filter((name) => name.startsWith('firsthand'))).toEqual([]);
    // Other labs may run meanwhile: theirs are named after a living process.
    expect(namespaces().filter((name) => !before.includes(name) && !isOfLivingProcess(name))).toEqual([]);
  });
});

describe.skipIf(lacks('npm start without rights', ['unprivileged-node']))('npm start without rights', () => {
  it('reads the shipped captures and says so', async () => {
    const root = await readablePackage();
    const home = join(root, 'home');
    await mkdir(home);
    if (UNPRIVILEGED.uid !== undefined) await chown(home, UNPRIVILEGED.uid, UNPRIVILEGED.gid ?? 0);
    const { code, out, err } = await npmStart(root, { HOME: home, TMPDIR: home });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^From the captures shipped with firsthand \(.+\), because recording needs root\.$/m);
    expect(causesNamed(out).length).toBeGreaterThanOrEqual(6);
  });
});

function npmStart(root: string, env: Readonly<Record<string, string>>): Promise<Ran> {
  // Complaints of npm about this machine's own settings are not the program's.
  const quiet = { npm_config_loglevel: 'silent', npm_config_update_notifier: 'false' };
  const who = root === ROOT ? {} : UNPRIVILEGED;
  return run('npm', ['start'], { cwd: root, env: { ...ENV, ...quiet, ...env }, ...who });
}

/** Causes that are some reset's verdict: the id stands before its level. */
function causesNamed(text: string): readonly string[] {
  const named = [...text.matchAll(/([a-z-]+), (?:likely|possible) \d+%/g)].map(([, id]) => id);
  return CAUSE_IDS.filter((id) => id !== 'unknown' && named.includes(id));
}

function namespaces(): readonly string[] {
  return existsSync('/run/netns') ? readdirSync('/run/netns') : [];
}

function isOfLivingProcess(name: string): boolean {
  return existsSync(`/proc/${/-(\d+)-/.exec(name)?.[1] ?? 'none'}`);
}
