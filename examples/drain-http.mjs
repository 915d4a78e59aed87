// A server that stops without a client noticing: node examples/drain-http.mjs, then kill -TERM its process.
// deploy/kubernetes.yaml and deploy/app.service run it.
import http from 'node:http';
import { drain } from 'firsthand/server';

const server = http.createServer((request, response) => {
  // Liveness must not ask for readiness: it would kill the pod that drains.
  if (request.url === '/live') return response.end('alive\n');
  if (request.url === '/ready') return stop.readiness(request, response);
  // Work that a deploy must not break off.
  setTimeout(() => response.end('done\n'), 200);
});
// Longer than the idle limit of whatever stands in front, 60 s for most: who sends the next request closes first.
server.keepAliveTimeout = 65_000;

const stop = drain(server, {
  propagationDelayMs: Number(process.env.PROPAGATION_DELAY_MS ?? 5000),
  idleGraceMs: 5000,
  deadlineMs: 25_000,
});

const { LISTEN_FDS, PORT = '0', HOST = '127.0.0.1' } = process.env;
// systemd hands over the socket of app.socket as descriptor 3: the port stays open while the process is replaced.
server.listen(LISTEN_FDS ? { fd: 3 } : { port: Number(PORT), host: HOST }, () => {
  console.log(`process ${process.pid} listens on http://${server.address().address}:${server.address().port}`);
});

const { durationMs, finished, cut } = await stop.finished;
console.log(`drained in ${Math.round(durationMs)} ms: ${finished} connections ended, ${cut.length} cut`);
for (const { remote, request = 'nothing' } of cut) console.log(`cut ${remote}, which carried ${request}`);
// Now close what the handlers used: database pools, queues. With nothing left open the process ends by itself.
