import { expect, it } from 'vitest';

import { retryBudget } from './budget.ts';
import type { RetryOptions } from './options.ts';
import { withRetry } from './with-retry.ts';

const CALLS = 200;

/** Attempts that so many calls make while every connection is reset. */
async function attemptsOfAnOutage(more: () => RetryOptions): Promise<{ attempts: number; codes: Set<string> }> {
  let attempts = 0;
  const codes = new Set<string>();
  const fail = async (): Promise<never> => {
    attempts++;
    throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  };
  const call = (): Promise<unknown> =>
    withRetry(fail, { idempotent: true, minDelayMs: 1, maxDelayMs: 1, ...more() }).catch(({ code }) => codes.add(code));
  await Promise.all(Array.from({ length: CALLS }, call));
  return { attempts, codes };
}

it('calls without a budget share one, whatever object their options came in', async () => {
  const { attempts, codes } = await attemptsOfAnOutage(() => ({}));
  expect(attempts).toBeGreaterThanOrEqual(CALLS + 100);
  // The bucket, and what refills it meanwhile.
  expect(attempts).toBeLessThan(CALLS * 2.5);
  expect(codes).toContain('ERR_FIRSTHAND_BUDGET');
});

it('false takes the brake off, a budget of their own is theirs', async () => {
  expect((await attemptsOfAnOutage(() => ({ budget: false }))).attempts).toBe(CALLS * 4);
  const budget = retryBudget({ ratio: 0, perSecond: 0, capacity: 7 });
  expect((await attemptsOfAnOutage(() => ({ budget }))).attempts).toBe(CALLS + 7);
});
