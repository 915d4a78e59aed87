/** What scenes without a capture share: an undo stack that ends with the test, and Node servers and clients on it. */
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Server, Socket, TcpNetConnectOpts } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { CleanupStack } from '../../lab/cleanup.ts';
import { startPuppet } from '../../lab/puppet.ts';
import type { Puppet } from '../../lab/puppet.ts';

/** An undo stack that runs when the test is over. */
export function undoAfterTest(): CleanupStack {
  const stack = new CleanupStack();
  onTestFinished(() => stack.run());
  return stack;
}

/** Two processes' worth of plain sockets on loopback, driven from here. */
export function puppetOfTest(): Promise<Puppet> {
  return startPuppet(undoAfterTest());
}

/** Lets a server listen on a free port of loopback until the test is over; the port. */
export async function portOf(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => {});
    sockets.add(socket);
  });
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A connected client socket whose errors are the subject and never throw. */
export async function dialled(port: number, options: Partial<TcpNetConnectOpts> = {}): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, ...options });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** One request with node:http; the answer, or the error. */
export function fetched(port: number, path: string, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, ...options }, (response) => {
      text(response).then(
        (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        reject,
      );
    });
    request.on('error', reject).end();
  });
}

/** What a promise was rejected with; throws when it was fulfilled. */
export async function failureOf(work: Promise<unknown>): Promise<NodeJS.ErrnoException> {
  let value: unknown;
  try {
    value = await work;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  throw new Error(`expected a failure, got ${JSON.stringify(value)}`);
}

/** The error that closes a socket, or null when it closes without one. */
export function endOf(socket: Socket): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    let seen: NodeJS.ErrnoException | null = null;
    socket.on('error', (error) => (seen = error));
    socket.once('close', () => resolve(seen));
    socket.resume();
  });
}
