/** Fastify and transact on a real PostgreSQL: effect and answer commit together. */
import fastify, { type LightMyRequestResponse } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { idempotency } from '../idempotency.ts';
import type { RequestIdempotency } from '../run.ts';
import { type PostgresClient, postgresStore } from '../stores/postgres.ts';
import type { Daemon } from '../testing/daemon.ts';
import { openPool, type TestPool } from '../testing/pg-pool.ts';
import { startPostgres } from '../testing/postgres-server.ts';

let server: Daemon;
let pool: TestPool;

beforeAll(async () => {
  server = await startPostgres(['fsync=off']);
  pool = openPool(server.port);
  await pool.query('CREATE TABLE orders (id serial, item text UNIQUE)');
}, 60_000);

afterAll(async () => {
  await pool.end();
  await server.stop();
});

test('one row for ten retries at once and after; a failure leaves none, and its retry runs', async () => {
  const app = fastify();
  await app.register(idempotency({ store: postgresStore(pool) }).fastify);
  let failures = 1;
  app.post('/orders', async (request, reply) => {
    const { item } = request.body as { item: string };
    const { idempotency: given } = request as unknown as { idempotency: RequestIdempotency };
    const id = await given.transact(async (tx: PostgresClient) => {
      const { rows } = await tx.query('INSERT INTO orders (item) VALUES ($1) RETURNING id', [item]);
      expect(await count(item)).toBe(0);
      return rows[0]!['id'];
    });
    if (item === 'fails once' && failures-- > 0) throw new Error('on purpose');
    return reply.code(201).send({ id, item });
  });
  const post = (item: string): Promise<LightMyRequestResponse> =>
    app.inject({ method: 'POST', url: '/orders', headers: { 'idempotency-key': `"${item}"` }, payload: { item } });

  const atOnce = await Promise.all(Array.from({ length: 10 }, () => post('tea')));
  const made = atOnce.filter(({ statusCode }) => statusCode === 201);
  expect(made.length).toBeGreaterThan(0);
  expect(atOnce.every(({ statusCode }) => statusCode === 201 || statusCode === 409)).toBe(true);
  const again = await post('tea');
  expect([again.statusCode, again.headers['idempotent-replayed']]).toEqual([201, 'true']);
  expect(new Set([...made, again].map(({ body }) => body)).size).toBe(1);
  expect(await count('tea')).toBe(1);

  expect((await post('fails once')).statusCode).toBe(500);
  expect(await count('fails once')).toBe(0);
  expect((await post('fails once')).statusCode).toBe(201);
  expect(await count('fails once')).toBe(1);
  await app.close();
  expect(pool.totalCount).toBe(pool.idleCount);
});

async function count(item: string): Promise<number> {
  return Number((await pool.query('SELECT count(*) AS n FROM orders WHERE item = $1', [item])).rows[0]!['n']);
}
