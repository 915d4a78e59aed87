/** The proofs in short, and what the command answers to a wrong word. The long runs are `npm run prove`. */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it, vi } from 'vitest';

// A bound for a machine under load: alone none takes ten seconds.
vi.setConfig({ testTimeout: 180_000 });

interface Told {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

it('says what there is to prove', async () => {
  const { code, out } = await prove('--help');
  expect(code).toBe(0);
  for (const name of ['exactly-once', 'stale-reuse', 'drain', 'keep-alive'])
    expect(out).toMatch(RegExp(`^  ${name} `, 'm'));
});

it.each([
  [[], 'prove: no name'],
  [['rain'], 'prove: no proof rain'],
  [['drain', '--only', 'hope'], 'prove: --only hope: one of firsthand, close'],
  [['exactly-once', '--operations', '1e3'], 'prove: --operations 1e3: a whole number above zero is needed'],
  [['exactly-once', '--store', 'lmdb,mysql'], 'prove: --store mysql: of postgres, lmdb, redis, memory one is needed'],
  [['stale-reuse', '--verbose'], "prove: Unknown option '--verbose'"],
  [['keep-alive', '1'], 'prove: SECONDS 1: from 6 to 86400 is needed'],
])('%j: says what is wrong and what is right', async (args, complaint) => {
  const { code, out, err } = await prove(...args);
  expect(err).toContain(complaint);
  expect(err).toMatch(/^npm run prove -- /m);
  expect({ code, out }).toEqual({ code: 2, out: '' });
});

const hasPostgres = fs.existsSync('/usr/lib/postgresql');
if (!hasPostgres) process.stderr.write('\nSKIPPED: exactly-once on PostgreSQL: needs the package postgresql\n');

describe.each([
  ['lmdb', true],
  ['postgres', hasPostgres],
])('exactly-once on %s', (store, isThere) => {
  it.skipIf(!isThere)('answers 300 POSTs and executes each once, 30 % reset and a server killed', async () => {
    const { code, out, err } = await prove('exactly-once', '--store', store, '--only', 'firsthand, 15');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    // Answered, lost, executed twice, executions.
    expect(out).toMatch(/^firsthand, 15 attempts +300 +0 +0 +300 /m);
  });
});

it('loses and executes twice without keys, and the table shows it', async () => {
  const { out } = await prove('exactly-once', '--store', 'lmdb', '--only', 'axios-retry');
  const [, lost, twice] = /^axios-retry +\d+ +(\d+) +(\d+) /m.exec(out)!;
  expect(Number(lost) + Number(twice)).toBeGreaterThan(20);
  expect(out).not.toContain('exactly once');
});

it('drain: restarts without a reset', async () => {
  const { code, out } = await prove('drain', '--only', 'firsthand', '--restarts', '1', '--clients', '10');
  expect(out).toMatch(/^firsthand +http +0 +0 /m);
  expect(out).toMatch(/^firsthand +undici +0 +0 /m);
  expect(code).toBe(0);
});

it('stale-reuse: nothing unsent fails, nothing unsafe is sent again', async () => {
  expect(await prove('stale-reuse')).toMatchObject({ code: 0, err: '' });
});

function prove(...args: readonly string[]): Promise<Told> {
  const child = spawn(process.execPath, ['--import', 'tsx', path.join(import.meta.dirname, 'main.ts'), ...args]);
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}
