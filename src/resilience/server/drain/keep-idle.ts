/** Idle connections stay open until the drain says otherwise. */
import type { Server } from 'node:net';
import type { Connection } from './connection.ts';

/**
 * Keeps Node from closing idle HTTP/1 connections, which it does without asking whether a request is on its way: after
 * keepAliveTimeout, and in close() since Node 19. The returned function gives both their way again, when no other drain
 * of the server needs them kept.
 */
export function keepIdle(server: Server, connections: Iterable<Connection>): () => void {
  const hold = holds.get(server) ?? { drains: 0, release: takeOver(server) };
  holds.set(server, hold);
  hold.drains += 1;
  for (const { protocol, exchanges, socket } of connections)
    if (protocol === 'http1' && exchanges.length === 0) socket.setTimeout(0);
  return () => {
    hold.drains -= 1;
    if (hold.drains > 0) return;
    holds.delete(server);
    hold.release();
  };
}

const holds: WeakMap<Server, { drains: number; readonly release: () => void }> = new WeakMap();

function takeOver(server: Server): () => void {
  const restore: (() => void)[] = [];
  if ('keepAliveTimeout' in server) {
    const before = server.keepAliveTimeout;
    server.keepAliveTimeout = 0;
    restore.push(() => (server.keepAliveTimeout = before));
  }
  if ('closeIdleConnections' in server) {
    const own = Object.getOwnPropertyDescriptor(server, 'closeIdleConnections');
    Object.defineProperty(server, 'closeIdleConnections', { value: () => {}, writable: true, configurable: true });
    restore.push(() => {
      if (own === undefined) Reflect.deleteProperty(server, 'closeIdleConnections');
      else Object.defineProperty(server, 'closeIdleConnections', own);
    });
  }
  return () => {
    for (const undo of restore) undo();
  };
}
