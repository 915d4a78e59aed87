/** A server that counts what reaches it and ends connections in the ways that tests ask for. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

import { certificate } from './certificate.ts';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly key: string | undefined;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

export interface Origin {
  readonly url: string;
  readonly server: Server;
  /** Connections accepted so far, and those still open. */
  readonly connections: { count: number; readonly open: Set<Socket> };
  /** Requests whose head arrived, in order; each counts as one execution. */
  readonly seen: Seen[];
  close(): Promise<void>;
}

/** Answers request number n (from 1), with its body read. */
export type Answer = (n: number, request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

export async function startOrigin(answer: Answer, { tls = false }: { readonly tls?: boolean } = {}): Promise<Origin> {
  const seen: Seen[] = [];
  const listener: RequestListener = (request, response) => {
    const parts: Buffer[] = [];
    request.on('error', () => {});
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      const { method = '', url = '', headers } = request;
      const key = headers['idempotency-key'];
      seen.push({ method, url, headers, body: body.toString(), key: typeof key === 'string' ? key : undefined });
      answer(seen.length, request, response, body);
    });
  };
  const server = tls ? createTlsServer(certificate(), listener) : createServer(listener);
  const connections = { count: 0, open: new Set<Socket>() };
  server.on('connection', (socket: Socket) => {
    connections.count++;
    connections.open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => connections.open.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    server: server as Server,
    connections,
    seen,
    async close() {
      server.close();
      server.closeAllConnections();
      for (const socket of connections.open) socket.destroy();
      if (server.listening) await once(server, 'close');
    },
  };
}

/** Resets the connection of a request, TLS or not. */
export function reset(request: IncomingMessage): void {
  const socket = request.socket as Socket & { _parent?: Socket };
  (socket._parent ?? socket).resetAndDestroy();
}
