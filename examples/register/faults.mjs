/** A server that fails in one of four ways. Its faults are made by events, never by waiting. */
import { subscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer } from 'node:net';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok';
const HALF_AN_ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this much';

/** What the server does with each request that has come whole. */
const FAULTS = {
  stale: (socket) => socket.write(ANSWER),
  midresponse: (socket) => socket.write(HALF_AN_ANSWER),
  abort: (socket) => socket.resetAndDestroy(),
  refused: (socket) => socket.destroy(),
};

export const FAULT_NAMES = Object.keys(FAULTS);

/** Starts it on a free port of 127.0.0.1. `resetAll` resets and `closeAll` closes the connections it has. */
export async function startFaultServer(fault) {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    let seen = '';
    socket.on('data', (data) => {
      seen += data;
      if (!seen.includes('\r\n\r\n')) return;
      seen = '';
      FAULTS[fault](socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  if (fault === 'refused') {
    server.close();
    await once(server, 'close');
  }
  return {
    url: `http://127.0.0.1:${port}`,
    resetAll: () => sockets.forEach((socket) => socket.resetAndDestroy()),
    closeAll: () => sockets.forEach((socket) => socket.destroy()),
    end: () => {
      sockets.forEach((socket) => socket.destroy());
      server.close();
    },
  };
}

/**
 * Makes the stale keep-alive race certain: the server's FIN leaves in the very turn in which the client writes.
 * undici lets one turn of the event loop pass before it uses a kept connection, so its race begins with the headers.
 */
export function loseTheRace(server, client) {
  if (client === 'http' || client === 'axios') return server.closeAll();
  subscribe('undici:client:sendHeaders', () => server.closeAll());
}
