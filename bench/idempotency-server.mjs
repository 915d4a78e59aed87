/** The server of the idempotency bench, in a process of its own: Fastify, `bare` or with the middleware and the memory store. */
import fastify from 'fastify';

const [who, built] = process.argv.slice(2);
const app = fastify();
if (who === 'ours') {
  const { idempotency, memoryStore } = await import(built);
  await app.register(idempotency({ store: memoryStore() }).fastify);
}
app.post('/orders', (request, reply) => reply.send({ order: request.body.order, state: 'accepted' }));
app.get('/orders/:order', (request, reply) => reply.send({ order: Number(request.params.order), state: 'accepted' }));
await app.listen({ port: 0, host: '127.0.0.1' });
process.send(app.server.address().port);
process.on('message', () => process.send(process.cpuUsage()));
process.on('disconnect', () => process.exit());
