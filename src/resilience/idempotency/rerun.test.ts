/** Which lost claims are run again when the store was given no options. */
import * as fs from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { Gate } from './gate.ts';
import type { IdempotencyOptions } from './options.ts';
import { Run } from './run.ts';
import { lmdbStore } from './stores/lmdb.ts';
import type { LmdbTransaction } from './stores/lmdb-transaction.ts';
import { temporaryDirectory } from './testing/daemon.ts';

const directory = temporaryDirectory('rerun');
const clock = { ms: 1_000_000 };
const store = lmdbStore(`${directory}/db`, { now: () => clock.ms });
const LEASE_MS = 60_000;
const ANSWER = { status: 201, headers: {}, body: 'made' };

afterAll(async () => {
  await store.close();
  fs.rmSync(directory, { recursive: true, force: true });
});

/** As a process of its own over the same keys. */
function start(options: Partial<IdempotencyOptions> = {}): Gate {
  return new Gate({ store, leaseMs: LEASE_MS, ...options });
}

async function claim(gate: Gate, key: string, url = '/orders'): Promise<Run | string> {
  const said = await gate.claim(`"${key}"`, {
    method: 'POST',
    url,
    request: { headers: {} },
    body: '',
    connection: { destroyed: false },
  });
  return said instanceof Run
    ? said
    : String(JSON.parse(Buffer.from(said.body!).toString()).type)
        .split(':')
        .at(-1)!;
}

async function enter(gate: Gate, key: string, url?: string): Promise<Run> {
  const run = await claim(gate, key, url);
  if (!(run instanceof Run)) throw new Error(`${key} was to be claimed, but is ${run}`);
  // The process is as good as dead: its lease is not renewed.
  run.forget();
  return run;
}

async function transact(run: Run): Promise<void> {
  await run.transact((tx: LmdbTransaction) => tx.put(run.key!, 1));
}

async function after(key: string, url?: string): Promise<Run | string> {
  clock.ms += LEASE_MS + 1;
  const said = await claim(start(), key, url);
  if (said instanceof Run) said.forget();
  return said;
}

test('killed before it used transact, by a process that knows nothing of the handler: unknown', async () => {
  await enter(start(), 'first');
  expect(await after('first')).toBe('outcome-unknown');
});

test('killed inside of transact: run again, be it the first request', async () => {
  await transact(await enter(start(), 'inside'));
  expect(await after('inside')).toBeInstanceOf(Run);
  expect(store.database.get('inside')).toBeUndefined();
});

test('killed before transact on a route that has used it: run again', async () => {
  const gate = start();
  const run = await enter(gate, 'teacher');
  await transact(run);
  expect(await run.settle(ANSWER)).toBeNull();
  await enter(gate, 'taught');
  await enter(gate, 'other route', '/letters');
  expect(await after('taught')).toBeInstanceOf(Run);
  expect(await after('other route', '/letters')).toBe('outcome-unknown');
});

test('killed on a route that once succeeded without transact: unknown', async () => {
  const gate = start();
  for (const [key, uses] of [
    ['with', true],
    ['without', false],
    ['with again', true],
  ] as const) {
    const run = await enter(gate, key, '/mixed');
    if (uses) await transact(run);
    expect(await run.settle(ANSWER)).toBeNull();
  }
  await enter(gate, 'mixed', '/mixed');
  expect(await after('mixed', '/mixed')).toBe('outcome-unknown');
});

test('a 500 without transact may have done anything: it is kept; with transact it did nothing', async () => {
  const gate = start();
  const failed = { status: 500, headers: {}, body: '' };
  await (await enter(gate, 'no transaction')).settle(failed);
  const run = await enter(gate, 'a transaction');
  await transact(run);
  await run.settle(failed);
  const again = await gate.claim('"no transaction"', {
    method: 'POST',
    url: '/orders',
    request: { headers: {} },
    body: '',
    connection: { destroyed: false },
  });
  expect(again).toMatchObject({ status: 500, headers: { 'idempotent-replayed': 'true' } });
  await enter(gate, 'a transaction');
});
