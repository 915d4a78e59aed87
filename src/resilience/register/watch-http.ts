/** http and https: which request uses a socket, when it ends, and the errors that Node makes up for requests. */
import { subscribe } from 'node:diagnostics_channel';
import { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { annotate } from './annotate.ts';
import { guarded, replaceMethod } from './guard.ts';
import { beginRequest, endRequest, ledgerFor, ledgerOf, unconnectedLedger } from './ledger.ts';

type Destroy = (this: IncomingMessage, error: unknown, done: unknown) => unknown;
type OnSocket = (this: ClientRequest, socket: unknown, error: unknown) => unknown;
type KeepSocketAlive = (this: Agent, socket: unknown) => unknown;

/** Looks at the requests of clients and servers from now on. */
export function watchHttp(): void {
  watchClients();
  watchServers();
  const noteError = guarded(({ socket }: IncomingMessage, error: unknown) => {
    const ledger = socket ? ledgerOf(socket) : undefined;
    if (ledger !== undefined) annotate(error, ledger, socket);
  });
  // `aborted`, on both sides, goes to the message alone and has no channel.
  replaceMethod<IncomingMessage, Destroy>(
    IncomingMessage.prototype,
    '_destroy',
    (destroy) =>
      function (error, done) {
        if (typeof error === 'object' && error !== null) noteError(this, error);
        return destroy.call(this, error, done);
      },
  );
}

function watchClients(): void {
  // No channel tells which socket a request gets: `http.client.request.start` is published when the request is
  // written whole, on a new socket before it has one, on a kept one sometimes after its answer.
  replaceMethod<ClientRequest, OnSocket>(
    ClientRequest.prototype,
    'onSocket',
    (onSocket) =>
      function (socket, error) {
        try {
          if (typeof socket === 'object' && socket !== null)
            beginRequest(ledgerFor(socket), socket, this.method, this.path);
        } catch {
          // A socket or a request with getters that throw: this request has no story.
        }
        return onSocket.call(this, socket, error);
      },
  );
  // Node's documented hook for a socket whose exchange is over; the channel below is earlier by the length of a body.
  replaceMethod<Agent, KeepSocketAlive>(
    Agent.prototype,
    'keepSocketAlive',
    (keepSocketAlive) =>
      function (socket) {
        const ledger = typeof socket === 'object' && socket !== null ? ledgerOf(socket) : undefined;
        if (ledger !== undefined && ledger.method !== null) endRequest(ledger);
        return keepSocketAlive.call(this, socket);
      },
  );
  subscribe(
    'http.client.request.error',
    guarded((message: unknown) => {
      const { request, error } = message as { request: ClientRequest; error: unknown };
      const socket = request.socket as Socket | null | undefined;
      const ledger = socket ? ledgerFor(socket) : unconnectedLedger(request.host);
      annotate(error, ledger, socket ?? null);
    }),
  );
}

function watchServers(): void {
  subscribe('http.server.request.start', (message) => {
    try {
      const { request, socket } = message as { request: IncomingMessage; socket: Socket };
      beginRequest(ledgerFor(socket), socket, request.method ?? '', request.url ?? '');
    } catch {
      // As above.
    }
  });
  subscribe('http.server.response.finish', (message) => {
    const ledger = ledgerOf((message as { socket: Socket }).socket);
    if (ledger !== undefined) endRequest(ledger);
  });
}
