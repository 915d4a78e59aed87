import { getEventListeners, once } from 'node:events';
import { describe, expect, it } from 'vitest';

import { ConnectionError } from './connection-error.ts';
import { startOrigin } from './testing/origin.ts';
import { withRetry } from './with-retry.ts';

const resetError = (): Error => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
const refusedError = (): Error => Object.assign(new Error('connect'), { code: 'ECONNREFUSED', syscall: 'connect' });
const fast = { minDelayMs: 1 } as const;

async function run(errors: readonly unknown[], options: Partial<Parameters<typeof withRetry>[1]>): Promise<string[]> {
  const keys: string[] = [];
  await withRetry(
    async ({ attempt, key }) => {
      keys.push(key);
      expect(attempt).toBe(keys.length);
      if (attempt <= errors.length) throw errors[attempt - 1];
    },
    { ...fast, idempotent: true, ...options },
  ).catch((error: unknown) => {
    throw Object.assign(error as object, { keys });
  });
  return keys;
}

describe('withRetry', () => {
  it('repeats an idempotent operation with one key', async () => {
    const keys = await run([resetError(), new TypeError('fetch failed', { cause: resetError() })], {});
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$/);
  });

  it('repeats any other only when it never reached the server', async () => {
    expect(await run([refusedError()], { idempotent: false })).toHaveLength(2);
    await expect(run([resetError()], { idempotent: false })).rejects.toMatchObject({
      code: 'ERR_FIRSTHAND_MAYBE_EXECUTED',
      execution: 'maybe-executed',
    });
  });

  it('lets an error of the program through at once, as it is', async () => {
    const error = new TypeError('x is not a function');
    await expect(run([error], {})).rejects.toBe(error);
  });

  it('honours a status and its Retry-After, and hands the answer over when it gives up', async () => {
    const busy = Object.assign(new Error('busy'), { response: { status: 503, headers: { 'retry-after': '0' } } });
    expect(await run([busy], {})).toHaveLength(2);
    await expect(run([busy, busy], { maxAttempts: 2 })).rejects.toBe(busy);
  });

  it('ends with attempts, budget and execution told', async () => {
    const error = await run([refusedError(), refusedError()], { maxAttempts: 2 }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ code: 'ERR_FIRSTHAND_RETRIES_EXHAUSTED', execution: 'not-executed' });
    expect((error as ConnectionError).attempts).toHaveLength(2);
  });

  it('the deadline ends an operation that ignores its signal', async () => {
    let told = false;
    const never = withRetry(
      ({ signal }) => new Promise<never>(() => signal.addEventListener('abort', () => (told = true))),
      { idempotent: true, deadlineMs: 20 },
    );
    await expect(never).rejects.toMatchObject({ code: 'ERR_FIRSTHAND_DEADLINE' });
    expect(told).toBe(true);
  });

  it('a signal ends the wait between two attempts', async () => {
    const controller = new AbortController();
    const waiting = withRetry(
      async () => {
        queueMicrotask(() => queueMicrotask(() => controller.abort(new Error('enough'))));
        throw resetError();
      },
      { idempotent: true, minDelayMs: 1e6, maxDelayMs: 1e6, jitter: 'none', signal: controller.signal },
    );
    await expect(waiting).rejects.toThrow('enough');
  });
});

describe('the signal of an attempt', () => {
  it('outlives its success, so that a body can be read outside', async () => {
    const origin = await startOrigin((_n, request, response) => {
      response.write('a');
      request.socket.once('read', () => response.end('b'));
    });
    try {
      const answer = await withRetry(({ signal }) => fetch(origin.url, { signal }), { idempotent: true });
      for (const socket of origin.connections.open) socket.emit('read');
      expect(await answer.text()).toBe('ab');
    } finally {
      await origin.close();
    }
  });

  it('is aborted when the attempt fails, the next one is not', async () => {
    const signals: AbortSignal[] = [];
    const error = resetError();
    await withRetry(
      async ({ attempt, signal }) => {
        signals.push(signal);
        if (attempt === 1) throw error;
      },
      { ...fast, idempotent: true, deadlineMs: 60_000 },
    );
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(signals[0]!.reason).toBe(error);
  });

  it('goes on to follow the signal of the caller where somebody listens, else nothing is left behind', async () => {
    const controller = new AbortController();
    const options = { idempotent: true, signal: controller.signal } as const;
    await withRetry(async () => 'done', options);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    const reading = await withRetry(async ({ signal }) => ({ cut: once(signal, 'abort'), signal }), options);
    controller.abort(new Error('enough'));
    await reading.cut;
    expect(reading.signal.reason).toBe(controller.signal.reason);
  });

  it('takes one listener for all calls with the same signal', async () => {
    const controller = new AbortController();
    const options = { idempotent: true, signal: controller.signal } as const;
    const waiting = Array.from({ length: 20 }, () => withRetry(() => new Promise<never>(() => {}), options));
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    controller.abort(new Error('enough'));
    for (const { status } of await Promise.allSettled(waiting)) expect(status).toBe('rejected');
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });
});

it.each([
  [async () => {}, undefined, /the second argument of withRetry is undefined: .*idempotent: true or false/],
  [async () => {}, {}, /idempotent is undefined: true or false/],
  [async () => {}, { idempotent: true, maxAttempt: 3 }, /no option maxAttempt \(3\): did you mean maxAttempts\?/],
  [async () => {}, { idempotent: true, budget: true }, /budget is true/],
  ['work', { idempotent: true }, /operation is 'work': a function/],
])('%o with %j is refused before anything runs', async (operation, options, message) => {
  const refused = withRetry(operation as never, options as never);
  await expect(refused).rejects.toThrow(TypeError);
  await expect(refused).rejects.toThrow(message);
});
