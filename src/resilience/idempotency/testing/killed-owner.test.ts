/** A process that holds a lease is killed; another one, over the same store, finds out. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Claim, Store } from '../store.ts';
import { lmdbStore } from '../stores/lmdb.ts';
import { postgresStore } from '../stores/postgres.ts';
import { redisStore } from '../stores/redis.ts';
import { newKey } from './conformance.ts';
import { type Daemon, temporaryDirectory } from './daemon.ts';
import { openPool } from './pg-pool.ts';
import { startPostgres } from './postgres-server.ts';
import { startRedis } from './redis-server.ts';

const CHILD = path.join(import.meta.dirname, 'claim-and-hang.ts');
const LEASE_MS = 1500;
const directory = temporaryDirectory('killed');
let redis: Daemon;
let postgres: Daemon;

beforeAll(async () => {
  [redis, postgres] = await Promise.all([startRedis(), startPostgres(['fsync=off'])]);
}, 60_000);

afterAll(async () => {
  await Promise.all([redis.stop(), postgres.stop()]);
  fs.rmSync(directory, { recursive: true, force: true });
});

test.each([
  ['redis', 'outcome-unknown'],
  ['lmdb', 'claimed'],
  ['postgres', 'claimed'],
] as const)('%s: in progress until the lease is over, then %s, and an old token does nothing', async (kind, after) => {
  const key = newKey();
  const { store, where } = open(kind);
  onTestFinished(() => store.close());
  const child = fork(CHILD, [kind, where, key, String(LEASE_MS)], { execArgv: ['--import', 'tsx'] });
  const [claim] = (await once(child, 'message')) as [Claim];
  expect(claim.state).toBe('claimed');
  expect(await store.claim(key, 'f', LEASE_MS)).toEqual({ state: 'in-progress' });
  child.kill('SIGKILL');
  await once(child, 'exit');
  let said = await store.claim(key, 'f', 60_000);
  while (said.state === 'in-progress') {
    await delay(20);
    said = await store.claim(key, 'f', 60_000);
  }
  expect(said.state).toBe(after);
  const response = { status: 200, headers: {}, body: null };
  const isFenced = after === 'claimed';
  expect(claim.state === 'claimed' && (await store.complete(claim.token, response, 1000))).toBe(!isFenced);
});

function open(kind: 'redis' | 'lmdb' | 'postgres'): { store: Store; where: string } {
  if (kind === 'lmdb') return { store: lmdbStore(`${directory}/db`), where: `${directory}/db` };
  if (kind === 'redis') {
    const client = new Redis(redis.port, '127.0.0.1');
    onTestFinished(() => client.disconnect());
    return { store: redisStore(client), where: String(redis.port) };
  }
  const pool = openPool(postgres.port);
  onTestFinished(() => pool.end());
  return { store: postgresStore(pool), where: String(postgres.port) };
}
