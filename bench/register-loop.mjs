/** One side of the register bench: an http server and a keep-alive client in this process; each message runs that many requests. */
import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';

const server = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address();
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

process.on('message', async (requests) => {
  const startNs = process.hrtime.bigint();
  const startCpu = process.cpuUsage();
  for (let i = 0; i < requests; i++) await ask();
  const { user, system } = process.cpuUsage(startCpu);
  process.send({ wallS: Number(process.hrtime.bigint() - startNs) / 1e9, cpuS: (user + system) / 1e6 });
});
process.on('disconnect', () => process.exit());
process.send('ready');

function ask() {
  return new Promise((resolve, reject) => {
    get({ agent, host: '127.0.0.1', port, path: '/' }, (response) => response.resume().on('end', resolve)).on(
      'error',
      reject,
    );
  });
}
