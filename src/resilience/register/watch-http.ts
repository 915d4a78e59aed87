/** http and https: which request uses a socket, when it ends, and the errors that Node makes up for requests. */
import { subscribe } from 'node:diagnostics_channel';
import { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { annotate } from './annotate.ts';
import { before, guarded } from './guard.ts';
import { beginRequest, endRequest, ledgerFor, ledgerOf, unconnectedLedger } from './ledger.ts';

/** Looks at the requests of clients and servers from now on. */
export function watchHttp(): void {
  watchClients();
  watchServers();
  // `aborted`, on both sides, goes to the message alone and has no channel.
  before(IncomingMessage.prototype, '_destroy', (receiver, error) => {
    const { socket } = receiver as IncomingMessage;
    if (!(error instanceof Error) || !socket) return;
    const ledger = ledgerOf(socket);
    if (ledger !== undefined) annotate(error, ledger, socket);
  });
}

function watchClients(): void {
  // No channel tells which socket a request gets: `http.client.request.start` is published when the request is
  // written whole, on a new socket before it has one, on a kept one sometimes after its answer.
  before(ClientRequest.prototype, 'onSocket' as keyof ClientRequest & string, (receiver, socket) => {
    if (typeof socket !== 'object' || socket === null) return;
    const request = receiver as ClientRequest;
    beginRequest(ledgerFor(socket), socket, request.method, request.path);
  });
  // Node's documented hook for a socket whose exchange is over; the channel below is earlier by the length of a body.
  before(Agent.prototype, 'keepSocketAlive' as keyof Agent & string, (_agent, socket) => {
    const ledger = typeof socket === 'object' && socket !== null ? ledgerOf(socket) : undefined;
    if (ledger !== undefined && ledger.request !== null) endRequest(ledger);
  });
  subscribe(
    'http.client.request.error',
    guarded((message: unknown) => {
      const { request, error } = message as { request: ClientRequest; error: unknown };
      if (!(error instanceof Error)) return;
      const socket = request.socket as Socket | null | undefined;
      const ledger = socket ? ledgerFor(socket) : unconnectedLedger(request.host);
      annotate(error, ledger, socket ?? null);
    }),
  );
}

function watchServers(): void {
  subscribe(
    'http.server.request.start',
    guarded((message: unknown) => {
      const { request, socket } = message as { request: IncomingMessage; socket: Socket };
      const ledger = ledgerFor(socket);
      beginRequest(ledger, socket, request.method ?? '', request.url ?? '');
    }),
  );
  subscribe(
    'http.server.response.finish',
    guarded((message: unknown) => {
      const { socket } = message as { socket: Socket };
      const ledger = ledgerOf(socket);
      if (ledger !== undefined) endRequest(ledger);
    }),
  );
}
