import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';

import { toAttempt } from './attempt.ts';
import { afterServerMs, backoffMs } from './backoff.ts';
import { retryBudget } from './budget.ts';
import { ERROR_CODES } from './error-codes.ts';
import { requestHeader, withHeader } from './headers.ts';
import { retrySettings } from './options.ts';
import { retryAfterMs } from './retry-after.ts';
import { tellFailure } from './tell-failure.ts';

const NOW = Date.UTC(2026, 10, 21, 6, 0, 0);

it.each([
  ['0', 0],
  [' 120 ', 120_000],
  ['Sat, 21 Nov 2026 06:00:30 GMT', 30_000],
  ['Saturday, 21-Nov-26 06:00:30 GMT', 30_000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['-1', null],
  ['1.5', null],
  ['soon', null],
  ['', null],
  [null, null],
])('Retry-After %j is %j', (value, ms) => expect(retryAfterMs(value, NOW)).toBe(ms));

it('full jitter stays between nothing and the doubled end, up to the maximum', () => {
  const options = { minDelayMs: 100, maxDelayMs: 1000, jitter: 'full' } as const;
  for (const [retry, end] of [
    [1, 100],
    [2, 200],
    [4, 800],
    [5, 1000],
    [2000, 1000],
  ] as const) {
    const waits = Array.from({ length: 300 }, () => backoffMs(retry, options));
    expect(Math.max(...waits)).toBeLessThanOrEqual(end);
    expect(Math.max(...waits)).toBeGreaterThan(end * 0.8);
    expect(Math.min(...waits)).toBeLessThan(end * 0.2);
    expect(backoffMs(retry, { ...options, jitter: 'none' })).toBe(end);
  }
  expect(afterServerMs(5000, options)).toBeGreaterThan(5000);
  expect(afterServerMs(0, options)).toBe(0);
});

it('the budget lets a fifth of the operations be retried, and no more than the bucket at once', () => {
  const budget = retryBudget({ perSecond: 0, capacity: 10 });
  let spent = 0;
  while (budget.withdraw()) spent++;
  expect(spent).toBe(10);
  for (let n = 0; n < 500; n++) {
    budget.deposit();
    if (budget.withdraw()) spent++;
  }
  expect(spent).toBeGreaterThanOrEqual(109);
  expect(spent).toBeLessThanOrEqual(110);
  expect(() => retryBudget({ ratio: -1 })).toThrow(RangeError);
});

it.each([
  { maxAttempts: 0 },
  { maxAttempts: 1.5 },
  { minDelayMs: -1 },
  { maxDelayMs: Number.NaN },
  { deadlineMs: 0 },
  { jitter: 'some' as never },
])('%j is refused with the value and the range', (options) => {
  expect(() => retrySettings(options)).toThrow(/ is .* needed$/);
});

describe('headers', () => {
  const forms = {
    list: ['Accept', '*/*', 'X', '1'],
    record: { Accept: '*/*', X: '1' },
    pairs: new Map([
      ['Accept', '*/*'],
      ['X', '1'],
    ]),
  };
  it.each(Object.entries(forms))('are read and replaced in the form of a %s', (_name, headers) => {
    expect(requestHeader(headers, 'accept')).toBe('*/*');
    const changed = withHeader(headers, 'x', '2');
    expect(requestHeader(changed, 'x')).toBe('2');
    expect(requestHeader(changed, 'accept')).toBe('*/*');
    expect(requestHeader(headers, 'x')).toBe('1');
  });
});

it('prints what happened, the phase, executed or not, each attempt, the remedy and the next command', () => {
  const cause = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  const target = { method: 'POST', origin: 'http://127.0.0.1:8080' };
  const attempts = [
    toAttempt({ n: 1, phase: 'idle', sent: 'no', reused: true, idleMs: 1200, error: cause }, target),
    toAttempt({ n: 2, phase: 'response', sent: 'yes', reused: false, idleMs: 0, error: cause }, target),
  ];
  const error = tellFailure({
    code: 'ERR_FIRSTHAND_MAYBE_EXECUTED',
    cause,
    attempts,
    ...target,
    path: '/orders\u001b[2J?token=secret',
    keyed: false,
    whyNotResumable: '',
    answerBegun: false,
  });
  const text = inspect(error);
  expect(text.replaceAll(/[^\n]/g, '').length).toBeGreaterThan(8);
  for (const part of [
    'POST http://127.0.0.1:8080/orders',
    'ERR_FIRSTHAND_MAYBE_EXECUTED',
    'while the answer was awaited',
    'perhaps: ask the server',
    'reused, idle 1200 ms',
    'an Idempotency-Key that the server honours makes it safe',
    "sudo tcpdump -ni any -w reset.pcap 'host 127.0.0.1 and tcp port 8080'",
  ])
    expect(text).toContain(part);
  expect(text).not.toContain('secret');
  expect(text).not.toContain('\u001b');
  expect(ERROR_CODES[error.code]).toBeDefined();
});
