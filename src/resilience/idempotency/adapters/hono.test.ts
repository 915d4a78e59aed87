/** What only Hono has: answers that are Responses. */
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { idempotency } from '../idempotency.ts';
import type { Store } from '../store.ts';

test('a text that recover found has no type unless it says one', async () => {
  const store: Store = {
    claim: async () => ({ state: 'outcome-unknown' }),
    takeOver: async () => ({ state: 'claimed', token: 't' }),
    complete: async () => true,
    release: async () => {},
    close: async () => {},
  };
  const app = new Hono();
  app.use(idempotency({ store, recover: () => ({ status: 201, body: 'found' }) }).hono());
  app.post('/', (context) => context.text('ran'));
  // Not through @hono/node-server, which adds a type of its own.
  const answer = await app.request('/', { method: 'POST', headers: { 'idempotency-key': 'k' } });
  expect([answer.status, await answer.text(), answer.headers.get('content-type')]).toEqual([201, 'found', null]);
});
