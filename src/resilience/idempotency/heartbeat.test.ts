import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Gate, type Incoming } from './gate.ts';
import { Run } from './run.ts';
import { memoryStore } from './stores/memory.ts';

const ANSWER = { status: 200, headers: {}, body: Buffer.from('x') };

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function incoming(destroyed: boolean): Incoming {
  return { method: 'POST', url: '/', request: { headers: {} }, body: '', connection: { destroyed } };
}

async function stateOf(gate: Gate): Promise<string> {
  const claimed = await gate.claim('"k"', incoming(false));
  return claimed instanceof Run ? 'claimed' : String(JSON.parse(Buffer.from(claimed.body!).toString()).type);
}

test('a slow handler keeps its lease, and its answer is kept', async () => {
  const gate = new Gate({ store: memoryStore(), leaseMs: 900 });
  const run = (await gate.claim('"k"', incoming(false))) as Run;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await stateOf(gate)).toBe('urn:firsthand:idempotency:in-progress');
  expect(await run.settle(ANSWER)).toBeNull();
  const replayed = await gate.claim('"k"', incoming(false));
  expect(replayed).toMatchObject({ status: 200 });
});

test('without signs of life the outcome is unknown', async () => {
  const store = memoryStore();
  store.renew = () => Promise.resolve(true);
  const gate = new Gate({ store, leaseMs: 900 });
  await gate.claim('"k"', incoming(false));
  await vi.advanceTimersByTimeAsync(901);
  expect(await stateOf(gate)).toBe('urn:firsthand:idempotency:outcome-unknown');
});

test('a handler that never answers a client that is gone is given up after ten leases', async () => {
  const gate = new Gate({ store: memoryStore(), leaseMs: 900 });
  await gate.claim('"k"', incoming(true));
  await vi.advanceTimersByTimeAsync(9 * 900);
  expect(await stateOf(gate)).toBe('urn:firsthand:idempotency:in-progress');
  await vi.advanceTimersByTimeAsync(2 * 900);
  expect(await stateOf(gate)).toBe('urn:firsthand:idempotency:outcome-unknown');
});

test('no timer is left when nothing runs', async () => {
  const gate = new Gate({ store: memoryStore(), leaseMs: 900 });
  const run = (await gate.claim('"k"', incoming(false))) as Run;
  await run.settle(ANSWER);
  await vi.advanceTimersByTimeAsync(1000);
  expect(vi.getTimerCount()).toBe(0);
});
