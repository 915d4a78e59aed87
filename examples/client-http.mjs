/** Plain node:http: an agent that avoids dead connections, and a retry for what fails all the same. node examples/client-http.mjs */
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { keepAliveAgent, withRetry } from 'firsthand/client';
import { idempotency, memoryStore } from 'firsthand/server';

let orders = 0;
const server = createServer(
  idempotency({ store: memoryStore() }).handler((request, response) => {
    orders += 1;
    if (orders === 1) request.socket.resetAndDestroy();
    response.end(`order ${orders}`);
  }),
).listen(0, '127.0.0.1');
await once(server, 'listening');

const agent = keepAliveAgent();

/** One attempt. */
async function post(path, body, { key, signal }) {
  const { port } = server.address();
  const headers = { 'Idempotency-Key': key, 'Content-Length': Buffer.byteLength(body) };
  const request = httpRequest({ agent, host: '127.0.0.1', port, path, method: 'POST', headers, signal }).end(body);
  const [response] = await once(request, 'response');
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  // With its status and headers the error is retried as an answer is: 429, 502, 503, 504, after its Retry-After.
  const { statusCode, headers: answered } = response;
  if (statusCode >= 400) throw Object.assign(new Error(text), { statusCode, headers: answered });
  return text;
}

// idempotent: true, because every attempt carries the same key and this server honours it.
const policy = { idempotent: true, minDelayMs: 20, deadlineMs: 10_000 };
const answer = await withRetry(async (context) => {
  try {
    return await post('/orders', 'tea', context);
  } catch (error) {
    console.log(`attempt ${context.attempt}: ${error.code}`);
    throw error;
  }
}, policy);
console.log(`answered: ${answer}, orders made: ${orders}`);

agent.destroy();
server.close();
