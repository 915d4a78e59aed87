// A POST that runs once per key, with Hono. Run it: node examples/idempotency-hono.mjs
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { idempotency, memoryStore } from 'firsthand/server';

let orders = 0;
const app = new Hono();
app.use(idempotency({ store: memoryStore(), tenant: ({ headers }) => headers['x-account'] ?? '' }).hono());
app.post('/orders', async (c) => {
  orders += 1;
  return c.json({ order: orders, item: (await c.req.json()).item }, 201);
});

const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, async ({ port }) => {
  const headers = { 'idempotency-key': '"order-1"', 'content-type': 'application/json' };
  for (const [attempt, account] of [
    ['first', 'ann'],
    ['retry', 'ann'],
    ['somebody else', 'bob'],
  ]) {
    const response = await fetch(`http://127.0.0.1:${port}/orders`, {
      method: 'POST',
      headers: { ...headers, 'x-account': account },
      body: '{"item":"tea"}',
    });
    console.log(
      attempt,
      response.status,
      await response.text(),
      'replayed:',
      response.headers.get('idempotent-replayed'),
    );
  }
  console.log('orders made:', orders);
  server.closeAllConnections();
  server.close();
});
