/** got takes an http.Agent only, which cannot send anything again: withRetry around it does. node examples/got-client.mjs */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { got } from 'got';
import { keepAliveAgent, withRetry } from 'firsthand/client';
import { idempotency, memoryStore } from 'firsthand/server';

let orders = 0;
const server = createServer(
  idempotency({ store: memoryStore() }).handler((request, response) => {
    orders += 1;
    if (orders === 1) request.socket.resetAndDestroy();
    response.writeHead(201).end(`order ${orders}`);
  }),
).listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}/orders`;

const agent = { http: keepAliveAgent(), https: keepAliveAgent({ protocol: 'https' }) };
// One layer retries: got's own two retries inside ours would multiply.
const api = got.extend({ agent, retry: { limit: 0 } });

try {
  await api.post(url, { json: { item: 'coffee' }, retry: { limit: 2 } });
} catch ({ code }) {
  console.log(`got's own retry: ${code}, because it never repeats a POST; orders made: ${orders}`);
}

orders = 0;
const { statusCode, body, headers } = await withRetry(
  ({ key, signal }) => api.post(url, { json: { item: 'tea' }, headers: { 'Idempotency-Key': key }, signal }),
  { idempotent: true, minDelayMs: 20 },
);
const replayed = headers['idempotent-replayed'] === 'true';
console.log(`withRetry: ${statusCode} ${body}, replayed: ${replayed}, orders made: ${orders}`);

agent.http.destroy();
server.close();
