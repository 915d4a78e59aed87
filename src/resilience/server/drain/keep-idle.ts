/** Idle connections stay open until the drain says otherwise. */
import type { Server } from 'node:net';
import type { Connection } from './connection.ts';

/**
 * Keeps Node from closing idle HTTP/1 connections, which it does without asking whether a request is on its way: after
 * keepAliveTimeout, and in close() since Node 19. The returned function gives close() its way again.
 */
export function keepIdle(server: Server, connections: Iterable<Connection>): () => void {
  if ('keepAliveTimeout' in server) server.keepAliveTimeout = 0;
  for (const { protocol, exchanges, socket } of connections)
    if (protocol === 'http1' && exchanges.length === 0) socket.setTimeout(0);
  if (!('closeIdleConnections' in server)) return () => {};
  const own = Object.getOwnPropertyDescriptor(server, 'closeIdleConnections');
  Object.defineProperty(server, 'closeIdleConnections', { value: () => {}, writable: true, configurable: true });
  return () => {
    if (own === undefined) Reflect.deleteProperty(server, 'closeIdleConnections');
    else Object.defineProperty(server, 'closeIdleConnections', own);
  };
}
