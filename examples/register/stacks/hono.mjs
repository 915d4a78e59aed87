import { once } from 'node:events';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { drive, look } from './drive.mjs';

const app = new Hono();
app.use(async (context, next) => {
  look('server', context.env.incoming.socket);
  await next();
  console.log('after', context.req.path, context.res.status);
});
app.get('/hello', (context) => context.json({ hello: 'world' }));
app.post('/echo', async (context) => context.text(`${(await context.req.text()).length}`));
app.get('/boom', () => {
  throw new Error('boom');
});
app.onError((error, context) => context.json({ message: error.message }, 500));
app.get('/half', (context) => {
  const { outgoing } = context.env;
  outgoing.writeHead(200, { 'content-length': 100 });
  outgoing.write('half', () => outgoing.destroy());
  return new Response(null, { headers: { 'x-hono-already-sent': 'true' } });
});
app.get('/reset', (context) => {
  context.env.incoming.socket.resetAndDestroy();
  return new Response(null, { headers: { 'x-hono-already-sent': 'true' } });
});
const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
if (!server.listening) await once(server, 'listening');
await drive(server.address().port);
server.close();
server.closeAllConnections();
await once(server, 'close');
console.log('closed');
