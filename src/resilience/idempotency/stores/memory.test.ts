import { expect, test } from 'vitest';
import { testStore, tokenOf } from '../testing/conformance.ts';
import { memoryStore } from './memory.ts';

let nowMs = 1_000_000;

testStore('memory', {
  open: (options) => memoryStore({ ...options, now: () => nowMs }),
  isShared: false,
  isTransactional: false,
  advance: (ms) => (nowMs += ms),
});

test('when full it refuses new keys and keeps what it promised to keep', async () => {
  const clock = { ms: 0 };
  const store = memoryStore({ maxBytes: 10_000, now: () => clock.ms });
  const response = { status: 200, headers: {}, body: Buffer.alloc(9000) };
  const token = tokenOf(await store.claim('a', 'f', 1000));
  await store.complete(token, response, 5000);
  await expect(store.claim('b', 'f', 1000)).rejects.toThrow('memoryStore holds its 10000 bytes');
  expect(await store.claim('a', 'f', 1000)).toEqual({ state: 'done', response });
  clock.ms = 5001;
  expect((await store.claim('b', 'f', 1000)).state).toBe('claimed');
});

test('what is over leaves memory without being asked for', async () => {
  const clock = { ms: 0 };
  const store = memoryStore({ maxBytes: 600_000, now: () => clock.ms });
  for (let i = 0; i < 20_000; i++) {
    clock.ms += 1;
    await store.complete(tokenOf(await store.claim(`key ${i}`, 'f', 10)), { status: 200, headers: {}, body: null }, 10);
  }
  expect((await store.claim('key 1', 'f', 10)).state).toBe('claimed');
});
