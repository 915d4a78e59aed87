import { Agent } from 'undici';
import { afterEach, expect, it } from 'vitest';

import { circuitBreaker } from './circuit-breaker.ts';
import { createClient } from './create-client.ts';
import { reset, startOrigin } from './testing/origin.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

it('opens after failures in a row, sends nothing while open, closes after a probe that is answered', async () => {
  let broken = true;
  const origin = await startOrigin((_n, request, response) => {
    if (broken) reset(request);
    else response.end('ok');
  });
  const client = createClient({ retry: false, breaker: { consecutiveFailures: 3, halfOpenAfterMs: 200 } });
  undo.push(
    () => origin.close(),
    () => client.destroy(),
  );
  const ask = (): Promise<string> => client.fetch(origin.url).then((answer) => answer.text());
  for (let n = 0; n < 3; n++) await expect(ask()).rejects.toThrow();
  const openedMs = performance.now();
  await expect(ask()).rejects.toMatchObject({
    cause: { code: 'ERR_FIRSTHAND_CIRCUIT_OPEN', execution: 'not-executed', attempts: [{ sent: 'no' }] },
  });
  expect(origin.seen).toHaveLength(3);
  // A request with retry waits for the probe on its own; this one is told when by the clock of the breaker.
  broken = false;
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, 210 - (performance.now() - openedMs))));
  expect(await Promise.all([ask(), ask(), ask()])).toEqual(['ok', 'ok', 'ok']);
});

it('holds retries back until the probe instead of burning attempts', async () => {
  const origin = await startOrigin((n, request, response) => {
    if (n <= 2) reset(request);
    else response.end('ok');
  });
  const client = createClient({
    retry: { minDelayMs: 1, maxAttempts: 4 },
    breaker: { consecutiveFailures: 2, halfOpenAfterMs: 100 },
  });
  undo.push(
    () => origin.close(),
    () => client.destroy(),
  );
  expect(await (await client.fetch(origin.url)).text()).toBe('ok');
  expect(origin.seen).toHaveLength(3);
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
