// A POST that runs once per key, with plain node:http. Run it: node examples/idempotency-http.mjs
import { createServer } from 'node:http';
import { idempotency, memoryStore } from 'firsthand/server';

let orders = 0;
const i = idempotency({ store: memoryStore(), required: true });
const server = createServer(
  i.handler(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    orders += 1;
    response.writeHead(201, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ order: orders, item: JSON.parse(body).item }));
  }),
);

server.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${server.address().port}/orders`;
  const headers = { 'idempotency-key': '"8e03978e-40d5-43dd-bc93-6894a57f9324"', 'content-type': 'application/json' };
  for (const attempt of ['first', 'retry']) {
    const response = await fetch(url, { method: 'POST', headers, body: '{"item":"tea"}' });
    console.log(
      attempt,
      response.status,
      await response.text(),
      'replayed:',
      response.headers.get('idempotent-replayed'),
    );
  }
  const other = await fetch(url, { method: 'POST', headers, body: '{"item":"coffee"}' });
  console.log('other body', other.status, (await other.json()).title);
  console.log('orders made:', orders);
  server.closeAllConnections();
  server.close();
});
