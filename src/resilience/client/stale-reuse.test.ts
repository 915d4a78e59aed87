import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { Agent, type Dispatcher } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';

import type { Attempt } from './attempt.ts';
import { ConnectionError } from './connection-error.ts';
import { type Client, createClient } from './create-client.ts';
import { retry } from './retry.ts';
import { staleReuse } from './stale-reuse.ts';
import { type Origin, reset, startOrigin } from './testing/origin.ts';

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

async function start(tls = false): Promise<{ origin: Origin; client: Client; attempts: Attempt[] }> {
  const origin = await startOrigin((n, _request, response) => response.end(`answer ${n}`), { tls });
  const attempts: Attempt[] = [];
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false }, connections: 1 });
  const client = createClient({
    dispatcher,
    idempotency: false,
    retry: { maxAttempts: 1 },
    onAttempt: (attempt) => attempts.push(attempt),
  });
  undo.push(
    () => origin.close(),
    () => client.destroy(),
  );
  return { origin, client, attempts };
}

async function ask({ dispatcher }: Client, origin: string, method: string, body: string | null): Promise<string> {
  const answer = await dispatcher.request({ origin, path: '/', method, body });
  return answer.body.text();
}

function only(origin: Origin): Socket {
  const [socket] = origin.connections.open;
  return socket!;
}

describe.each(['GET', 'PUT', 'POST'])('%s without retry and without key', (method) => {
  const body = method === 'GET' ? null : 'work';

  it.each(['http', 'https'])(
    'goes out on a new connection when the pooled one was reset while idle (%s)',
    async (kind) => {
      const { origin, client, attempts } = await start(kind === 'https');
      await ask(client, origin.url, method, body);
      const socket = only(origin) as Socket & { _parent?: Socket };
      // The same tick: the client cannot have heard of it.
      (socket._parent ?? socket).resetAndDestroy();
      expect(await ask(client, origin.url, method, body)).toBe('answer 2');
      expect(origin.seen).toHaveLength(2);
      expect(attempts.at(-1)).toMatchObject({ sent: 'yes', status: 200 });
    },
  );

  it.each(['http', 'https'])('goes out on a new connection when the first write already fails (%s)', async (kind) => {
    const { origin, client, attempts } = await start(kind === 'https');
    await ask(client, origin.url, method, body);
    const socket = only(origin) as Socket & { _parent?: Socket };
    const answer = new Promise<string>((resolve, reject) => {
      let text = '';
      let started = false;
      client.dispatcher.dispatch(
        { origin: origin.url, path: '/', method, body },
        {
          onConnect: () => {
            // undici has chosen the connection and writes right after this call.
            if (!started) (socket._parent ?? socket).resetAndDestroy();
            started = true;
          },
          onHeaders: () => true,
          onData: (chunk) => ((text += chunk.toString()), true),
          onComplete: () => resolve(text),
          onError: reject,
        },
      );
    });
    expect(await answer).toBe('answer 2');
    expect(origin.seen).toHaveLength(2);
    expect(attempts[1]).toMatchObject({ n: 1, sent: 'no', reused: true, phase: 'idle' });
  });
});

it('does not send a POST again that the kernel took', async () => {
  let cut: 'fin' | 'rst' | null = null;
  const origin = await startOrigin((n, request, response) => {
    if (cut === null) response.end(`answer ${n}`);
    else if (cut === 'fin') request.socket.end();
    else request.socket.resetAndDestroy();
  });
  const client = createClient({ idempotency: false, retry: { maxAttempts: 5, minDelayMs: 1 } });
  undo.push(
    () => origin.close(),
    () => client.destroy(),
  );
  await ask(client, origin.url, 'POST', 'work');
  for (cut of ['fin', 'rst'] as const) {
    const before = origin.seen.length;
    const error = await ask(client, origin.url, 'POST', 'work').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ code: 'ERR_FIRSTHAND_MAYBE_EXECUTED', execution: 'maybe-executed' });
    expect((error as ConnectionError).attempts.at(-1)).toMatchObject({ sent: 'yes' });
    expect(origin.seen).toHaveLength(before + 1);
  }
});

it('empties a pool that died as a whole without using up attempts', async () => {
  const { origin, client } = await (async () => {
    const server = await startOrigin((_n, _request, response) => response.end('ok'));
    const made = createClient({ idempotency: false, retry: { maxAttempts: 1 } });
    undo.push(
      () => server.close(),
      () => made.destroy(),
    );
    return { origin: server, client: made };
  })();
  await Promise.all(Array.from({ length: 8 }, () => ask(client, origin.url, 'POST', 'work')));
  expect(origin.connections.count).toBeGreaterThan(1);
  for (const socket of origin.connections.open) socket.resetAndDestroy();
  const again = await Promise.all(Array.from({ length: 8 }, () => ask(client, origin.url, 'POST', 'work')));
  expect(again).toHaveLength(8);
  expect(origin.seen).toHaveLength(16);
});

it('alone leaves every other failure as undici gave it', async () => {
  const origin = await startOrigin((_n, request) => request.socket.resetAndDestroy());
  const dispatcher = new Agent().compose(staleReuse());
  undo.push(
    () => origin.close(),
    () => dispatcher.destroy(),
  );
  const failed = dispatcher.request({ origin: origin.url, path: '/', method: 'GET' });
  await expect(failed).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(origin.seen).toHaveLength(1);
});

it('alone replaces a stale connection under a POST', async () => {
  const origin = await startOrigin((n, _request, response) => response.end(`answer ${n}`));
  const dispatcher = new Agent().compose(staleReuse());
  undo.push(
    () => origin.close(),
    () => dispatcher.destroy(),
  );
  const post = async (): Promise<string> => {
    const answer = await dispatcher.request({ origin: origin.url, path: '/', method: 'POST', body: 'work' });
    return answer.body.text();
  };
  await post();
  only(origin).resetAndDestroy();
  expect(await post()).toBe('answer 2');
});

describe.each(['http', 'https'])('a connection over %s that is reset in the middle of a request body', (kind) => {
  it.each([
    ['a Blob', () => new Blob([Buffer.alloc(8_000_000)])],
    ['a function', () => () => Readable.from(Array.from({ length: 128 }, () => Buffer.alloc(65_536)))],
  ])('does not let %s be sent again', async (_name, body) => {
    const { origin, client } = await start(kind === 'https');
    const begun = resetInBody(origin);
    const error = await client.dispatcher
      .request({ origin: origin.url, path: '/', method: 'POST', body: body() as never })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ERR_FIRSTHAND_MAYBE_EXECUTED', execution: 'maybe-executed' });
    expect(begun.count).toBe(1);
  });

  it('tells a large body that left in part from one that left whole', async () => {
    const { origin, client } = await start(kind === 'https');
    resetInBody(origin);
    const body = Buffer.alloc(32 * 1024 * 1024);
    const error = await client.dispatcher
      .request({ origin: origin.url, path: '/', method: 'POST', body })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ERR_FIRSTHAND_MAYBE_EXECUTED' });
    expect((error as ConnectionError).attempts).toMatchObject([{ sent: 'partly', phase: 'request' }]);
  });
});

/** From now on the server resets at the first bytes of each body. */
function resetInBody({ server }: Origin): { count: number } {
  const begun = { count: 0 };
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage) => {
    begun.count++;
    request.on('error', () => {});
    request.once('data', () => reset(request));
  });
  return begun;
}

it('knows of a failed first write above another interceptor too, from the second request on', async () => {
  const origin = await startOrigin((n, _request, response) => response.end(`answer ${n}`));
  let beforeWrite: (() => void) | null = null;
  const watching: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart(controller, context) {
        handler.onRequestStart?.(controller, context);
        beforeWrite?.();
      },
      onResponseStart: (...args) => handler.onResponseStart?.(...args),
      onResponseData: (...args) => handler.onResponseData?.(...args),
      onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
      onResponseError: (...args) => handler.onResponseError?.(...args),
    });
  const dispatcher = new Agent().compose(watching, staleReuse());
  undo.push(
    () => origin.close(),
    () => dispatcher.destroy(),
  );
  const post = async (): Promise<string> => {
    const answer = await dispatcher.request({ origin: origin.url, path: '/', method: 'POST', body: 'work' });
    return answer.body.text();
  };
  await post();
  const socket = only(origin);
  beforeWrite = () => {
    beforeWrite = null;
    socket.resetAndDestroy();
  };
  expect(await post()).toBe('answer 2');
  expect(origin.seen).toHaveLength(2);
});

/** Hands everything on, as the interceptors of undici do. */
const passing: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
  dispatch(options, {
    onRequestStart: (...args) => handler.onRequestStart?.(...args),
    onResponseStart: (...args) => handler.onResponseStart?.(...args),
    onResponseData: (...args) => handler.onResponseData?.(...args),
    onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
    onResponseError: (...args) => handler.onResponseError?.(...args),
  });

const once = { minDelayMs: 1, maxAttempts: 4 };
const agent = (): Dispatcher => new Agent({ connections: 1 });

describe.each([
  ['staleReuse around retry', () => agent().compose(retry(once), staleReuse())],
  ['retry around staleReuse', () => agent().compose(staleReuse(), retry(once))],
  ['retry around an interceptor around staleReuse', () => agent().compose(staleReuse(), passing, retry(once))],
  [
    'a client in a client',
    () =>
      createClient({
        idempotency: false,
        retry: once,
        dispatcher: createClient({ idempotency: false, retry: once, dispatcher: agent() }).dispatcher,
      }).dispatcher,
  ],
])('%s', (_name, make) => {
  async function startBoth(second: 'answer' | 'reset'): Promise<{ origin: Origin; post: () => Promise<string> }> {
    const origin = await startOrigin((n, request, response) => {
      if (n === 1 || second === 'answer') response.end(`answer ${n}`);
      else reset(request);
    });
    const dispatcher = make();
    undo.push(
      () => origin.close(),
      () => dispatcher.destroy(),
    );
    let begun = 0;
    let beforeWrite: (() => void) | null = null;
    const post = async (): Promise<string> =>
      new Promise((resolve, reject) => {
        let text = '';
        dispatcher.dispatch(
          { origin: origin.url, path: '/', method: 'POST', body: 'work' },
          {
            onConnect: () => beforeWrite?.(),
            onHeaders: () => true,
            onData: (chunk) => ((text += chunk.toString()), true),
            onComplete: () => resolve(text),
            onError: reject,
          },
        );
      });
    await post();
    const socket = only(origin);
    // undici has chosen the connection and writes right after this call.
    beforeWrite = () => {
      if (begun++ === 0) socket.resetAndDestroy();
    };
    return { origin, post };
  }

  it('replaces a connection whose first write fails', async () => {
    const { origin, post } = await startBoth('answer');
    expect(await post()).toBe('answer 2');
    expect(origin.seen).toHaveLength(2);
  });

  it('does not send a POST again that left over the second one', async () => {
    const { origin, post } = await startBoth('reset');
    await expect(post()).rejects.toThrow();
    expect(origin.seen).toHaveLength(2);
  });
});
