import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';

import { ConnectionError } from './connection-error.ts';
import { type Client, type ClientOptions, createClient } from './create-client.ts';
import { installGlobalFetch } from './install-global-fetch.ts';
import { type Answer, type Origin, reset, startOrigin } from './testing/origin.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

async function start(answer: Answer, options: ClientOptions = {}): Promise<{ origin: Origin; client: Client }> {
  const origin = await startOrigin(answer);
  const client = createClient({ retry: { minDelayMs: 1 }, ...options });
  undo.push(
    () => origin.close(),
    () => client.destroy(),
  );
  return { origin, client };
}

const failOnce: Answer = (n, request, response) => {
  if (n === 1) reset(request);
  else response.end(`answer ${n}`);
};

const form = (): FormData => {
  const made = new FormData();
  made.set('field', 'work');
  return made;
};

describe('bodies that are sent again as they were', () => {
  it.each([
    ['a string', () => 'work'],
    ['bytes', () => new TextEncoder().encode('work')],
    ['an ArrayBuffer', () => new TextEncoder().encode('work').buffer],
    ['URLSearchParams', () => new URLSearchParams({ field: 'work' })],
    ['a Blob', () => new Blob(['work'])],
    ['a form', form],
    ['a function', () => () => Readable.from([Buffer.from('work')])],
  ])('%s', async (_name, body) => {
    const { origin, client } = await start(failOnce);
    const answer = await client.fetch(origin.url, { method: 'POST', body: body() as never });
    expect(await answer.text()).toBe('answer 2');
    expect(origin.seen[0]!.body).toContain('work');
    expect(origin.seen[1]!.body).toBe(origin.seen[0]!.body);
    expect(origin.seen[1]!.key).toBe(origin.seen[0]!.key);
    expect(origin.seen[0]!.key).toBeDefined();
  });

  it('a Request', async () => {
    const { origin, client } = await start(failOnce);
    const answer = await client.fetch(new Request(origin.url, { method: 'POST', body: 'work' }));
    expect(answer).toBeInstanceOf(Response);
    expect(origin.seen.map(({ body }) => body)).toEqual(['work', 'work']);
  });
});

it('replays the string of a fetch that was only given the dispatcher', async () => {
  const { origin, client } = await start(failOnce);
  const init = { method: 'POST', body: 'work', dispatcher: client.dispatcher };
  expect(await (await fetch(origin.url, init as object)).text()).toBe('answer 2');
  expect(origin.seen.map(({ body }) => body)).toEqual(['work', 'work']);
});

const blob = (): Blob => new Blob(['x'.repeat(1_000_000)]);

describe('while a body is collected', () => {
  it('close waits for the answer', async () => {
    const { origin, client } = await start((_n, _request, response, body) => response.end(`${body.length} bytes`));
    const answer = client.fetch(origin.url, { method: 'POST', body: blob() });
    const closed = client.close();
    expect(await (await answer).text()).toBe('1000000 bytes');
    await closed;
  });

  it('destroy ends it', async () => {
    const { origin, client } = await start((_n, _request, response) => response.end());
    const answer = client.fetch(origin.url, { method: 'POST', body: blob() }).catch((error: unknown) => error);
    await client.destroy(new Error('enough'));
    expect(await answer).toMatchObject({ cause: { message: 'enough' } });
    expect(origin.seen).toHaveLength(0);
  });
});

it('a stream goes out once and the error says what would help', async () => {
  const { origin, client } = await start(failOnce);
  const body = new Blob(['work']).stream();
  const error = await client.fetch(origin.url, { method: 'POST', body, duplex: 'half' }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(TypeError);
  expect((error as Error).cause).toMatchObject({ code: 'ERR_FIRSTHAND_BODY_NOT_REPLAYABLE' });
  expect(origin.seen).toHaveLength(1);
});

it('rejects as fetch does, with the ConnectionError as cause', async () => {
  const { origin, client } = await start((_n, request) => reset(request), { idempotency: false });
  const error = await client.fetch(origin.url, { method: 'POST', body: 'work' }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TypeError);
  expect((error as Error).message).toBe('fetch failed');
  expect((error as Error).cause).toBeInstanceOf(ConnectionError);
  expect(origin.seen).toHaveLength(1);
});

describe('redirects', () => {
  it('keep the key within the origin and drop it elsewhere', async () => {
    const elsewhere = await startOrigin((_n, _request, response) => response.end('there'));
    undo.push(() => elsewhere.close());
    const { origin, client } = await start((n, _request, response) => {
      const location = n === 1 ? '/again' : elsewhere.url;
      response.writeHead(307, { location }).end();
    });
    const answer = await client.fetch(origin.url, { method: 'POST', body: 'work' });
    expect(await answer.text()).toBe('there');
    expect(origin.seen[0]!.key).toBeDefined();
    expect(origin.seen[1]!.key).toBe(origin.seen[0]!.key);
    expect(elsewhere.seen).toMatchObject([{ key: undefined, body: 'work' }]);
  });
});

it('an AbortSignal ends a fetch that waits between two attempts', async () => {
  const controller = new AbortController();
  const retry = { minDelayMs: 1_000_000, maxDelayMs: 1_000_000, jitter: 'none' } as const;
  const { origin, client } = await start((_n, request) => reset(request), {
    retry,
    onAttempt: () => queueMicrotask(() => controller.abort()),
  });
  await expect(client.fetch(origin.url, { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
  await client.close();
});

it('installGlobalFetch is undone, and leaves what others installed later', async () => {
  const before = globalThis.fetch;
  const { origin, client } = await start(failOnce);
  const back = installGlobalFetch(client);
  undo.push(() => (globalThis.fetch = before));
  expect(await (await fetch(origin.url, { method: 'POST', body: 'work' })).text()).toBe('answer 2');
  back();
  expect(globalThis.fetch).toBe(before);
  const again = installGlobalFetch(client);
  const other: typeof fetch = (...args) => before(...args);
  globalThis.fetch = other;
  again();
  expect(globalThis.fetch).toBe(other);
});
