/** What is known of a connection, kept on its socket: read for every request, where a WeakMap would cost more. */
import type { Socket } from 'node:net';

export interface Connection {
  readonly socket: Socket;
  /** When an exchange last ended on it, in milliseconds of performance.now(); negative before the first. */
  lastUsedMs: number;
}

const CONNECTION: unique symbol = Symbol('firsthand.connection');

type Known = Socket & { [CONNECTION]?: Connection };

/** The record of this socket, made at its first request. */
export function connectionOf(socket: Socket): Connection {
  return (socket as Known)[CONNECTION] ?? begin(socket);
}

function begin(socket: Socket): Connection {
  const connection = { socket, lastUsedMs: -1 };
  // Not enumerable: whoever prints the socket did not ask for it.
  Object.defineProperty(socket, CONNECTION, { value: connection });
  return connection;
}
