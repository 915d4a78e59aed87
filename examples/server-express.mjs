/** Express with both halves: orders run once, a deploy breaks nothing off. node examples/server-express.mjs */
import { once } from 'node:events';
import { createServer } from 'node:http';
import express from 'express';
import { createClient } from 'firsthand/client';
import { drain, idempotency, memoryStore } from 'firsthand/server';

const app = express();
const server = createServer(app);
// Short for the example; the defaults suit Kubernetes. Before listen(): earlier connections are not known to it.
const stop = drain(server, { propagationDelayMs: 2000, idleGraceMs: 500 });

app.get('/ready', stop.readiness);
// The body parser first: the body is part of what makes two requests the same.
app.use(express.json());
app.use(idempotency({ store: memoryStore() }).express());

let orders = 0;
app.post('/orders', (request, response) => {
  orders += 1;
  // The order is made; its answer is lost.
  if (orders === 1) request.socket.resetAndDestroy();
  response.status(201).json({ order: orders, item: request.body.item });
});

app.get('/report', async (_, response) => {
  server.emit('report');
  // Work that takes its time: the deploy comes in the middle.
  await once(process, 'SIGTERM');
  response.send('the whole report');
});

server.listen(0, '127.0.0.1');
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
