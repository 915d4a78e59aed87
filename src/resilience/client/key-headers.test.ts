import { Agent } from 'undici';
import { afterEach, expect, it } from 'vitest';

import { createClient } from './create-client.ts';
import { idempotencyKey, newKey } from './idempotency-key.ts';
import { retry } from './retry.ts';
import { type Origin, reset, startOrigin } from './testing/origin.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

async function failing(): Promise<Origin> {
  const origin = await startOrigin((_n, request) => reset(request));
  undo.push(() => origin.close());
  return origin;
}

const soon = { minDelayMs: 1, maxAttempts: 3 };
const traced = { method: 'POST', body: 'work', headers: { 'x-request-id': 'trace' } };

it('the header of one client is no key for another: its POST is executed once', async () => {
  const origin = await failing();
  const theirs = createClient({ idempotency: { header: 'X-Request-Id' }, retry: soon });
  const mine = createClient({ idempotency: false, retry: soon });
  undo.push(
    () => theirs.destroy(),
    () => mine.destroy(),
  );
  await expect(mine.fetch(origin.url, traced)).rejects.toMatchObject({
    cause: { code: 'ERR_FIRSTHAND_MAYBE_EXECUTED' },
  });
  expect(origin.seen).toHaveLength(1);
  await expect(theirs.fetch(origin.url, traced)).rejects.toThrow();
  expect(origin.seen).toHaveLength(4);
});

it('retry knows the header that idempotencyKey gave a request, and that of no other dispatcher', async () => {
  const origin = await failing();
  const keyed = new Agent().compose(retry(soon), idempotencyKey({ header: 'X-Request-Id' }));
  const plain = new Agent().compose(retry(soon));
  undo.push(
    () => keyed.destroy(),
    () => plain.destroy(),
  );
  const target = { origin: origin.url, path: '/', ...traced };
  await expect(plain.request(target)).rejects.toMatchObject({ code: 'ERR_FIRSTHAND_MAYBE_EXECUTED' });
  expect(origin.seen).toHaveLength(1);
  await expect(keyed.request(target)).rejects.toMatchObject({ code: 'ERR_FIRSTHAND_RETRIES_EXHAUSTED' });
  expect(origin.seen).toHaveLength(4);
});

it('keys are random UUIDs in quotes, each another', () => {
  const keys = Array.from({ length: 1000 }, newKey);
  expect(new Set(keys).size).toBe(1000);
  for (const key of keys)
    expect(key).toMatch(/^"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$/);
});
