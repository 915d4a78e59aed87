/** The options of retrying, with defaults filled in, checked once. */
import { type BackoffOptions, type Jitter } from './backoff.ts';
import { type RetryBudget, retryBudget } from './budget.ts';
import { checkMethods, checkNames, checkNumber, checkStatusCodes, checkWord } from './check-options.ts';
import { PerOrigin } from './per-origin.ts';

export interface RetryOptions {
  /** Attempts in all, the first included; default 4, from 1 to 100. */
  readonly maxAttempts?: number;
  /** Upper end of the first wait, doubled with each retry; default 1000, from 0. */
  readonly minDelayMs?: number;
  /** Upper end of every wait; default 30,000. A longer `Retry-After` is honoured all the same. */
  readonly maxDelayMs?: number;
  /** Default `full`: each wait is anything from 0 to its upper end. */
  readonly jitter?: Jitter;
  /** For the whole operation, waits and the body of the answer included; default none. */
  readonly deadlineMs?: number;
  /** Default one budget per origin (see retryBudget); false takes the brake off. */
  readonly budget?: RetryBudget | false;
  /**
   * Answers that are tried again where repeating is safe; default 429, 502, 503, 504. A 409 with `Retry-After` to a
   * request with a key says that its first try still runs, so it is tried again whatever is listed; `[]` turns that
   * off too.
   */
  readonly statusCodes?: readonly number[];
  /** Ends every operation, also during a wait. */
  readonly signal?: AbortSignal;
}

export interface RetrySettings extends BackoffOptions {
  readonly maxAttempts: number;
  readonly deadlineMs: number | null;
  readonly budgetOf: ((origin: string) => RetryBudget) | null;
  readonly statusCodes: ReadonlySet<number>;
  readonly signal: AbortSignal | null;
}

/**
 * A server that asks for a longer wait gets no retry: its answer goes to the caller. As long as undici waits for
 * headers by default, so no call takes longer for it than a call could take before.
 */
export const MAX_RETRY_AFTER_MS = 300_000;

/** What setTimeout can hold. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The names of RetryOptions. */
export const RETRY_NAMES: readonly string[] = [
  'maxAttempts',
  'minDelayMs',
  'maxDelayMs',
  'jitter',
  'deadlineMs',
  'budget',
  'statusCodes',
  'signal',
];

/** Defaults filled in; names, types and ranges checked. */
export function retrySettings(options: RetryOptions = {}): RetrySettings {
  checkNames('retry', options, RETRY_NAMES);
  const { maxAttempts = 4, minDelayMs = 1000, maxDelayMs = 30_000, jitter = 'full', deadlineMs, budget } = options;
  const { statusCodes = [429, 502, 503, 504], signal } = options;
  checkNumber('maxAttempts', maxAttempts, { from: 1, to: 100, whole: true });
  checkNumber('minDelayMs', minDelayMs, { from: 0, to: MAX_TIMER_MS });
  checkNumber('maxDelayMs', maxDelayMs, { from: 0, to: MAX_TIMER_MS });
  checkWord('jitter', jitter, ['full', 'none']);
  if (deadlineMs !== undefined) checkNumber('deadlineMs', deadlineMs, { from: 0, to: MAX_TIMER_MS, above: true });
  if (budget !== undefined && budget !== false)
    checkMethods('budget', budget, ['deposit', 'withdraw'], 'what retryBudget() returns, or false,');
  checkStatusCodes('statusCodes', statusCodes);
  if (signal !== undefined) checkMethods('signal', signal, ['addEventListener'], 'an AbortSignal');
  return {
    maxAttempts,
    minDelayMs,
    maxDelayMs,
    jitter,
    deadlineMs: deadlineMs ?? null,
    budgetOf: toBudgets(budget),
    statusCodes: new Set(statusCodes),
    signal: signal ?? null,
  };
}

function toBudgets(budget: RetryBudget | false | undefined): RetrySettings['budgetOf'] {
  if (budget === false) return null;
  if (budget !== undefined) return () => budget;
  const budgets = new PerOrigin(() => retryBudget());
  return (origin) => budgets.of(origin);
}

/** For layers that send each request once. */
export const NO_RETRY: RetrySettings = retrySettings({ maxAttempts: 1, budget: false, statusCodes: [] });
