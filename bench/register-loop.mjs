/**
 * One side of the register bench: servers and a client in this process, so that the cost of both ends is counted. Each
 * message `N` runs that many operations of the kind given as argument, one after the other.
 */
import { once } from 'node:events';
import { Agent, createServer as createHttpServer, get } from 'node:http';
import { connect, createServer } from 'node:net';
import { request } from 'undici';

/** What makes one operation, given a port; each opens its server and returns what runs once. */
const KINDS = {
  /** One byte there and back on one socket. */
  net: async () => {
    const server = await listen(createServer((socket) => socket.setNoDelay().pipe(socket)));
    const client = connect(server.address().port, '127.0.0.1').setNoDelay();
    await once(client, 'connect');
    let answered;
    client.on('data', () => answered());
    return () =>
      new Promise((resolve) => {
        answered = resolve;
        client.write('x');
      });
  },
  /** A connection opened, greeted and closed. */
  connect: async () => {
    const server = await listen(createServer((socket) => socket.end('x')));
    const { port } = server.address();
    return () =>
      new Promise((resolve, reject) => {
        connect(port, '127.0.0.1').on('error', reject).on('close', resolve).resume();
      });
  },
  http: async () => {
    const port = await startHttp();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    return () =>
      new Promise((resolve, reject) => {
        get({ agent, host: '127.0.0.1', port, path: '/' }, (response) => response.resume().on('end', resolve)).on(
          'error',
          reject,
        );
      });
  },
  fetch: async () => {
    const url = `http://127.0.0.1:${await startHttp()}/`;
    return async () => (await fetch(url)).text();
  },
  undici: async () => {
    const url = `http://127.0.0.1:${await startHttp()}/`;
    return async () => (await request(url)).body.text();
  },
};

async function startHttp() {
  return (await listen(createHttpServer((_request, response) => response.end('ok')))).address().port;
}

async function listen(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const ask = await KINDS[process.argv[2]]();

process.on('message', async (operations) => {
  const startNs = process.hrtime.bigint();
  const startCpu = process.cpuUsage();
  for (let i = 0; i < operations; i++) await ask();
  const { user, system } = process.cpuUsage(startCpu);
  process.send({ wallS: Number(process.hrtime.bigint() - startNs) / 1e9, cpuS: (user + system) / 1e6 });
});
process.on('disconnect', () => process.exit());
process.send('ready');
