/** Global fetch and every undici, the one in Node and those from npm: all publish the same channels (6, 7, 8). */
import { subscribe } from 'node:diagnostics_channel';
import { amend, recordOf } from './annotate.ts';
import { withoutQuery } from './facts.ts';
import { guarded } from './guard.ts';
import { hiddenField } from './hidden-field.ts';
import { beginRequest, endRequest, ledgerFor, type Ledger } from './ledger.ts';

interface UndiciRequest {
  readonly method?: string;
  readonly path?: string;
}

/** The connection that carries a request; null once its answer is whole. */
const carriers = hiddenField<Ledger | null>();

/** Looks at undici's requests from now on. */
export function watchUndici(): void {
  subscribe('undici:client:sendHeaders', (message) => {
    try {
      const { request, socket } = message as { request: UndiciRequest; socket: object };
      const ledger = ledgerFor(socket);
      beginRequest(ledger, socket, request.method ?? '', request.path ?? '');
      carriers.set(request, ledger);
    } catch {
      // Not undici's message: this request has no story.
    }
  });
  subscribe('undici:request:trailers', (message) => {
    try {
      const { request } = message as { request: UndiciRequest };
      const ledger = carriers.get(request);
      if (!ledger) return;
      endRequest(ledger);
      carriers.set(request, null);
    } catch {
      // As above.
    }
  });
  subscribe('undici:request:error', guarded(noteError));
}

function noteError(message: unknown): void {
  const { request, error } = message as { request: UndiciRequest; error: unknown };
  // The request waited for a connection that failed, or for a kept one that died before a byte was written.
  if (carriers.get(request) || typeof error !== 'object' || error === null || recordOf(error) === undefined) return;
  amend(error, { request: withoutQuery(request.method, request.path), bytesRead: 0, bytesWritten: 0 });
}
