/**
 * Which socket carries an attempt. undici does not tell its handlers; but it calls `onConnect` right before it
 * publishes `undici:client:sendHeaders`, and writes in the same tick (undici 7, client-h1.js writeH1, client-h2.js
 * writeH2). So the attempt that was told last is the one whose headers are published next.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** An attempt that is about to be written. */
export interface Starting {
  readonly method: string;
  readonly path: string;
  /** The connection it will be written to; nothing has been written yet. */
  onSocket(socket: Socket): void;
  /** Whether `onFirstWrite` shall be called for it. */
  readonly wantsMicrotask: boolean;
  /** Before any event: what the first write did. */
  onFirstWrite(): void;
}

interface SendHeaders {
  readonly request: { readonly method: string; readonly path: string };
  readonly socket: Socket;
}

let starting: Starting | null = null;
let watching = false;
const connectErrors = new WeakSet<object>();
const written: Starting[] = [];
/** queueMicrotask makes an async resource each time; this runs for every request. */
const microtask = Promise.resolve();

/** Looks at undici's requests from now on; once for all clients of the process. */
export function watchUndici(): void {
  if (watching) return;
  watching = true;
  subscribe('undici:client:sendHeaders', (message) => {
    const attempt = starting;
    if (attempt === null) return;
    starting = null;
    const { request, socket } = message as SendHeaders;
    // A query given apart is appended to the path.
    if (request.method !== attempt.method || !request.path.startsWith(attempt.path)) return;
    attempt.onSocket(socket);
    if (attempt.wantsMicrotask && written.push(attempt) === 1) void microtask.then(reportFirstWrites);
  });
  subscribe('undici:client:connectError', (message) => {
    const { error } = message as { error: unknown };
    if (typeof error === 'object' && error !== null) connectErrors.add(error);
  });
}

/** To be called from `onConnect`. */
export function expectSocket(attempt: Starting): void {
  starting = attempt;
}

/** To be called when the attempt ended, written or not. */
export function forgetSocket(attempt: Starting): void {
  if (starting === attempt) starting = null;
}

/** Whether undici failed to establish a connection with this error. */
export function failedToConnect(error: Error): boolean {
  return connectErrors.has(error);
}

function reportFirstWrites(): void {
  for (let at = 0; at < written.length; at++) written[at]!.onFirstWrite();
  written.length = 0;
}
