import Fastify from 'fastify';
import { drive, look } from './drive.mjs';

const app = Fastify();
app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
app.addHook('onRequest', async (request) => look('server', request.raw.socket));
app.addHook('onResponse', async (request, reply) => console.log('onResponse', request.url, reply.statusCode));
app.addHook('onRequestAbort', async (request) => console.log('onRequestAbort', request.url));
app.get('/hello', async () => ({ hello: 'world' }));
app.post('/echo', (request, reply) => reply.send(`${request.body.length}`));
app.get('/boom', async () => {
  throw new Error('boom');
});
app.get('/half', (_request, reply) => {
  reply.hijack();
  reply.raw.writeHead(200, { 'content-length': 100 });
  reply.raw.write('half', () => reply.raw.destroy());
});
app.get('/reset', (_request, reply) => {
  reply.hijack();
  reply.raw.socket.resetAndDestroy();
});
await app.listen({ port: 0, host: '127.0.0.1' });
await drive(app.server.address().port);
await app.close();
console.log('closed');
