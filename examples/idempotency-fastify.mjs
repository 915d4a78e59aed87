// Exactly once with Fastify and LMDB: the order and the key commit together. Run it: node examples/idempotency-fastify.mjs
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify from 'fastify';
import { idempotency, lmdbStore } from 'firsthand/server';

const directory = mkdtempSync(join(tmpdir(), 'orders-'));
const store = lmdbStore(join(directory, 'db'));
const app = fastify();
await app.register(idempotency({ store }).fastify);
app.post('/orders', async (request, reply) => {
  // With postgresStore(pool), tx is a client of the pool: tx.query('INSERT INTO orders …').
  const order = await request.idempotency.transact((tx) => {
    const number = (tx.get('orders') ?? 0) + 1;
    tx.put('orders', number);
    return number;
  });
  return reply.code(201).send({ order, item: request.body.item });
});

const url = `${await app.listen({ port: 0, host: '127.0.0.1' })}/orders`;
const headers = { 'idempotency-key': '"order-1"', 'content-type': 'application/json' };
for (const attempt of ['first', 'retry']) {
  const response = await fetch(url, { method: 'POST', headers, body: '{"item":"tea"}' });
  console.log(
    attempt,
    response.status,
    await response.text(),
    'replayed:',
    response.headers.get('idempotent-replayed'),
  );
}
console.log('orders made:', store.database.get('orders'));
app.server.closeAllConnections();
await app.close();
await store.close();
rmSync(directory, { recursive: true });
