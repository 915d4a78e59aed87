import { once } from 'node:events';
import express from 'express';
import { drive, look } from './drive.mjs';

const app = express();
app.use((request, response, next) => {
  look('server', request.socket);
  response.on('finish', () => console.log('finish', request.url, response.statusCode));
  response.on('close', () => console.log('close', request.url, response.writableFinished));
  next();
});
app.use(express.text({ type: () => true, limit: '1mb' }));
app.get('/hello', (_request, response) => response.json({ hello: 'world' }));
app.post('/echo', (request, response) => response.send(`${request.body.length}`));
app.get('/boom', () => {
  throw new Error('boom');
});
app.get('/half', (_request, response) => {
  response.writeHead(200, { 'content-length': 100 });
  response.write('half', () => response.destroy());
});
app.get('/reset', (request) => request.socket.resetAndDestroy());
app.use((error, _request, response, _next) => response.status(500).json({ message: error.message }));
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
await drive(server.address().port);
server.close();
server.closeAllConnections();
await once(server, 'close');
console.log('closed');
