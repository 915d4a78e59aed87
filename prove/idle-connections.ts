/** Runs in the client's namespace: host, port, milliseconds of quiet, ways. Prints what became of each as a line of JSON. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { keepAlive } from '../src/resilience/socket/keep-alive.ts';
import type { Row, Way } from './keep-alive.ts';

const PREPARE: Readonly<Record<Way, (socket: Socket) => unknown>> = {
  nothing: () => {},
  'node-default': (socket) => socket.setKeepAlive(true),
  'node-second': (socket) => socket.setKeepAlive(true, 1000),
  firsthand: (socket) => keepAlive(socket, { idleMs: 1000, intervalMs: 1000 }),
};

const [host, port, quietMs, ...ways] = process.argv.slice(2);
await Promise.all(ways.map((way) => tryWay(way as Way)));

async function tryWay(way: Way): Promise<void> {
  const socket = connect(Number(port), host!);
  let error: string | null = null;
  socket.on('error', (failure: NodeJS.ErrnoException) => (error = failure.code ?? failure.message));
  await once(socket, 'connect');
  PREPARE[way](socket);
  socket.write('first');
  await once(socket, 'data');
  await pause(Number(quietMs));
  const answered = new Promise<boolean>((resolve) => {
    if (socket.closed) resolve(false);
    socket.once('data', () => resolve(true)).once('close', () => resolve(false));
  });
  socket.write('second');
  const row: Row = { way, answered: await answered, error };
  process.stdout.write(`${JSON.stringify(row)}\n`);
  socket.destroy();
}
