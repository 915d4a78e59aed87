import { expect, it } from 'vitest';

import { retryBudget } from './budget.ts';
import { circuitBreaker } from './circuit-breaker.ts';
import { createClient } from './create-client.ts';
import { idempotencyKey } from './idempotency-key.ts';
import { retrySettings } from './options.ts';
import { retryAfterMs } from './retry-after.ts';
import { staleReuse } from './stale-reuse.ts';

it.each<[unknown, RegExp]>([
  [null, /the argument of createClient is null: an object of options is needed/],
  [{ retries: 5 }, /createClient has no option retries \(5\): did you mean retry\? it takes dispatcher, retry, /],
  [{ retry: { maxAttempt: 3 } }, /retry has no option maxAttempt \(3\): did you mean maxAttempts\?/],
  [{ breaker: { threshold: 5 } }, /breaker has no option threshold \(5\): did you mean consecutiveFailures\?/],
  [{ breaker: { xyzzy: 5 } }, /breaker has no option xyzzy \(5\): it takes consecutiveFailures, /],
  [{ retry: true }, /retry is true: an object of options or false is needed/],
  [{ retry: null }, /retry is null: an object of options or false is needed/],
  [{ idempotency: true }, /idempotency is true: an object of options or false is needed/],
  [{ breaker: null }, /breaker is null: an object of options or false is needed/],
  [{ retry: { statusCodes: '503' } }, /statusCodes is '503': an array of statuses is needed/],
  [{ retry: { statusCodes: ['503'] } }, /a status in statusCodes is '503': a whole number from 100 to 599 is needed/],
  [{ breaker: { statusCodes: '503' } }, /statusCodes is '503': an array of statuses is needed/],
  [{ idempotency: { methods: 'POST' } }, /methods is 'POST': an array of names like 'POST' is needed/],
  [{ idempotency: { header: 5 } }, /header is 5: the name of a header is needed/],
  [{ dispatcher: {} }, /dispatcher is \{\}: a Dispatcher of undici is needed/],
  [{ retry: { budget: true } }, /budget is true: what retryBudget\(\) returns, or false, is needed/],
  [
    { retry: { budget: { ratio: 0.1 } } },
    /budget is \{ ratio: 0.1 \}: what retryBudget\(\) returns, or false, is needed/,
  ],
  [{ retry: { maxAttempts: '4' } }, /maxAttempts is '4': a whole number from 1 to 100 is needed/],
  [{ retry: { jitter: true } }, /jitter is true: 'full' or 'none' is needed/],
  [{ retry: { signal: new AbortController() } }, /signal is .*: an AbortSignal is needed/],
  [{ onAttempt: 'log' }, /onAttempt is 'log': a function is needed/],
])('createClient(%j) is refused', (options, message) => {
  expect(() => createClient(options as never)).toThrow(TypeError);
  expect(() => createClient(options as never)).toThrow(message);
});

it.each<[() => unknown, RegExp]>([
  [
    () => circuitBreaker({ threshold: 5 } as never),
    /argument of circuitBreaker has no option threshold \(5\): did you mean/,
  ],
  [() => circuitBreaker({ statusCodes: '503' as never }), /statusCodes is '503': an array of statuses is needed/],
  [() => circuitBreaker(null as never), /the argument of circuitBreaker is null: an object of options is needed/],
  [() => idempotencyKey({ methods: 'POST' as never }), /methods is 'POST': an array of names like 'POST' is needed/],
  [() => idempotencyKey({ name: 'Key' } as never), /the argument of idempotencyKey has no option name \('Key'\): /],
  [() => idempotencyKey({ header: 'a b' }), /header is 'a b': the name of a header is needed/],
  [() => staleReuse({ retries: 3 } as never), /the argument of staleReuse has no option retries \(3\): it takes none/],
])('%s is refused', (make, message) => {
  expect(make).toThrow(TypeError);
  expect(make).toThrow(message);
});

it.each<[object, RegExp]>([
  [{ maxAttempts: 0 }, /maxAttempts is 0: a whole number from 1 to 100 is needed/],
  [{ deadlineMs: 0 }, /deadlineMs is 0: a number above 0, up to 2147483647 is needed/],
  [{ statusCodes: [42] }, /is 42: a whole number from 100 to 599 is needed/],
  [{ jitter: 'some' }, /jitter is 'some': 'full' or 'none' is needed/],
])('%j is out of range', (options, message) => {
  expect(() => retrySettings(options)).toThrow(RangeError);
  expect(() => retrySettings(options)).toThrow(message);
});

it('a value is quoted on one short line', () => {
  const long = 'x'.repeat(5000);
  let message = '';
  try {
    retryBudget({ [long.slice(0, 10)]: `${long}\n` } as never);
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message).toContain('the argument of retryBudget has no option xxxxxxxxxx');
  expect(message.length).toBeLessThan(300);
  expect(message).not.toContain('\n');
});

it.each([
  ['99999999999', 99_999_999_999_000],
  ['9'.repeat(400), Number.MAX_SAFE_INTEGER],
])('Retry-After %s is a long wait', (value, ms) => expect(retryAfterMs(value, 0)).toBe(ms));
