import * as fs from 'node:fs';
import * as path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newKey, testStore, tokenOf } from '../testing/conformance.ts';
import type { Daemon } from '../testing/daemon.ts';
import { openPool, type TestPool } from '../testing/pg-pool.ts';
import { startPostgres } from '../testing/postgres-server.ts';
import { postgresStore } from './postgres.ts';
import { tableDdl } from './postgres-sql.ts';

let server: Daemon;
let pool: TestPool;
const response = { status: 201, headers: {}, body: Buffer.from('made') };

beforeAll(async () => {
  server = await startPostgres(['fsync=off']);
  pool = openPool(server.port);
  await pool.query('CREATE TABLE effects (name text)');
}, 60_000);

afterAll(async () => {
  await pool.end();
  await server.stop();
});

testStore('postgres', { open: (options) => postgresStore(pool, options), isShared: true, isTransactional: true });

test('the effect and the answer commit together', async () => {
  const store = postgresStore(pool);
  const key = newKey();
  const token = tokenOf(await store.claim(key, 'f', 60_000));
  const transaction = await store.begin();
  await transaction.tx.query('INSERT INTO effects VALUES ($1)', ['together']);
  expect(await count('together')).toBe(0);
  expect(await store.claim(key, 'f', 60_000)).toEqual({ state: 'in-progress' });
  expect(await transaction.commit({ token, response, ttlMs: 60_000 })).toBe(true);
  expect(await count('together')).toBe(1);
  expect(await store.claim(key, 'f', 60_000)).toEqual({ state: 'done', response });
});

test('a fenced owner leaves no effect, and the connection is given back', async () => {
  const store = postgresStore(pool);
  const token = tokenOf(await store.claim(newKey(), 'f', 60_000));
  const transaction = await store.begin();
  await transaction.tx.query('INSERT INTO effects VALUES ($1)', ['fenced']);
  await store.release(token);
  expect(await transaction.commit({ token, response, ttlMs: 60_000 })).toBe(false);
  expect(await count('fenced')).toBe(0);
  expect(pool.totalCount).toBe(pool.idleCount);
});

test('a connection that is lost before the commit is no effect, and no crash', async () => {
  const store = postgresStore(pool);
  const key = newKey();
  const token = tokenOf(await store.claim(key, 'f', 60_000));
  const transaction = await store.begin();
  await transaction.tx.query('INSERT INTO effects VALUES ($1)', ['lost']);
  const { rows } = await transaction.tx.query('SELECT pg_backend_pid() AS pid');
  await pool.query('SELECT pg_terminate_backend($1)', [rows[0]!['pid']]);
  await expect(transaction.commit({ token, response, ttlMs: 60_000 })).rejects.toThrow();
  expect(await count('lost')).toBe(0);
  expect(await store.claim(key, 'f', 60_000)).toEqual({ state: 'in-progress' });
});

test('ten stores may make the table at once', async () => {
  const stores = Array.from({ length: 10 }, () => postgresStore(pool, { table: 'public.made_at_once' }));
  const claims = await Promise.all(stores.map((store) => store.claim('k', 'f', 60_000)));
  expect(claims.filter(({ state }) => state === 'claimed')).toHaveLength(1);
});

test('a table that is missing and not to be made is an error; once there, it works', async () => {
  const store = postgresStore(pool, { table: 'made_by_hand', create: false });
  await expect(store.claim('k', 'f', 60_000)).rejects.toThrow('made_by_hand');
  await postgresStore(pool, { table: 'made_by_hand' }).claim('other', 'f', 60_000);
  expect((await store.claim('k', 'f', 60_000)).state).toBe('claimed');
});

test.each(['', 'Upper', 'a-b', 'a.b.c', 'a; drop table effects', '"q"'])('%j is no name for the table', (table) => {
  expect(() => postgresStore(pool, { table })).toThrow('must be a lower-case name');
});

test('rows that are over are deleted', async () => {
  const store = postgresStore(pool, { table: 'purged' });
  await store.claim('first', 'f', 60_000);
  await pool.query(
    `INSERT INTO purged SELECT 'old' || i, 'f', 't', now(), now() - interval '1 s', true FROM generate_series(1, 50) i`,
  );
  const token = tokenOf(await store.claim('second', 'f', 60_000));
  await store.complete(token, response, 60_000);
  await expect
    .poll(async () => (await pool.query('SELECT count(*)::int AS n FROM purged')).rows[0]!['n'], { timeout: 20_000 })
    .toBe(2);
});

async function count(name: string): Promise<number> {
  return Number((await pool.query('SELECT count(*) AS n FROM effects WHERE name = $1', [name])).rows[0]!['n']);
}

test('the documented table is the one that is made', () => {
  const text = fs.readFileSync(path.join(import.meta.dirname, '../../../../docs/idempotency.md'), 'utf8');
  expect(text).toContain(tableDdl('firsthand_idempotency'));
});
