/** fetch that survives: a POST whose answer is lost in a reset is sent again, and runs once. node examples/client-fetch.mjs */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createClient } from 'firsthand/client';
import { idempotency, memoryStore } from 'firsthand/server';

let orders = 0;
const i = idempotency({ store: memoryStore() });
const server = createServer(
  i.handler((request, response) => {
    orders += 1;
    // The order is made; its answer never arrives.
    if (request.url === '/orders') request.socket.resetAndDestroy();
    response.writeHead(201).end(`order ${orders}`);
  }),
).listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}/orders`;

try {
  await fetch(url, { method: 'POST', body: 'tea' });
} catch ({ cause }) {
  console.log(`fetch alone: ${cause.code ?? cause.message}, orders made: ${orders}`);
}

const client = createClient({
  // The default is a second: this shortens the example only.
  retry: { minDelayMs: 20 },
  onAttempt: ({ n, sent, status, error }) => console.log(`attempt ${n}: sent ${sent}, ${error?.code ?? status}`),
});
const response = await client.fetch(url, { method: 'POST', body: 'tea' });
const replayed = response.headers.get('idempotent-replayed') === 'true';
console.log(`client.fetch: ${response.status} ${await response.text()}, replayed: ${replayed}, orders made: ${orders}`);

await client.close();
server.close();
