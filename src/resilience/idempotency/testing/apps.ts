/** One small application for every adapter: what the adapters' tests and the examples of failure run against. */
import { once } from 'node:events';
import * as http from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { serve } from '@hono/node-server';
import fastify from 'fastify';
import { Hono } from 'hono';
import { type Idempotency, idempotency } from '../idempotency.ts';
import type { IdempotencyOptions } from '../options.ts';
import type { RequestIdempotency } from '../run.ts';

/** What a handler decides, whatever the framework. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer | readonly Buffer[];
}

/** The body is text; a thrown error is the framework's to answer. */
export type Handle = (request: {
  readonly path: string;
  readonly body: string;
  readonly idempotency: RequestIdempotency | undefined;
}) => Reply | Promise<Reply>;

export interface App {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts one application over `handle`. */
export type Start = (options: IdempotencyOptions, handle: Handle) => Promise<App>;

/** Every framework that is tested. */
export const STARTS: Readonly<Record<string, Start>> = {
  'node:http': startHttp,
  express: startExpress,
  fastify: startFastify,
  hono: startHono,
};

function startHttp(options: IdempotencyOptions, handle: Handle): Promise<App> {
  const listener = make(options).handler(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    await write(response, await handle({ path: request.url!, body, idempotency: request.idempotency }));
  });
  return listen(http.createServer(listener));
}

function startExpress(options: IdempotencyOptions, handle: Handle): Promise<App> {
  const express = createRequire(import.meta.url)('express') as Express;
  const app = express();
  app.use(express.text({ type: () => true }));
  app.use(make(options).express());
  type Parsed = http.IncomingMessage & { body?: unknown; originalUrl: string };
  app.use((request: Parsed, response: http.ServerResponse, next: (error: unknown) => void) => {
    const body = typeof request.body === 'string' ? request.body : '';
    Promise.resolve()
      .then(() => handle({ path: request.originalUrl, body, idempotency: request.idempotency }))
      .then((reply) => write(response, reply))
      .catch(next);
  });
  return listen(http.createServer(app));
}

async function startFastify(options: IdempotencyOptions, handle: Handle): Promise<App> {
  const app = fastify();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  await app.register(make(options).fastify);
  app.all('/*', async (request, reply) => {
    const { idempotency: given } = request as { idempotency?: RequestIdempotency };
    const body = typeof request.body === 'string' ? request.body : '';
    const answer = await handle({ path: request.url, body, idempotency: given });
    reply.code(answer.status).headers(answer.headers ?? {});
    return reply.send(isList(answer.body) ? Readable.from(answer.body) : answer.body);
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    url,
    close: async () => {
      app.server.closeAllConnections();
      await app.close();
    },
  };
}

async function startHono(options: IdempotencyOptions, handle: Handle): Promise<App> {
  const app = new Hono<{ Variables: { idempotency?: RequestIdempotency } }>();
  app.use(make(options).hono());
  app.all('*', async (c) => {
    const { pathname, search } = new URL(c.req.url);
    const body = await c.req.text();
    const answer = await handle({ path: pathname + search, body, idempotency: c.get('idempotency') });
    const headers = new Headers();
    for (const [name, value] of Object.entries(answer.headers ?? {}))
      for (const one of [value].flat()) headers.append(name, one);
    const payload = isList(answer.body) ? Readable.toWeb(Readable.from(answer.body)) : answer.body;
    return new Response((payload ?? null) as ConstructorParameters<typeof Response>[0], {
      status: answer.status,
      headers,
    });
  });
  app.onError((_error, c) => c.text('failed', 500));
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as http.Server;
  if (!server.listening) await once(server, 'listening');
  return toApp(server);
}

/** express brings no types. */
interface Express {
  (): http.RequestListener & { use(middleware: (...args: never[]) => unknown): void };
  text(options: { type: () => boolean }): (...args: never[]) => unknown;
}

function make(options: IdempotencyOptions): Idempotency {
  return idempotency({ onError: () => {}, ...options });
}

async function write(response: http.ServerResponse, { status, headers, body }: Reply): Promise<void> {
  response.writeHead(status, headers);
  if (isList(body)) {
    for (const chunk of body) if (!response.write(chunk)) await once(response, 'drain');
    response.end();
  } else response.end(body);
}

function isList(body: Reply['body']): body is readonly Buffer[] {
  return Array.isArray(body);
}

async function listen(server: http.Server): Promise<App> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return toApp(server);
}

function toApp(server: http.Server): App {
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
