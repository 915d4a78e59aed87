/** The server of the idempotency bench, in a process of its own: Fastify, `bare` or with the middleware and the memory store. */
import fastify from 'fastify';

const [how] = process.argv.slice(2);
const app = fastify();
if (how === 'ours') {
  const { idempotency, memoryStore } = await import('../dist/src/resilience/server/index.js');
  await app.register(idempotency({ store: memoryStore() }).fastify);
}
app.post('/orders', (request, reply) => reply.send({ order: request.body.order, state: 'accepted' }));
await app.listen({ port: 0, host: '127.0.0.1' });
process.send(app.server.address().port);
process.on('message', () => process.send(process.cpuUsage()));
process.on('disconnect', () => process.exit());
