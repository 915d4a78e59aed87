/** Reads the body of a request and puts it back, so that the listener reads it as if nobody had. */
import type { IncomingMessage } from 'node:http';

/** The bytes; null when there are more than `maxBytes` (the rest is left unread). Rejects when the request breaks off. */
export function readAndUnread(request: IncomingMessage, maxBytes: number): Promise<Uint8Array | null> {
  const announcedBytes = Number(request.headers['content-length'] ?? Number.NaN);
  if (announcedBytes > maxBytes) return Promise.resolve(null);
  if (announcedBytes === 0 || !hasBody(request)) return Promise.resolve(new Uint8Array(0));
  return new Promise((resolve, reject) => new Reader(request, maxBytes, resolve, reject).start());
}

/** The part of http2's compatibility API that differs. */
interface Http2Request {
  readonly stream?: { readonly endAfterHeaders: boolean; readonly readableEnded: boolean };
}

/** HTTP/1.1 announces every body (RFC 9112 §6.3); HTTP/2 may just send it. */
function hasBody(request: IncomingMessage & Http2Request): boolean {
  const { headers, httpVersionMajor, stream } = request;
  if (httpVersionMajor >= 2 && stream !== undefined) return !stream.endAfterHeaders;
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** Whether the last byte has arrived; http2's own `complete` waits until it was read. */
function isComplete(request: IncomingMessage & Http2Request): boolean {
  return request.httpVersionMajor >= 2 ? request.stream?.readableEnded === true : request.complete;
}

class Reader {
  readonly #request: IncomingMessage;
  readonly #maxBytes: number;
  readonly #resolve: (bytes: Uint8Array | null) => void;
  readonly #reject: (error: unknown) => void;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(
    request: IncomingMessage,
    maxBytes: number,
    resolve: (bytes: Uint8Array | null) => void,
    reject: (error: unknown) => void,
  ) {
    this.#request = request;
    this.#maxBytes = maxBytes;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(): void {
    this.#request.on('readable', this.#read);
    this.#request.on('error', this.#fail);
    this.#request.on('close', this.#fail);
  }

  #read = (): void => {
    // A read of what is left at the end schedules 'end', which comes only if nothing was put back by then; so an empty
    // body is never read here, and any other is put back in the same turn.
    while (this.#request.readableLength > 0) {
      const chunk = this.#request.read() as Buffer | null;
      if (chunk === null) break;
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      if (this.#bytes > this.#maxBytes) return this.#finish(null);
    }
    if (!isComplete(this.#request)) return;
    const body = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    if (body.length > 0) this.#request.unshift(body);
    this.#finish(body);
  };

  #fail = (error?: unknown): void => {
    this.#stop();
    this.#reject(error ?? new Error('The request broke off before its body was complete'));
  };

  #finish(bytes: Uint8Array | null): void {
    this.#stop();
    this.#resolve(bytes);
  }

  #stop(): void {
    this.#request.off('readable', this.#read);
    this.#request.off('error', this.#fail);
    this.#request.off('close', this.#fail);
  }
}
