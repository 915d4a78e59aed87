/** Hono on Node with both halves: orders run once, a deploy breaks nothing off. node examples/server-hono.mjs */
import { once } from 'node:events';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { createClient } from 'firsthand/client';
import { drain, idempotency, memoryStore } from 'firsthand/server';

const app = new Hono();
app.get('/ready', (c) => c.json({ status: stop.state }, stop.state === 'serving' ? 200 : 503));
app.use(idempotency({ store: memoryStore() }).hono());

let orders = 0;
app.post('/orders', async (c) => {
  const { item } = await c.req.json();
  orders += 1;
  // The order is made; its answer is lost.
  if (orders === 1) c.env.incoming.socket.resetAndDestroy();
  return c.json({ order: orders, item }, 201);
});

app.get('/report', async (c) => {
  server.emit('report');
  // Work that takes its time: the deploy comes in the middle.
  await once(process, 'SIGTERM');
  return c.text('the whole report');
});

const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
// In the same turn as serve(): earlier connections are not known to it. Short for the example; the defaults suit Kubernetes.
const stop = drain(server, { propagationDelayMs: 2000, idleGraceMs: 500 });
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}`;

const client = createClient({ retry: { minDelayMs: 20 } });
const headers = { 'Content-Type': 'application/json' };
const order = await client.fetch(`${url}/orders`, { method: 'POST', headers, body: '{"item":"tea"}' });
console.log(`${order.status} ${await order.text()}, replayed: ${order.headers.get('idempotent-replayed') === 'true'}`);
console.log(`orders made: ${orders}`);

const [report] = await Promise.all([
  client.fetch(`${url}/report`),
  once(server, 'report').then(async () => {
    console.log(`ready: ${(await client.fetch(`${url}/ready`)).status}`);
    process.kill(process.pid, 'SIGTERM');
  }),
]);
console.log(`after SIGTERM: ${report.status} ${await report.text()}, connection: ${report.headers.get('connection')}`);

// A probe does not try again.
const probe = createClient({ retry: false });
console.log(`ready: ${(await probe.fetch(`${url}/ready`)).status}`);

await Promise.all([client.close(), probe.close()]);
const { cut } = await stop.finished;
console.log(`drained, ${cut.length} cut`);
// Now what the handlers used: database pools, queues. With nothing left open the process ends by itself.
