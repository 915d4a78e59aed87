/** What is known of a connection beside undici. */
import type { Socket } from 'node:net';

export interface Connection {
  readonly socket: Socket;
  /** When an exchange last ended on it, in milliseconds of performance.now(); negative before the first. */
  lastUsedMs: number;
}

/**
 * A property of the socket would be found sooner; but from then on the socket has another hidden class than before its
 * first request, and each place of undici that touches sockets slows down by more.
 */
const connections = new WeakMap<Socket, Connection>();

/** The record of this socket, made at its first request. */
export function connectionOf(socket: Socket): Connection {
  return connections.get(socket) ?? begin(socket);
}

function begin(socket: Socket): Connection {
  const connection = { socket, lastUsedMs: -1 };
  connections.set(socket, connection);
  return connection;
}
