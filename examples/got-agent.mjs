/** got with connections that are never reused too late: node examples/got-agent.mjs */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { got } from 'got';
import { keepAliveAgent } from 'firsthand/client';

let connections = 0;
const server = createServer((_, response) => response.end('ok'));
server.on('connection', () => connections++).listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}/`;

const agent = { http: keepAliveAgent(), https: keepAliveAgent({ protocol: 'https' }) };
const api = got.extend({ agent, retry: { limit: 0 } });

for (const when of ['first', 'second']) {
  console.log(`${when}: ${await api(url).text()}, connections so far: ${connections}`);
  // The connection goes back to the agent one turn after the answer is complete.
  await pause(10);
}
// A deploy, a scale-in, an idle limit: the server closes what is idle, and in the same instant the next request comes.
server.closeIdleConnections();
const answer = await api.post(url, { json: { amount: 1 } }).text();
console.log(`after the server closed: ${answer}, connections so far: ${connections}`);

agent.http.destroy();
server.close();
