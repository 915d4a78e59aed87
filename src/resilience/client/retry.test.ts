import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { Readable } from 'node:stream';
import { Agent, type Dispatcher, MockAgent } from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { attemptChannel } from './policy.ts';
import type { Attempt } from './attempt.ts';
import { retryBudget } from './budget.ts';
import { type Client, type ClientOptions, createClient } from './create-client.ts';
import { idempotencyKey } from './idempotency-key.ts';
import { retry } from './retry.ts';
import { type Answer, type Origin, reset, startOrigin } from './testing/origin.ts';

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

async function start(answer: Answer, options: ClientOptions = {}): Promise<{ origin: Origin; client: Client }> {
  const origin = await startOrigin(answer);
  const client = createClient({
    idempotency: false,
    ...options,
    retry: { minDelayMs: 1, budget: false, ...options.retry },
  });
  undo.push(
    () => origin.close(),
    () => client.destroy(),
  );
  return { origin, client };
}

async function ask(
  { dispatcher }: Client,
  origin: string,
  more: object = {},
): Promise<{ status: number; text: string }> {
  const answer = await dispatcher.request({ origin, path: '/', method: 'GET', ...more });
  return { status: answer.statusCode, text: await answer.body.text() };
}

const failTwice: Answer = (n, request, response) => {
  if (n <= 2) reset(request);
  else response.end(`answer ${n}`);
};

describe('a connection that is reset after the request arrived', () => {
  it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])('%s is sent again', async (method) => {
    const { origin, client } = await start(failTwice);
    expect((await ask(client, origin.url, { method })).status).toBe(200);
    expect(origin.seen).toHaveLength(3);
  });

  it.each(['POST', 'PATCH'])('%s without a key is executed once and fails', async (method) => {
    const { origin, client } = await start(failTwice);
    const error = await ask(client, origin.url, { method, body: 'work' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ERR_FIRSTHAND_MAYBE_EXECUTED', retry: 'safe-with-idempotency-key' });
    expect(origin.seen).toHaveLength(1);
  });

  it('POST with a key is sent again with the same key and body', async () => {
    const { origin, client } = await start(failTwice, { idempotency: {} });
    expect((await ask(client, origin.url, { method: 'POST', body: 'work' })).text).toBe('answer 3');
    expect(new Set(origin.seen.map(({ key }) => key)).size).toBe(1);
    expect(origin.seen[0]!.key).toMatch(/^"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$/);
    expect(origin.seen.map(({ body }) => body)).toEqual(['work', 'work', 'work']);
  });

  it('gives two operations two keys, and keeps a key that the caller set', async () => {
    const { origin, client } = await start((_n, _request, response) => response.end(), { idempotency: {} });
    await ask(client, origin.url, { method: 'POST', body: 'a' });
    await ask(client, origin.url, { method: 'POST', body: 'b' });
    await ask(client, origin.url, { method: 'POST', body: 'c', headers: { 'IDEMPOTENCY-KEY': '"mine"' } });
    const keys = origin.seen.map(({ key }) => key);
    expect(new Set(keys).size).toBe(3);
    expect(keys[2]).toBe('"mine"');
  });

  it('a header of another name counts as a key once it was configured', async () => {
    const { origin, client } = await start(failTwice, { idempotency: { header: 'X-Once' } });
    expect((await ask(client, origin.url, { method: 'POST', body: 'work' })).status).toBe(200);
    expect(new Set(origin.seen.map(({ headers }) => headers['x-once'])).size).toBe(1);
  });
});

it('retries refused connections for any method and says that nothing was executed', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const attempts: Attempt[] = [];
  const client = createClient({
    idempotency: false,
    retry: { minDelayMs: 1, maxAttempts: 3 },
    onAttempt: (attempt) => attempts.push(attempt),
  });
  undo.push(() => client.destroy());
  const error = await ask(client, `http://127.0.0.1:${port}`, { method: 'POST', body: 'work' }).catch(
    (e: unknown) => e,
  );
  expect(error).toMatchObject({ code: 'ERR_FIRSTHAND_RETRIES_EXHAUSTED', execution: 'not-executed', retry: 'safe' });
  expect(attempts).toMatchObject([1, 2, 3].map((n) => ({ n, phase: 'connect', sent: 'no', reused: false })));
  expect(attempts[1]!.attributes).toEqual({
    'http.request.method': 'POST',
    'http.request.resend_count': 1,
    'server.address': '127.0.0.1',
    'server.port': port,
    'url.scheme': 'http',
    'error.type': 'ECONNREFUSED',
  });
});

const after =
  (value: string | null, status = 503): Answer =>
  (n, _request, response) => {
    if (n > 1) response.end('done');
    else response.writeHead(status, value === null ? {} : { 'retry-after': value }).end('later');
  };

describe('answers that ask for patience', () => {
  it.each([null, '0', new Date(0).toUTCString()])('GET is asked again after 503 with Retry-After %s', async (value) => {
    const { origin, client } = await start(after(value));
    expect(await ask(client, origin.url)).toEqual({ status: 200, text: 'done' });
    expect(origin.seen).toHaveLength(2);
  });

  it('never asks earlier than the server said, whatever the own longest wait is', async () => {
    // Sockets and the timers of undici stay real; only the wait itself is cut short.
    const waitsMs: number[] = [];
    const real = globalThis.setTimeout;
    const fast = (then: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): NodeJS.Timeout => {
      if (ms === undefined || Math.abs(ms - 25_000) > 1000) return real(then, ms, ...args);
      waitsMs.push(ms);
      return real(then, 0, ...args);
    };
    const timer = vi.spyOn(globalThis, 'setTimeout').mockImplementation(fast as typeof setTimeout);
    undo.push(async () => timer.mockRestore());
    const { origin, client } = await start(after('25'), { retry: { maxDelayMs: 5 } });
    expect((await ask(client, origin.url)).status).toBe(200);
    expect(waitsMs).toHaveLength(1);
    expect(waitsMs[0]).toBeGreaterThan(25_000);
  });

  it('hands the answer over at once when the wait does not fit the deadline', async () => {
    const { origin, client } = await start(after('30'), { retry: { deadlineMs: 20_000 } });
    expect(await ask(client, origin.url)).toEqual({ status: 503, text: 'later' });
    expect(origin.seen).toHaveLength(1);
  });

  it('hands a POST without a key its 503, and asks again with a key', async () => {
    const { origin, client } = await start(after('0'));
    expect((await ask(client, origin.url, { method: 'POST', body: 'a' })).status).toBe(503);
    const keyed = await start(after('0', 429), { idempotency: {} });
    expect((await ask(keyed.client, keyed.origin.url, { method: 'POST', body: 'a' })).status).toBe(200);
  });

  it('hands over the last answer when the attempts are used up', async () => {
    const { origin, client } = await start((_n, _request, response) => response.writeHead(503).end('down'));
    expect(await ask(client, origin.url)).toEqual({ status: 503, text: 'down' });
    expect(origin.seen).toHaveLength(4);
  });

  it('asks a POST with a key again after 409 with Retry-After, and takes any other 409 for the answer', async () => {
    const inProgress = await start(after('0', 409), { idempotency: {} });
    expect((await ask(inProgress.client, inProgress.origin.url, { method: 'POST', body: 'a' })).status).toBe(200);
    const conflict = await start(after(null, 409), { idempotency: {} });
    expect((await ask(conflict.client, conflict.origin.url, { method: 'POST', body: 'a' })).status).toBe(409);
    for (const method of ['POST', 'PUT']) {
      const unkeyed = await start(after('0', 409));
      expect((await ask(unkeyed.client, unkeyed.origin.url, { method, body: 'a' })).status).toBe(409);
    }
  });

  it('goes on when the answer that is thrown away does not end', async () => {
    const { origin, client } = await start((n, _request, response) => {
      if (n > 1) response.end('done');
      else response.writeHead(503, { 'retry-after': '0', 'content-length': '100' }).write('x');
    });
    expect(await ask(client, origin.url)).toEqual({ status: 200, text: 'done' });
  });

  it('gives up an answer that is too long to be read for nothing, not the request', async () => {
    const { origin, client } = await start((n, _request, response) => {
      if (n === 1) response.writeHead(503).end(Buffer.alloc(1_000_000));
      else response.end('done');
    });
    expect(await ask(client, origin.url)).toEqual({ status: 200, text: 'done' });
  });
});

describe('limits', () => {
  it('the budget ends retries of an outage', async () => {
    const budget = retryBudget({ ratio: 0, perSecond: 0, capacity: 2 });
    const { origin, client } = await start((_n, request) => reset(request), { retry: { budget, maxAttempts: 50 } });
    const error = await ask(client, origin.url).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ERR_FIRSTHAND_BUDGET' });
    expect(origin.seen).toHaveLength(3);
  });

  it('the deadline ends an attempt that hangs, and a wait that cannot fit is not begun', async () => {
    const { origin, client } = await start(() => {}, { retry: { deadlineMs: 100 } });
    const hung = await ask(client, origin.url, { method: 'POST', body: 'a' }).catch((thrown: unknown) => thrown);
    expect(hung).toMatchObject({ code: 'ERR_FIRSTHAND_DEADLINE', execution: 'maybe-executed' });
    const late = await start((_n, request) => reset(request), {
      retry: { deadlineMs: 10_000, minDelayMs: 20_000, jitter: 'none' },
    });
    const error = await ask(late.client, late.origin.url).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ERR_FIRSTHAND_DEADLINE' });
    expect(late.origin.seen).toHaveLength(1);
  });

  it('a signal ends a wait at once, the request’s own and the client’s', async () => {
    const waiting = { minDelayMs: 1_000_000, maxDelayMs: 1_000_000, jitter: 'none' } as const;
    for (const whose of ['request', 'client']) {
      const controller = new AbortController();
      const { signal } = controller;
      let heard: () => void;
      const first = new Promise<void>((resolve) => (heard = resolve));
      const { origin, client } = await start((_n, request) => reset(request), {
        retry: { ...waiting, ...(whose === 'client' ? { signal } : {}) },
        onAttempt: () => heard(),
      });
      const answer = ask(client, origin.url, whose === 'request' ? { signal } : {});
      await first;
      controller.abort(new Error('enough'));
      await expect(answer).rejects.toThrow('enough');
      expect(origin.seen).toHaveLength(1);
    }
  });

  it('close waits for operations between two attempts', async () => {
    let closed: Promise<void> | null = null;
    const { origin, client } = await start(
      (n, request, response) => {
        if (n === 1) reset(request);
        else response.end('done');
      },
      { onAttempt: () => (closed ??= client.close()) },
    );
    expect((await ask(client, origin.url)).text).toBe('done');
    await closed;
    await expect(ask(client, origin.url)).rejects.toMatchObject({ code: 'UND_ERR_CLOSED' });
  });
});

const stream = (): Readable => Readable.from([Buffer.from('wo'), Buffer.from('rk')]);

describe('bodies', () => {
  it('a stream that was read is not sent again', async () => {
    const { origin, client } = await start(failTwice, { idempotency: {} });
    const error = await ask(client, origin.url, { method: 'PUT', body: stream() }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ERR_FIRSTHAND_BODY_NOT_REPLAYABLE' });
    expect(origin.seen).toHaveLength(1);
  });

  it('a function gives a new stream to each attempt', async () => {
    const { origin, client } = await start(failTwice, { idempotency: {} });
    expect((await ask(client, origin.url, { method: 'POST', body: stream as never })).status).toBe(200);
    expect(origin.seen.map(({ body }) => body)).toEqual(['work', 'work', 'work']);
  });
});

it('the interceptors work alone on any dispatcher, one key for all tries', async () => {
  const origin = await startOrigin(failTwice);
  const dispatcher = new Agent().compose(retry({ minDelayMs: 1 }), idempotencyKey());
  undo.push(
    () => origin.close(),
    () => dispatcher.destroy(),
  );
  const answer = await dispatcher.request({ origin: origin.url, path: '/', method: 'POST', body: 'work' });
  expect(await answer.body.text()).toBe('answer 3');
  expect(new Set(origin.seen.map(({ key }) => key)).size).toBe(1);
});

it('publishes attempts on the diagnostics channel', async () => {
  const heard: unknown[] = [];
  const listen = (message: unknown): void => void heard.push(message);
  attemptChannel.subscribe(listen);
  const { origin, client } = await start((_n, _request, response) => response.end('ok'));
  await ask(client, origin.url);
  attemptChannel.unsubscribe(listen);
  expect(heard).toMatchObject([{ attempt: { n: 1, status: 200 } }]);
});

it('leaves no listener behind on a connection that carries many requests', async () => {
  const { origin, client } = await start((_n, _request, response) => response.end('ok'));
  let sockets = 0;
  client.dispatcher.on('connect', () => sockets++);
  const warnings: Error[] = [];
  const warn = (warning: Error): void => void warnings.push(warning);
  process.on('warning', warn);
  for (let n = 0; n < 200; n++) await ask(client, origin.url, { method: 'POST', body: Buffer.alloc(100_000) });
  await new Promise(setImmediate);
  process.off('warning', warn);
  expect(warnings).toEqual([]);
  // undici reuses a connection only a turn after its answer ended.
  expect(sockets).toBeLessThanOrEqual(2);
});

describe('what is thrown while an attempt begins', () => {
  it('by a body factory on a later attempt rejects and says that the first may have been executed', async () => {
    const { origin, client } = await start((_n, request) => reset(request), { idempotency: {} });
    let asked = 0;
    const body = (): Readable => {
      if (++asked > 1) throw new Error('the file is gone');
      return stream();
    };
    await expect(ask(client, origin.url, { method: 'POST', body })).rejects.toMatchObject({
      code: 'ERR_FIRSTHAND_BODY_NOT_REPLAYABLE',
      execution: 'maybe-executed',
      cause: { message: 'the file is gone' },
    });
    await client.close();
  });

  it.each([1, 2])('by an inner interceptor on attempt %i rejects', async (failing) => {
    const origin = await startOrigin((_n, request) => reset(request));
    let n = 0;
    const throwing: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
      if (++n === failing) throw new Error('broken interceptor');
      return dispatch(options, handler);
    };
    const client = createClient({ dispatcher: new Agent().compose(throwing), retry: { minDelayMs: 1 } });
    undo.push(
      () => origin.close(),
      () => client.destroy(),
    );
    await expect(ask(client, origin.url)).rejects.toThrow('broken interceptor');
    // It counts as ended.
    await client.close();
  });
});

it('waits for a Unix socket that is not there yet, whatever the method', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'firsthand-unix-'));
  const socketPath = path.join(folder, 'server');
  const server = createHttpServer((_request, response) => response.end('there'));
  const attempts: Attempt[] = [];
  const client = createClient({
    dispatcher: new Agent({ connect: { socketPath } }),
    idempotency: false,
    retry: { minDelayMs: 20, jitter: 'none', maxAttempts: 20 },
    onAttempt: (attempt) => {
      if (attempts.push(attempt) === 1) server.listen(socketPath);
    },
  });
  undo.push(
    async () => rmSync(folder, { recursive: true }),
    async () => server.close(),
    () => client.destroy(),
  );
  expect((await ask(client, 'http://localhost', { method: 'POST', body: 'work' })).text).toBe('there');
  expect(attempts[0]).toMatchObject({ phase: 'connect', sent: 'no', error: { code: 'ENOENT' } });
});

it('takes nothing for unsent that failed where it cannot be known', async () => {
  const dispatcher = new MockAgent();
  dispatcher.disableNetConnect();
  const pool = dispatcher.get('http://x.test');
  const error = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
  pool.intercept({ path: '/', method: 'POST' }).replyWithError(error);
  pool.intercept({ path: '/', method: 'POST' }).reply(200, 'sent twice');
  const client = createClient({ dispatcher, idempotency: false, retry: { minDelayMs: 1 } });
  undo.push(() => client.close());
  await expect(ask(client, 'http://x.test', { method: 'POST', body: 'x' })).rejects.toMatchObject({
    code: 'ERR_FIRSTHAND_MAYBE_EXECUTED',
    attempts: [{ sent: 'yes', phase: 'response' }],
  });
});
