/** Takes the response of a node:http handler: everything waits, or only its end, until the outcome is stored. */
import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { sendAnswer } from './send.ts';
import type { Run } from './run.ts';
import type { StoredResponse } from './store.ts';

type Callback = (error?: Error | null) => void;
type Chunk = string | Uint8Array;

/**
 * Replaces `writeHead`, `write`, `end` and `flushHeaders` of this response. Without a transaction bytes leave as they are
 * written and only the end waits for `settle`; with one, nothing leaves before the commit.
 */
export function capture(response: ServerResponse, run: Run, maxBytes: number): void {
  const taken = new Capture(response, run, maxBytes);
  const own: Partial<ServerResponse> = {
    writeHead: taken.writeHead as ServerResponse['writeHead'],
    write: taken.write as ServerResponse['write'],
    end: taken.end as ServerResponse['end'],
    flushHeaders: taken.flushHeaders,
  };
  Object.assign(response, own);
  // What frameworks ask before they answer an error: a held response counts as sent.
  Object.defineProperty(response, 'headersSent', { get: () => taken.hasHead, configurable: true });
  Object.defineProperty(response, 'writableEnded', { get: () => taken.hasEnded, configurable: true });
}

class Capture {
  readonly #response: ServerResponse;
  readonly #run: Run;
  readonly #maxBytes: number;
  readonly #original: Pick<ServerResponse, 'writeHead' | 'write' | 'end' | 'flushHeaders'>;
  /** What is kept for replays. */
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #isTooLarge = false;
  /** What has not left yet. */
  #held: Buffer[] = [];
  #state: 'open' | 'settling' | 'flowing' | 'replaced' = 'open';
  #endCallback: Callback | undefined;
  hasHead = false;
  hasEnded = false;

  constructor(response: ServerResponse, run: Run, maxBytes: number) {
    this.#response = response;
    this.#run = run;
    this.#maxBytes = maxBytes;
    const { writeHead, write, end, flushHeaders } = response;
    this.#original = { writeHead, write, end, flushHeaders };
  }

  writeHead = (
    status: number,
    reason?: string | OutgoingHttpHeaders | OutgoingHttpHeader[],
    fields?: OutgoingHttpHeaders | OutgoingHttpHeader[],
  ): ServerResponse => {
    const response = this.#response;
    if (this.hasHead) throw Object.assign(new Error('Cannot write headers after they are sent'), SENT);
    const headers = typeof reason === 'string' ? fields : (reason ?? fields);
    response.statusCode = status;
    if (typeof reason === 'string') response.statusMessage = reason;
    if (headers !== undefined) setHeaders(response, headers);
    this.hasHead = true;
    return response;
  };

  flushHeaders = (): void => {
    this.hasHead = true;
    if (this.#run.holdsBytes || this.#state === 'settling') return;
    this.#flow();
    this.#original.flushHeaders.call(this.#response);
  };

  write = (chunk: Chunk, encoding?: BufferEncoding | Callback, callback?: Callback): boolean => {
    if (this.hasEnded) return this.#refuse(typeof encoding === 'function' ? encoding : callback);
    this.hasHead = true;
    const bytes = toBuffer(chunk, encoding);
    const written = typeof encoding === 'function' ? encoding : callback;
    this.#keep(bytes);
    if (this.#state === 'replaced') return true;
    if (this.#state === 'settling' || this.#run.holdsBytes) return this.#hold(bytes, written);
    this.#flow();
    return this.#original.write.call(this.#response, bytes, 'utf8', written as (error?: Error | null) => void);
  };

  end = (
    chunk?: Chunk | Callback | null,
    encoding?: BufferEncoding | Callback,
    callback?: Callback,
  ): ServerResponse => {
    const done = [chunk, encoding, callback].find((argument) => typeof argument === 'function') as Callback | undefined;
    if (this.hasEnded) {
      this.#refuse(done);
      return this.#response;
    }
    this.hasHead = true;
    this.hasEnded = true;
    this.#endCallback = done;
    if (chunk !== undefined && chunk !== null && typeof chunk !== 'function') {
      const bytes = toBuffer(chunk, encoding);
      this.#keep(bytes);
      this.#held.push(bytes);
    }
    if (this.#state === 'open' || (this.#state === 'flowing' && !this.#isTooLarge)) this.#settle();
    else if (this.#state === 'flowing') void this.#settleLarge();
    return this.#response;
  };

  #keep(bytes: Buffer): void {
    if (this.#isTooLarge) return;
    this.#keptBytes += bytes.length;
    this.#isTooLarge = this.#keptBytes > this.#maxBytes;
    if (this.#isTooLarge) this.#kept = [];
    else this.#kept.push(bytes);
  }

  /** Held bytes are bounded by the largest response that is kept: beyond it the outcome is stored and they leave. */
  #hold(bytes: Buffer, written: Callback | undefined): boolean {
    this.#held.push(bytes);
    if (written !== undefined) process.nextTick(written);
    if (this.#isTooLarge && this.#state === 'open') this.#settle();
    return this.#state !== 'settling';
  }

  #flow(): void {
    if (this.#state !== 'open') return;
    this.#run.flows();
    this.#pass();
  }

  /** From here on bytes leave. Node calls the response's own writeHead when the first one does. */
  #pass(): void {
    this.#state = 'flowing';
    this.#response.writeHead = this.#original.writeHead;
  }

  #settle(): void {
    const wasFlowing = this.#state === 'flowing';
    this.#state = 'settling';
    const instead = this.#run.settle({
      status: this.#response.statusCode,
      headers: this.#response.getHeaders(),
      body: this.#isTooLarge ? null : concat(this.#kept),
    });
    this.#kept = [];
    if (instead instanceof Promise) void instead.then((answer) => this.#settled(answer, wasFlowing));
    else this.#settled(instead, wasFlowing);
  }

  #settled(instead: StoredResponse | null, wasFlowing: boolean): void {
    if (instead !== null && !wasFlowing) return this.#replace(instead);
    this.#pass();
    this.#flush();
  }

  /** Its end comes after the outcome: large and streamed, so the outcome was not yet stored. */
  async #settleLarge(): Promise<void> {
    await this.#run.settle({ status: this.#response.statusCode, headers: this.#response.getHeaders(), body: null });
    this.#flush();
  }

  #flush(): void {
    const bytes = concat(this.#held);
    this.#held = [];
    if (this.hasEnded) {
      // http2's end writes its chunk through the response's own write.
      this.#response.write = this.#original.write;
      const end = this.#original.end as (chunk?: Chunk, callback?: Callback) => ServerResponse;
      if (bytes.length > 0) end.call(this.#response, bytes, this.#endCallback);
      else end.call(this.#response, undefined, this.#endCallback);
      return;
    }
    if (this.#original.write.call(this.#response, bytes, 'utf8')) this.#response.emit('drain');
  }

  #replace(answer: StoredResponse): void {
    this.#state = 'replaced';
    this.#held = [];
    const response = this.#response;
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    Object.assign(response, this.#original);
    response.statusMessage = '';
    sendAnswer(response, answer);
    this.#endCallback?.();
  }

  #refuse(callback: Callback | undefined): false {
    const error = Object.assign(new Error('write after end'), { code: 'ERR_STREAM_WRITE_AFTER_END' });
    if (callback !== undefined) process.nextTick(callback, error);
    return false;
  }
}

const SENT = { code: 'ERR_HTTP_HEADERS_SENT' };

function toBuffer(chunk: Chunk, encoding: BufferEncoding | Callback | undefined): Buffer {
  if (typeof chunk === 'string') return Buffer.from(chunk, typeof encoding === 'string' ? encoding : 'utf8');
  // A copy: the handler may write into its array again before the bytes leave.
  return Buffer.from(chunk);
}

function concat(chunks: readonly Buffer[]): Buffer {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

/** As `writeHead` takes them: an object, a flat list, or a list of pairs. */
function setHeaders(response: ServerResponse, headers: OutgoingHttpHeaders | OutgoingHttpHeader[]): void {
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value);
    return;
  }
  const flat = headers.flatMap((item) => item) as (string | number)[];
  for (let i = 0; i < flat.length; i += 2) response.removeHeader(String(flat[i]));
  for (let i = 0; i + 1 < flat.length; i += 2) response.appendHeader(String(flat[i]), String(flat[i + 1]));
}
