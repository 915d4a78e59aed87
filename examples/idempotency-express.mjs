// A POST that runs once per key, with Express. Run it: node examples/idempotency-express.mjs
import express from 'express';
import { idempotency, memoryStore } from 'firsthand/server';

let orders = 0;
const app = express();
// The body parser first: the body is part of what makes two requests the same.
app.use(express.json());
app.use(idempotency({ store: memoryStore() }).express());
app.post('/orders', (request, response) => {
  orders += 1;
  response.status(201).json({ order: orders, item: request.body.item });
});

const server = app.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${server.address().port}/orders`;
  const headers = { 'idempotency-key': '"order-1"', 'content-type': 'application/json' };
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
  console.log('orders made:', orders);
  server.closeAllConnections();
  server.close();
});
