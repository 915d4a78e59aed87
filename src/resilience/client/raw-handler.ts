/**
 * What undici 7 tells whoever dispatched a request, in its raw form: header bytes pass untouched, so that a layer in
 * between costs a call and no conversion. undici's own `request` and `fetch` speak it; handlers of the newer form
 * (`onRequestStart` …) are adapted here.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';

import { undici } from './undici.ts';

/** Names and values in turns; a value that came more than once may be a list. */
export type RawHeaders = readonly (Buffer | string | readonly Buffer[])[];

export interface RawHandler {
  onConnect(abort: (reason?: Error) => void, context?: unknown): void;
  onUpgrade(status: number, headers: RawHeaders, socket: Duplex): void;
  onResponseStarted?(): void;
  /** False asks for a pause until `resume` is called. */
  onHeaders(status: number, headers: RawHeaders, resume: () => void, statusText: string): boolean;
  onData(chunk: Buffer): boolean;
  onComplete(trailers: RawHeaders): void;
  onError(error: Error): void;
  onBodySent?(chunk: unknown, total?: number): void;
  onRequestSent?(): void;
}

/** The handler itself where it already speaks the raw form. */
export function toRawHandler(handler: Dispatcher.DispatchHandler): RawHandler {
  if (typeof handler.onHeaders === 'function') return handler as unknown as RawHandler;
  return new Adapted(handler);
}

/** Hands a raw handler to a dispatch function; the declared types only know the newer form in full. */
export function asDispatchHandler(handler: RawHandler): Dispatcher.DispatchHandler {
  return handler as unknown as Dispatcher.DispatchHandler;
}

class Controller implements Dispatcher.DispatchController {
  rawHeaders: Buffer[] | null = null;
  rawTrailers: Buffer[] | null = null;
  reason: Error | null = null;
  aborted = false;
  paused = false;
  continueReading: (() => void) | null = null;
  readonly #abort: (reason?: Error) => void;

  constructor(abort: (reason?: Error) => void) {
    this.#abort = abort;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.continueReading?.();
  }

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.#abort(reason);
  }
}

class Adapted implements RawHandler {
  readonly #handler: Dispatcher.DispatchHandler;
  #controller: Controller = new Controller(() => {});

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler;
  }

  onConnect(abort: (reason?: Error) => void, context?: unknown): void {
    this.#controller = new Controller(abort);
    this.#handler.onRequestStart?.(this.#controller, context);
  }

  onUpgrade(status: number, headers: RawHeaders, socket: Duplex): void {
    this.#handler.onRequestUpgrade?.(this.#controller, status, parse(headers), socket);
  }

  onHeaders(status: number, headers: RawHeaders, resume: () => void, statusText: string): boolean {
    this.#controller.continueReading = resume;
    this.#controller.rawHeaders = headers as Buffer[];
    this.#handler.onResponseStart?.(this.#controller, status, parse(headers), statusText);
    return !this.#controller.paused;
  }

  onData(chunk: Buffer): boolean {
    this.#handler.onResponseData?.(this.#controller, chunk);
    return !this.#controller.paused;
  }

  onComplete(trailers: RawHeaders): void {
    this.#controller.rawTrailers = trailers as Buffer[];
    this.#handler.onResponseEnd?.(this.#controller, parse(trailers));
  }

  onError(error: Error): void {
    this.#handler.onResponseError?.(this.#controller, error);
  }
}

function parse(raw: RawHeaders): IncomingHttpHeaders {
  return undici.util.parseHeaders(raw as Buffer[]);
}
