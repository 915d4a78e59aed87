/** For Hono: a middleware, on every runtime that has node:crypto. */
import type { Gate } from '../gate.ts';
import { toBytes } from '../hold.ts';
import type { RequestLike } from '../options.ts';
import { problem } from '../problem.ts';
import { type RequestIdempotency, Run } from '../run.ts';
import type { Answer } from '../store.ts';

interface HonoContext {
  readonly req: { readonly raw: Request };
  res: Response;
  set(name: string, value: unknown): void;
}

/** What `app.use` takes; typed by what it uses, so that hono need not be installed. */
export type HonoMiddleware = (context: HonoContext, next: () => Promise<void>) => Promise<Response | undefined>;

export function honoMiddleware(gate: Gate): HonoMiddleware {
  return async (context, next) => {
    const { raw } = context.req;
    if (!gate.isFor(raw.method)) return void (await next());
    const key = gate.keyOf(raw.headers.get(gate.settings.header));
    if (key === null) {
      const run = gate.unkeyed();
      if (run !== null) give(context, run);
      return void (await next());
    }
    if (typeof key !== 'string') return toResponse(key);
    const body = await readClone(raw, gate.settings.maxRequestBytes);
    if (body === null) return toResponse(problem('body-too-large'));
    const { pathname, search } = new URL(raw.url);
    const url = pathname + search;
    const run = await gate.claim(key, {
      method: raw.method,
      url,
      request: toRequestLike(context, url),
      body,
      connection: {
        get destroyed() {
          return raw.signal.aborted;
        },
      },
    });
    if (!(run instanceof Run)) return toResponse(run);
    give(context, run);
    await next();
    context.res = await settle(run, context.res, gate.settings.maxResponseBytes);
    return undefined;
  };
}

/** As `c.get('idempotency')`, and `c.req.idempotency` as elsewhere. */
function give(context: HonoContext, run: RequestIdempotency): void {
  context.set('idempotency', run);
  Object.assign(context.req, { idempotency: run });
}

function toRequestLike(context: HonoContext, url: string): RequestLike {
  const { raw } = context.req;
  return { method: raw.method, url, headers: Object.fromEntries(raw.headers), context };
}

/** A clone, so that the handler may read the request in any way; null when there is more. */
async function readClone(request: Request, maxBytes: number): Promise<Uint8Array | null> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) return null;
  const body = request.clone().body;
  if (body === null) return new Uint8Array(0);
  const { chunks, bytes, reader } = await readSome(body, maxBytes);
  if (bytes <= maxBytes) return Buffer.concat(chunks);
  void reader.cancel();
  return null;
}

async function settle(run: Run, response: Response, maxBytes: number): Promise<Response> {
  const { status, body } = response;
  const headers = toHeaders(response.headers);
  if (body === null) return (await instead(run, status, headers, new Uint8Array(0))) ?? response;
  if (isLive(response) && !run.holdsBytes) return tee(run, response, headers, maxBytes);
  let read;
  try {
    read = await readSome(body, maxBytes);
  } catch (error) {
    run.abandon();
    throw error;
  }
  const isWhole = read.bytes <= maxBytes;
  const replaced = await instead(run, status, headers, isWhole ? Buffer.concat(read.chunks) : null);
  if (replaced !== null) return replaced;
  return new Response(isWhole ? Buffer.concat(read.chunks) : chain(read.chunks, read.reader), response);
}

async function instead(
  run: Run,
  status: number,
  headers: Record<string, string | string[]>,
  body: Uint8Array | null,
): Promise<Response | null> {
  const answer = await run.settle({ status, headers, body });
  return answer === null ? null : toResponse(answer);
}

/** Events and what `streamText` sends must not wait for their end. */
function isLive({ headers }: Response): boolean {
  return headers.has('transfer-encoding') || headers.get('content-type')?.startsWith('text/event-stream') === true;
}

/** Chunks pass as they come; the end waits until the outcome is stored. */
function tee(run: Run, response: Response, headers: Record<string, string | string[]>, maxBytes: number): Response {
  let chunks: Uint8Array[] = [];
  let bytes = 0;
  run.flows();
  const through = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      else chunks = [];
      controller.enqueue(chunk);
    },
    async flush() {
      await run.settle({ status: response.status, headers, body: bytes <= maxBytes ? Buffer.concat(chunks) : null });
    },
  });
  // Both sides end on an error of either: without an end there is no outcome.
  response.body!.pipeTo(through.writable).catch(() => run.abandon());
  return new Response(through.readable, response);
}

interface Some {
  readonly chunks: Uint8Array[];
  readonly bytes: number;
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
}

/** Until the end or until there is more than `maxBytes`. */
async function readSome(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Some> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  while (bytes <= maxBytes) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    bytes += value.length;
  }
  return { chunks, bytes, reader };
}

function chain(
  first: readonly Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of first) controller.enqueue(chunk);
    },
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function toHeaders(headers: Headers): Record<string, string | string[]> {
  return Object.fromEntries(headers);
}

function toResponse({ status, headers, body }: Answer): Response {
  const fields = new Headers();
  for (const name in headers) {
    const value = headers[name]!;
    for (const one of typeof value === 'string' ? [value] : value) fields.append(name, one);
  }
  // Of a text a Response would say that it is text/plain.
  const bytes = body === null || body.length === 0 ? null : new Uint8Array(toBytes(body)!);
  return new Response(bytes, { status, headers: fields });
}
