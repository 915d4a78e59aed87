import { describe, expect, test, vi } from 'vitest';
import { Gate, type Incoming } from '../gate.ts';
import { Run } from '../run.ts';
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

test('a clock that has run for years does not matter', async () => {
  const clock = { ms: 0 };
  const store = memoryStore({ now: () => clock.ms });
  clock.ms = 2 ** 41 + 0.5;
  const token = tokenOf(await store.claim('k', 'f', 1000));
  clock.ms += 1001;
  expect((await store.claim('k', 'f', 1000)).state).toBe('outcome-unknown');
  expect(await store.complete(token, { status: 200, headers: {}, body: null }, 1000)).toBe(true);
  clock.ms += 1001;
  expect((await store.claim('k', 'f', 1000)).state).toBe('claimed');
});

describe('held by the middleware without tokens', () => {
  const clock = { ms: 0 };
  const incoming: Incoming = {
    method: 'POST',
    url: '/',
    request: { headers: {} },
    body: { parsed: { item: 1 } },
    connection: { destroyed: false },
  };
  const answered = { status: 201, headers: { etag: '"1"' }, body: 'made' };

  async function enter(gate: Gate): Promise<Run> {
    const run = await gate.claim('"k"', incoming);
    if (!(run instanceof Run)) throw new Error(`not claimed, but answered with ${run.status}`);
    run.forget();
    return run;
  }

  test('whoever was late for its own key changes nothing, and is told', async () => {
    const store = memoryStore({ now: () => clock.ms, unknownTtlMs: 500 });
    const onError = vi.fn();
    const gate = new Gate({ store, leaseMs: 1000, onError });
    const late = await enter(gate);
    clock.ms += 1501;
    const now = await enter(gate);
    expect(await late.settle({ ...answered, body: 'late' })).toBeNull();
    expect(onError).toHaveBeenCalledOnce();
    expect(await gate.claim('"k"', incoming)).toMatchObject({ status: 409 });
    expect(await now.settle(answered)).toBeNull();
    expect(await gate.claim('"k"', incoming)).toMatchObject({ status: 201, body: 'made' });
    late.abandon();
    late.release();
    expect(await gate.claim('"k"', incoming)).toMatchObject({ status: 201 });
  });

  test('whoever was taken over from changes nothing', async () => {
    const gate = new Gate({
      store: memoryStore({ now: () => clock.ms }),
      leaseMs: 1000,
      recover: () => 'run-again',
      onError: () => {},
    });
    const old = await enter(gate);
    clock.ms += 1001;
    const now = await enter(gate);
    await now.settle(answered);
    await old.settle({ ...answered, body: 'old' });
    expect(await gate.claim('"k"', incoming)).toMatchObject({ body: 'made' });
  });

  test('whoever answers after the store was closed keeps nothing', async () => {
    const store = memoryStore({ now: () => clock.ms });
    const onError = vi.fn();
    const gate = new Gate({ store, onError });
    const run = await enter(gate);
    await store.close();
    await run.settle(answered);
    expect(onError).toHaveBeenCalledOnce();
    expect(await gate.claim('"k"', incoming)).toBeInstanceOf(Run);
  });

  test('a key that is released is free at once', async () => {
    const gate = new Gate({ store: memoryStore({ now: () => clock.ms }) });
    const run = await enter(gate);
    run.release();
    await run.settle(answered);
    expect(await gate.claim('"k"', incoming)).toBeInstanceOf(Run);
  });

  test('what texts, their replays and their end take is counted the same', async () => {
    const gate = new Gate({
      store: memoryStore({ now: () => clock.ms, maxBytes: 2000 }),
      ttlMs: 1000,
      onError: () => {},
    });
    for (let i = 0; i < 100; i++) {
      await (await enter(gate)).settle({ ...answered, body: 'x'.repeat(200) });
      expect(await gate.claim('"k"', incoming)).toMatchObject({ body: 'x'.repeat(200) });
      clock.ms += 1001;
    }
    await (await enter(gate)).settle({ ...answered, body: 'x'.repeat(1000) });
    expect(await gate.claim('"another"', incoming)).toMatchObject({ status: 503 });
  });

  test.each(['claim', 'takeOver', 'complete', 'release', 'renew'] as const)(
    'a store whose %s was replaced is asked by its methods',
    async (method) => {
      const store = memoryStore({ now: () => clock.ms });
      vi.spyOn(store, method);
      const claim = vi.spyOn(store, 'claim');
      await enter(new Gate({ store }));
      expect(claim).toHaveBeenCalledOnce();
    },
  );
});
