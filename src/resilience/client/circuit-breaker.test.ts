import { Agent } from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { circuitBreaker } from './circuit-breaker.ts';
import { type Client, createClient } from './create-client.ts';
import { type Origin, reset, startOrigin } from './testing/origin.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const each of undo.splice(0).reverse()) await each();
});

it('opens after failures in a row, sends nothing while open, closes after a probe that is answered', async () => {
  let broken = true;
  const origin = await startOrigin((_n, request, response) => {
    if (broken) reset(request);
    else response.end('ok');
  });
  const client = createClient({ retry: false, breaker: { consecutiveFailures: 3, halfOpenAfterMs: 60_000 } });
  undo.push(
    () => origin.close(),
    () => client.destroy(),
  );
  const ask = (): Promise<string> => client.fetch(origin.url).then((answer) => answer.text());
  // The circuit goes by the clock alone; the timers stay real, because the sockets are.
  vi.useFakeTimers({ toFake: ['Date'] });
  for (let n = 0; n < 3; n++) await expect(ask()).rejects.toThrow();
  await expect(ask()).rejects.toMatchObject({
    cause: { code: 'ERR_FIRSTHAND_CIRCUIT_OPEN', execution: 'not-executed', attempts: [{ sent: 'no' }] },
  });
  expect(origin.seen).toHaveLength(3);
  broken = false;
  vi.setSystemTime(Date.now() + 59_999);
  await expect(ask()).rejects.toMatchObject({ cause: { code: 'ERR_FIRSTHAND_CIRCUIT_OPEN' } });
  vi.setSystemTime(Date.now() + 1);
  expect(await Promise.all([ask(), ask(), ask()])).toEqual(['ok', 'ok', 'ok']);
});

it('holds retries back until the probe instead of burning attempts', async () => {
  const origin = await startOrigin((n, request, response) => {
    if (n <= 2) reset(request);
    else response.end('ok');
  });
  const client = createClient({
    retry: { minDelayMs: 1, maxAttempts: 4 },
    breaker: { consecutiveFailures: 2, halfOpenAfterMs: 20 },
  });
  undo.push(
    () => origin.close(),
    () => client.destroy(),
  );
  expect(await (await client.fetch(origin.url)).text()).toBe('ok');
  expect(origin.seen).toHaveLength(3);
});

it('stays shut while quick failures overtake slow answers, until they are more than those', async () => {
  const waiting: (() => void)[] = [];
  const origin = await startOrigin((n, request, response) => {
    if (n <= 8) waiting.push(() => response.end('ok'));
    else reset(request);
  });
  const client = createClient({ retry: false, breaker: { consecutiveFailures: 3, halfOpenAfterMs: 60_000 } });
  undo.push(
    () => origin.close(),
    () => client.destroy(),
  );
  const ask = (): Promise<string> => client.fetch(origin.url).then((answer) => answer.text());
  const slow = Array.from({ length: 8 }, ask);
  await vi.waitUntil(() => waiting.length === 8);
  for (let n = 0; n < 8; n++) await expect(ask()).rejects.toMatchObject({ cause: { execution: 'maybe-executed' } });
  await expect(ask()).rejects.toMatchObject({ cause: { code: 'ERR_FIRSTHAND_CIRCUIT_OPEN' } });
  expect(origin.seen).toHaveLength(16);
  for (const answer of waiting) answer();
  expect(await Promise.all(slow)).toEqual(Array.from({ length: 8 }, () => 'ok'));
});

it('does not count among those that wait what was answered, cancelled or has failed', async () => {
  const origin = await startOrigin((n, request, response) => {
    if (n <= 5) response.writeHead(200).write('endless');
    else if (n > 10) reset(request);
  });
  const client = createClient({ retry: false, breaker: { consecutiveFailures: 3, halfOpenAfterMs: 60_000 } });
  undo.push(
    () => origin.close(),
    () => client.destroy(),
  );
  for (let n = 0; n < 5; n++) await client.fetch(origin.url);
  const controller = new AbortController();
  const cancelled = Array.from({ length: 5 }, () => client.fetch(origin.url, { signal: controller.signal }));
  const ended = Promise.allSettled(cancelled);
  await vi.waitUntil(() => origin.seen.length === 10);
  controller.abort();
  await ended;
  const ask = (): Promise<unknown> => client.fetch(origin.url).catch((error: unknown) => error);
  for (let n = 0; n < 3; n++) await ask();
  expect(await ask()).toMatchObject({ cause: { code: 'ERR_FIRSTHAND_CIRCUIT_OPEN' } });
  expect(origin.seen).toHaveLength(13);
});

it('keeps one circuit for each origin, and stays shut when the caller aborts', async () => {
  const bad = await startOrigin((_n, request) => reset(request));
  const good = await startOrigin((_n, _request, response) => response.end('ok'));
  const dispatcher = new Agent().compose(circuitBreaker({ consecutiveFailures: 1 }));
  undo.push(
    () => bad.close(),
    () => good.close(),
    () => dispatcher.destroy(),
  );
  const ask = async (origin: string): Promise<string> =>
    (await dispatcher.request({ origin, path: '/', method: 'GET' })).body.text();
  await expect(ask(bad.url)).rejects.toMatchObject({ code: 'ECONNRESET' });
  await expect(ask(bad.url)).rejects.toMatchObject({ code: 'ERR_FIRSTHAND_CIRCUIT_OPEN' });
  expect(await ask(good.url)).toBe('ok');
  expect(bad.seen).toHaveLength(1);
});

describe('the probe', () => {
  type Listener = Parameters<typeof startOrigin>[0];

  /** A client whose circuit has opened and whose next attempt is the probe; `answer` hears of requests from there on. */
  async function opened(answer: Listener, halfOpenAfterMs: number): Promise<{ origin: Origin; client: Client }> {
    const origin = await startOrigin((n, request, response, body) => {
      if (n <= 2) response.writeHead(503).end();
      else answer(n - 2, request, response, body);
    });
    const client = createClient({ retry: false, breaker: { consecutiveFailures: 2, halfOpenAfterMs } });
    undo.push(
      () => origin.close(),
      () => client.destroy(),
    );
    vi.useFakeTimers({ toFake: ['Date'] });
    for (let n = 0; n < 2; n++) await (await client.fetch(origin.url)).text();
    vi.setSystemTime(Date.now() + halfOpenAfterMs);
    return { origin, client };
  }

  it('is over with the head of the answer, however long the body takes', async () => {
    const { origin, client } = await opened((n, _request, response) => {
      if (n === 1) response.writeHead(200).write('data: 1\n\n');
      else response.end('ok');
    }, 60_000);
    const events = await client.fetch(origin.url);
    expect(await (await client.fetch(origin.url)).text()).toBe('ok');
    await events.body?.cancel();
  });

  it('that is not answered holds others back for a while, not for ever', async () => {
    const { origin, client } = await opened(() => {}, 20);
    const probe = client.fetch(origin.url).catch((error: unknown) => error);
    await expect(client.fetch(origin.url)).rejects.toMatchObject({ cause: { code: 'ERR_FIRSTHAND_CIRCUIT_OPEN' } });
    await client.destroy();
    expect(await probe).toBeInstanceOf(TypeError);
  });

  it('says nothing of the origin when its caller gives up: one that waits takes its place', async () => {
    const controller = new AbortController();
    const { origin, client } = await opened((n, _request, response) => {
      if (n === 1) controller.abort();
      else response.end('ok');
    }, 60_000);
    const first = client.fetch(origin.url, { signal: controller.signal }).catch((error: unknown) => error);
    expect(await (await client.fetch(origin.url)).text()).toBe('ok');
    expect(await first).toMatchObject({ name: 'AbortError' });
    expect(await (await client.fetch(origin.url)).text()).toBe('ok');
  });

  it('does not keep those that wait for it from being destroyed', async () => {
    let arrived: () => void;
    const probed = new Promise<void>((resolve) => (arrived = resolve));
    const { origin, client } = await opened(() => arrived(), 3_600_000);
    const probe = client.fetch(origin.url).catch((error: unknown) => error);
    const waits = client.fetch(origin.url).catch((error: unknown) => error);
    await probed;
    await client.destroy(new Error('enough'));
    expect(await waits).toMatchObject({ cause: { message: 'enough' } });
    expect(await probe).toBeInstanceOf(TypeError);
  });
});
