import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { createClient } from './create-client.ts';
import { startOrigin } from './testing/origin.ts';

const undo: (() => Promise<unknown>)[] = [];
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(async () => {
  vi.useRealTimers();
  for (const each of undo.splice(0).reverse()) await each();
});

it('that ends inside an answer says so', async () => {
  const origin = await startOrigin((_n, _request, response) => response.writeHead(200).write('part'));
  const client = createClient({ retry: { deadlineMs: 200 } });
  undo.push(
    () => origin.close(),
    () => client.destroy(),
  );
  const { body } = await client.dispatcher.request({ origin: origin.url, path: '/x?token=1', method: 'GET' });
  const text = body.text().catch((thrown: unknown) => thrown);
  vi.advanceTimersByTime(200);
  const error = await text;
  expect(error).toMatchObject({ code: 'ERR_FIRSTHAND_DEADLINE', execution: 'maybe-executed', retry: 'safe' });
  expect((error as Error).message).toBe(
    `the answer to GET ${origin.url}/x had begun when time ran out (the deadline of 200 ms ended); its rest is missing`,
  );
});

it('that ends before any answer counts the attempts', async () => {
  let arrived: () => void;
  const waiting = new Promise<void>((resolve) => (arrived = resolve));
  const origin = await startOrigin(() => arrived());
  const client = createClient({ retry: { deadlineMs: 200 } });
  undo.push(
    () => origin.close(),
    () => client.destroy(),
  );
  const request = client.dispatcher.request({ origin: origin.url, path: '/', method: 'GET' });
  const refused = expect(request).rejects.toThrow(/ran out of time after 1 attempt .*; it may have been executed/);
  await waiting;
  vi.advanceTimersByTime(200);
  await refused;
});
