/** Global fetch and every undici, the one in Node and those from npm: all publish the same channels (6, 7, 8). */
import { subscribe } from 'node:diagnostics_channel';
import { amend, recordOf } from './annotate.ts';
import { guarded } from './guard.ts';
import { beginRequest, endRequest, ledgerFor, type Ledger } from './ledger.ts';

interface UndiciRequest {
  readonly method?: string;
  readonly path?: string;
}

/** The connection that carries a request, until its answer is whole. */
const carriers: WeakMap<object, Ledger> = new WeakMap();

/** Looks at undici's requests from now on. */
export function watchUndici(): void {
  on<{ request: UndiciRequest; socket: object }>('undici:client:sendHeaders', ({ request, socket }) => {
    const ledger = ledgerFor(socket);
    beginRequest(ledger, socket, request.method ?? '', request.path ?? '');
    carriers.set(request, ledger);
  });
  on<{ request: UndiciRequest }>('undici:request:trailers', ({ request }) => {
    const ledger = carriers.get(request);
    if (ledger !== undefined) endRequest(ledger);
    carriers.delete(request);
  });
  on<{ request: UndiciRequest; error: unknown }>('undici:request:error', ({ request, error }) => {
    if (!(error instanceof Error) || carriers.has(request)) return;
    // The request waited for a connection that failed, or for a kept one that died before a byte was written.
    const known = recordOf(error);
    const path = (request.path ?? '').replace(/[?#].*$/s, '').slice(0, 200);
    if (known !== undefined)
      amend(error, { request: { method: request.method ?? '', path }, bytesRead: 0, bytesWritten: 0 });
  });
}

function on<T>(channel: string, look: (message: T) => void): void {
  subscribe(
    channel,
    guarded((message: unknown) => look(message as T)),
  );
}
