/** For Fastify 5: a plugin of two hooks, for the routes registered after it in its scope. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { Readable, Transform } from 'node:stream';
import type { Gate } from '../gate.ts';
import type { AnyHeaders } from '../headers.ts';
import type { RequestLike } from '../options.ts';
import { Run } from '../run.ts';
import { sendAnswer } from '../send.ts';
import type { Answer, StoredResponse } from '../store.ts';
import { parsedBody } from './express.ts';
import { FastifyHooks } from './fastify-hooks.ts';

interface FastifyRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly raw: IncomingMessage;
  readonly body?: unknown;
  readonly routeOptions?: {
    readonly url?: string | undefined;
    readonly method?: string | readonly string[] | undefined;
  };
  idempotency?: unknown;
}

interface FastifyReply {
  readonly raw: ServerResponse;
  statusCode: number;
  getHeaders(): Record<string, string | number | readonly string[] | undefined>;
  header(name: string, value: unknown): unknown;
  removeHeader(name: string): unknown;
  code(status: number): unknown;
  hijack(): unknown;
}

type Done = (error?: Error | null, payload?: unknown) => void;

interface FastifyInstance {
  decorateRequest(name: string, value: null): unknown;
  addHook(name: string, hook: (request: FastifyRequest, reply: FastifyReply, ...rest: never[]) => void): unknown;
}

/** What `app.register` takes; typed so that fastify, whose types are generic over everything, need not be installed. */
export type FastifyPlugin = (app: unknown, options: object, done: (error?: Error) => void) => void;

export function fastifyPlugin(gate: Gate): FastifyPlugin {
  const plugin: FastifyPlugin = (instance, _options, done) => {
    const app = instance as FastifyInstance;
    app.decorateRequest('idempotency', null);
    const hooks = new FastifyHooks(
      (method) => gate.isFor(method),
      (request: FastifyRequest, reply: FastifyReply, next: Done) => {
        if (gate.isFor(request.method)) return before(gate, request, reply, next);
        hooks.passedBy(request);
        next();
      },
      (request: FastifyRequest, reply: FastifyReply, payload: unknown, next: Done) =>
        after(gate, request, reply, payload, next),
    );
    app.addHook('preHandler', hooks.before);
    app.addHook('onSend', hooks.after);
    done();
  };
  // For the scope that registers it, and not a child of it only.
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'firsthand-idempotency',
  });
}

function before(gate: Gate, request: FastifyRequest, reply: FastifyReply, next: Done): void {
  const key = gate.keyOf(request.headers[gate.settings.header] as string | undefined);
  if (key === null) {
    request.idempotency = gate.unkeyed();
    return next();
  }
  if (typeof key !== 'string') return answer(reply, key);
  let claimed;
  try {
    claimed = gate.claim(key, {
      method: request.method,
      url: request.url,
      // Fastify makes `routeOptions` anew each time.
      route: gate.learnsRoutes ? request.routeOptions?.url : undefined,
      request: request as unknown as RequestLike,
      body: parsedBody(request.raw, request.body, (request as { rawBody?: unknown }).rawBody),
      connection: reply.raw,
    });
  } catch (error) {
    return next(error as Error);
  }
  if (claimed instanceof Promise) claimed.then((said) => admit(request, reply, said, next), next);
  else admit(request, reply, claimed, next);
}

function admit(request: FastifyRequest, reply: FastifyReply, claimed: Run | Answer, next: Done): void {
  if (!(claimed instanceof Run)) return answer(reply, claimed);
  request.idempotency = claimed;
  next();
}

/** Past the onSend hooks: what is replayed has been through them once. */
function answer(reply: FastifyReply, stored: Answer): void {
  reply.hijack();
  const headers = headersOf(reply);
  for (const name in headers) if (headers[name] !== undefined) reply.raw.setHeader(name, headers[name]);
  sendAnswer(reply.raw, stored);
}

function after(gate: Gate, request: FastifyRequest, reply: FastifyReply, payload: unknown, next: Done): void {
  const run = request.idempotency;
  if (!(run instanceof Run) || !run.isKeyed) return next(null, payload);
  // An async handler that sent without returning the reply is sent for once more, with nothing.
  if (run.isSettling && payload === undefined) return;
  if (typeof payload === 'string') return finish(run, reply, payload, payload, next);
  if (payload === undefined || payload === null) return finish(run, reply, EMPTY, payload, next);
  // A copy: the application may write into its array again.
  if (payload instanceof Uint8Array) return finish(run, reply, Buffer.from(payload), payload, next);
  const stream = toStream(payload, reply);
  if (stream === null) return finish(run, reply, EMPTY, payload, next);
  if (!run.holdsBytes) return next(null, tee(run, reply, stream, gate.settings.maxResponseBytes));
  hold(stream, gate.settings.maxResponseBytes).then(
    ({ body, rest }) => finish(run, reply, body, rest ?? body ?? EMPTY, next),
    (error: Error) => {
      run.abandon();
      next(error);
    },
  );
}

const EMPTY = new Uint8Array(0);

/**
 * At once where it can be: while a reply is not sent, Fastify waits for it with a listener on every event of the
 * response, which costs as much as the rest of the request.
 */
function finish(run: Run, reply: FastifyReply, body: string | Uint8Array | null, payload: unknown, next: Done): void {
  const instead = run.settle({ status: reply.statusCode, headers: headersOf(reply), body });
  if (instead instanceof Promise) void instead.then((other) => send(reply, other, payload, next));
  else send(reply, instead, payload, next);
}

/**
 * What `reply.getHeaders()` gives, without the two copies it makes, which cost as much as the claim. Fastify has the object
 * under a symbol; where there is none of that name, or fields were set on the raw response too, it is asked.
 */
function headersOf(reply: FastifyReply): AnyHeaders {
  if (reply.raw.getHeaderNames().length > 0) return reply.getHeaders();
  ownHeaders ??= Object.getOwnPropertySymbols(reply).find(({ description }) => description === 'fastify.reply.headers');
  const own = ownHeaders === undefined ? undefined : (reply as unknown as Record<symbol, AnyHeaders>)[ownHeaders];
  return own ?? reply.getHeaders();
}

let ownHeaders: symbol | undefined;

function send(reply: FastifyReply, instead: StoredResponse | null, payload: unknown, next: Done): void {
  if (instead === null) return next(null, payload);
  for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name);
  reply.code(instead.status);
  for (const name in instead.headers) reply.header(name, instead.headers[name]);
  next(null, instead.body);
}

/** Node's streams, the web's, and a Response, whose status and fields count; null for what Fastify will refuse. */
function toStream(payload: unknown, reply: FastifyReply): Readable | null {
  if (payload instanceof Response) {
    reply.code(payload.status);
    for (const [name, value] of payload.headers) reply.header(name, value);
    return payload.body === null ? Readable.from([]) : toStream(payload.body, reply);
  }
  if (payload instanceof ReadableStream) return Readable.fromWeb(payload as Parameters<typeof Readable.fromWeb>[0]);
  return typeof (payload as Partial<Readable>).pipe === 'function' ? (payload as Readable) : null;
}

/** Chunks pass as they come; the end waits until the outcome is stored. */
function tee(run: Run, reply: FastifyReply, source: Readable, maxBytes: number): Transform {
  let chunks: Buffer[] = [];
  let bytes = 0;
  run.flows();
  const through = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      else chunks = [];
      callback(null, chunk);
    },
    flush(callback) {
      const body = bytes <= maxBytes ? Buffer.concat(chunks) : null;
      const settling = run.settle({ status: reply.statusCode, headers: reply.getHeaders(), body });
      if (settling instanceof Promise) void settling.then(() => callback());
      else callback();
    },
  });
  // A client that goes away destroys `through`; the source is read on, so that its outcome is stored.
  source.on('error', (error) => {
    run.abandon();
    through.destroy(error);
  });
  through.on('error', () => source.resume());
  return source.pipe(through);
}

/** Reads the stream up to `maxBytes`: `body` when that was all, else `rest`, which begins with what was read. */
async function hold(source: Readable, maxBytes: number): Promise<{ body: Buffer | null; rest: Readable | null }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const iterator = source[Symbol.asyncIterator]() as AsyncIterator<Buffer | string>;
  for (;;) {
    const next = await iterator.next();
    if (next.done === true) return { body: Buffer.concat(chunks), rest: null };
    const chunk = typeof next.value === 'string' ? Buffer.from(next.value) : next.value;
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) return { body: null, rest: Readable.from(chain(chunks, iterator), { objectMode: false }) };
  }
}

async function* chain(
  first: readonly Buffer[],
  iterator: AsyncIterator<Buffer | string>,
): AsyncGenerator<Buffer | string> {
  yield* first;
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
}
