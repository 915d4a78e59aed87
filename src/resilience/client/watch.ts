/**
 * Which socket carries an attempt. undici does not tell its handlers; but it calls `onConnect` right before it
 * publishes `undici:client:sendHeaders`, and writes in the same tick (undici 7, client-h1.js writeH1, client-h2.js
 * writeH2). So the attempt that was told last is the one whose headers are published next; and where one dispatcher of
 * ours lies inside another, all that were told in that one call.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** An attempt that is about to be written. */
export interface Starting {
  readonly method: string;
  readonly path: string;
  /** undici begins to write it. */
  begin(): void;
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

/** In the order in which they were told; a length that is set to 0 for each request would cost a fifth of a microsecond. */
const starting: (Starting | null)[] = [];
let startingCount = 0;
/** How many of them are telling the handler above, one inside the other. */
let depth = 0;
let watching = false;
const connectErrors = new WeakSet<object>();
const requestErrors = new WeakSet<object>();
let written: Starting[] = [];
/** queueMicrotask makes an async resource each time; this runs for every request. */
const microtask = Promise.resolve();

/** Looks at undici's requests from now on; once for all clients of the process. */
export function watchUndici(): void {
  if (watching) return;
  watching = true;
  subscribe('undici:client:sendHeaders', (message) => {
    if (startingCount === 0) return;
    const { request, socket } = message as SendHeaders;
    for (let at = 0; at < startingCount; at++) {
      const attempt = starting[at]!;
      // A query given apart is appended to the path.
      const { path } = attempt;
      if (request.method !== attempt.method) continue;
      if (request.path !== path && !request.path.startsWith(path)) continue;
      attempt.onSocket(socket);
      if (attempt.wantsMicrotask && written.push(attempt) === 1) void microtask.then(reportFirstWrites);
    }
    forgetAll();
  });
  subscribe('undici:client:connectError', (message) => {
    const { error } = message as { error: unknown };
    if (typeof error === 'object' && error !== null) connectErrors.add(error);
  });
  subscribe('undici:request:error', (message) => {
    const { error } = message as { error: unknown };
    if (typeof error === 'object' && error !== null) requestErrors.add(error);
  });
}

/** To be called from `onConnect`, before the handler above hears of it; what it returns is for `leaveStart`. */
export function enterStart(attempt: Starting): number {
  if (depth === 0) forgetAll();
  depth++;
  starting[startingCount] = attempt;
  return ++startingCount;
}

/** And after that: the attempts above this one, of dispatchers around its own, that wait for the same socket. */
export function leaveStart(entered: number): readonly Starting[] | null {
  depth--;
  return startingCount > entered ? (starting.slice(entered, startingCount) as Starting[]) : null;
}

/** Instead of telling the handler above again: those above move to another connection with this attempt. */
export function startAgain(above: readonly Starting[]): void {
  for (const attempt of above) {
    attempt.begin();
    starting[startingCount++] = attempt;
  }
}

/** To be called when the attempt ended, written or not. */
export function forgetSocket(attempt: Starting): void {
  if (startingCount > 0 && starting.includes(attempt)) forgetAll();
}

/** Whether undici gave this error to a request that it held itself: then it says of each whether it began with it. */
export function failedInUndici(error: Error): boolean {
  return requestErrors.has(error);
}

/** Whether undici failed to establish a connection with this error. */
export function failedToConnect(error: Error): boolean {
  return connectErrors.has(error);
}

function forgetAll(): void {
  while (startingCount > 0) starting[--startingCount] = null;
}

function reportFirstWrites(): void {
  const all = written;
  written = [];
  for (const attempt of all) attempt.onFirstWrite();
}
