/** axios with connections that are never reused too late: node examples/axios-agent.mjs */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import axios from 'axios';
import { keepAliveAgent } from 'firsthand/client';

let connections = 0;
const server = createServer((_, response) => response.end('ok'));
server.on('connection', () => connections++).listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}/`;

const httpAgent = keepAliveAgent();
const httpsAgent = keepAliveAgent({ protocol: 'https' });
const api = axios.create({ baseURL: url, httpAgent, httpsAgent, proxy: false });

for (const when of ['first', 'second']) {
  const { status, data } = await api.get('/');
  console.log(`${when}: ${status} ${data}, connections so far: ${connections}`);
  // The connection goes back to the agent one turn after the answer is complete.
  await pause(10);
}
// A deploy, a scale-in, an idle limit: the server closes what is idle, and in the same instant the next request comes.
server.closeIdleConnections();
const { status, data } = await api.post('/', { amount: 1 });
console.log(`after the server closed: ${status} ${data}, connections so far: ${connections}`);

httpAgent.destroy();
server.close();
