/** A server process for the tests of signals: prints its port, answers when told to, prints the report, then leaves. */
import http, { type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { drain } from '../drain.ts';

const held: ServerResponse[] = [];
const server = http.createServer((request, response) => {
  if (request.url !== '/slow') return void response.end('quick');
  held.push(response);
  console.log('held');
});
const stop = drain(server, { propagationDelayMs: 0, idleGraceMs: 20, ...JSON.parse(process.argv[2] ?? '{}') });
server.listen(0, '127.0.0.1', () => console.log(`port ${(server.address() as AddressInfo).port}`));
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => console.log(`${stop.state} ${signal}`));
process.on('SIGUSR2', () => {
  for (const response of held.splice(0)) response.end('slow');
});
void stop.finished.then(({ finished, cut }) => {
  console.log(`report ${JSON.stringify({ finished, cut })}`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.removeAllListeners(signal);
});
