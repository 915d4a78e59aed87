import { once } from 'node:events';
import http, { type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import fastify from 'fastify';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { type Drain, drain } from './drain.ts';
import { ask } from './testing/listen.ts';

/** Express brings no types: what is used of it. */
type ExpressApp = RequestListener & {
  get(path: string, handler: (request: never, response: ServerResponse & { send(body: string): void }) => void): void;
};
const express = createRequire(import.meta.url)('express') as () => ExpressApp;

const QUICK = { signals: false, propagationDelayMs: 200, idleGraceMs: 100, deadlineMs: 20_000 } as const;

interface Running {
  readonly stop: Drain;
  readonly server: Server;
  /** Answers the held request. */
  readonly held: Promise<() => void>;
  close?(): Promise<void>;
}

const FRAMEWORKS: Readonly<Record<string, () => Promise<Running>>> = {
  async fastify() {
    const app = fastify();
    const { hold, held, released } = gate();
    const stop = drain(app.server, QUICK);
    app.get('/slow', async () => {
      hold();
      await released;
      return 'slow';
    });
    app.get('/', async () => 'quick');
    app.get('/ready', (request, reply) => {
      reply.hijack();
      stop.readiness(request.raw, reply.raw);
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { stop, server: app.server, held, close: () => app.close() };
  },
  async express() {
    const app = express();
    const { hold, held, released } = gate();
    const server = http.createServer(app);
    const stop = drain(server, QUICK);
    app.get('/slow', async (_request, response) => {
      hold();
      await released;
      response.send('slow');
    });
    app.get('/ready', stop.readiness);
    app.get('/', (_request, response) => void response.send('quick'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { stop, server, held };
  },
  async hono() {
    const app = new Hono<{ Bindings: { incoming: http.IncomingMessage; outgoing: http.ServerResponse } }>();
    const { hold, held, released } = gate();
    app.get('/slow', async (context) => {
      hold();
      await released;
      return context.text('slow');
    });
    app.get('/', (context) => context.text('quick'));
    app.get('/ready', (context) => context.json({}, stop.state === 'serving' ? 200 : 503));
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
    const stop = drain(server, QUICK);
    await once(server, 'listening');
    return { stop, server, held };
  },
};

describe.each(Object.entries(FRAMEWORKS))('drain of %s', (_, startApp) => {
  it('answers what is in flight and what comes, and loses no connection', async () => {
    const { stop, server, held, close } = await startApp();
    const { port } = server.address() as AddressInfo;
    const agent = new http.Agent({ keepAlive: true });
    expect((await ask(port, { agent, path: '/ready' })).status).toBe(200);
    const slow = ask(port, { agent, path: '/slow' });
    const answerIt = await held;
    expect(await ask(port, { agent })).toMatchObject({ body: 'quick', headers: { connection: 'keep-alive' } });

    const report = stop.start();
    expect(await ask(port, { agent, path: '/ready' })).toMatchObject({ status: 503, headers: { connection: 'close' } });
    expect(await ask(port, { agent })).toMatchObject({ body: 'quick', headers: { connection: 'close' } });
    answerIt();
    expect(await slow).toMatchObject({ body: 'slow', headers: { connection: 'close' } });
    expect(await report).toMatchObject({ cut: [] });
    expect((await report).finished).toBeGreaterThanOrEqual(3);
    await close?.();
    agent.destroy();
  });
});

/** A request that waits until the test lets it go. */
function gate(): { hold: () => void; held: Promise<() => void>; released: Promise<void> } {
  let release: () => void;
  let hold: () => void;
  const released = new Promise<void>((resolve) => (release = resolve));
  const held = new Promise<() => void>((resolve) => (hold = () => resolve(release)));
  return { hold: () => hold(), held, released };
}
