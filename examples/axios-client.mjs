/** axios over createClient(): its fetch adapter takes the client's fetch, and all that the client does. node examples/axios-client.mjs */
import { once } from 'node:events';
import { createServer } from 'node:http';
import axios from 'axios';
import { ConnectionError, createClient } from 'firsthand/client';
import { idempotency, memoryStore } from 'firsthand/server';

let orders = 0;
const server = createServer(
  idempotency({ store: memoryStore() }).handler((request, response) => {
    orders += 1;
    if (orders === 1 || request.url === '/gone') request.socket.resetAndDestroy();
    response.writeHead(201, { 'Content-Type': 'application/json' }).end(JSON.stringify({ order: orders }));
  }),
).listen(0, '127.0.0.1');
await once(server, 'listening');
const baseURL = `http://127.0.0.1:${server.address().port}`;

// httpAgent, httpsAgent and proxy belong to axios's other adapter: here they have no effect.
const onAttempt = ({ n, error, status }) => console.log(`attempt ${n}: ${error?.code ?? status}`);
const client = createClient({ retry: { minDelayMs: 20 }, onAttempt });
const api = axios.create({ baseURL, adapter: 'fetch', env: { fetch: client.fetch } });

const { status, data, headers } = await api.post('/orders', { item: 'tea' });
console.log(
  `${status} order ${data.order}, replayed: ${headers['idempotent-replayed'] === 'true'}, orders made: ${orders}`,
);

// Without a key nobody can know whether it is safe: sent once.
const careful = createClient({ idempotency: false });
const plain = axios.create({ baseURL, adapter: 'fetch', env: { fetch: careful.fetch } });
try {
  await plain.post('/gone', { item: 'tea' });
} catch (error) {
  let why = error;
  while (why && !(why instanceof ConnectionError)) why = why.cause;
  console.log(`${error.name} ${error.message}: ${why.code}, ${why.execution}, retry: ${why.retry}`);
}

await client.close();
await careful.close();
server.close();
