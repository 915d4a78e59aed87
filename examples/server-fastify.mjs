/** Fastify with both halves: orders run once, a deploy breaks nothing off. node examples/server-fastify.mjs */
import { once } from 'node:events';
import fastify from 'fastify';
import { createClient } from 'firsthand/client';
import { drain, idempotency, memoryStore } from 'firsthand/server';

const app = fastify();
// Short for the example; the defaults suit Kubernetes. Before listen(): earlier connections are not known to it.
const stop = drain(app.server, { propagationDelayMs: 2000, idleGraceMs: 500 });
await app.register(idempotency({ store: memoryStore() }).fastify);

app.get('/ready', (_, reply) => reply.code(stop.state === 'serving' ? 200 : 503).send({ status: stop.state }));

let orders = 0;
app.post('/orders', async (request, reply) => {
  orders += 1;
  // The order is made; its answer is lost.
  if (orders === 1) request.raw.socket.resetAndDestroy();
  return reply.code(201).send({ order: orders, item: request.body.item });
});

app.get('/report', async () => {
  app.server.emit('report');
  // Work that takes its time: the deploy comes in the middle.
  await once(process, 'SIGTERM');
  return 'the whole report';
});

const url = await app.listen({ port: 0, host: '127.0.0.1' });

const client = createClient({ retry: { minDelayMs: 20 } });
const headers = { 'Content-Type': 'application/json' };
const order = await client.fetch(`${url}/orders`, { method: 'POST', headers, body: '{"item":"tea"}' });
console.log(`${order.status} ${await order.text()}, replayed: ${order.headers.get('idempotent-replayed') === 'true'}`);
console.log(`orders made: ${orders}`);

const [report] = await Promise.all([
  client.fetch(`${url}/report`),
  once(app.server, 'report').then(async () => {
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
// Now what the handlers used: hooks of onClose, database pools.
await app.close();
