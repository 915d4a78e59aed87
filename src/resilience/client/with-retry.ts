/** Retry with the same rules for any network call: a driver, a queue, another HTTP library. */
import { getEventListeners } from 'node:events';

import { type Attempt, toAttempt } from './attempt.ts';
import { afterServerMs, backoffMs } from './backoff.ts';
import { type RetryBudget, retryBudget } from './budget.ts';
import { checkNames, quote } from './check-options.ts';
import { ConnectionError, type Execution } from './connection-error.ts';
import type { ErrorCode } from './error-codes.ts';
import { isConnectError, isConnectionFailure } from './failure.ts';
import { type Follower, follow, followOn, toReason, unfollow } from './follow-signal.ts';
import { newKey } from './idempotency-key.ts';
import { MAX_RETRY_AFTER_MS, RETRY_NAMES, type RetryOptions, type RetrySettings, retrySettings } from './options.ts';
import { retryAfterMs } from './retry-after.ts';

export interface RetryContext {
  /** Counts from 1. */
  readonly attempt: number;
  /**
   * Of this attempt: aborted when it failed, the deadline ended before it, or the caller's signal fires, then also after
   * the success, for a body that is still being read.
   */
  readonly signal: AbortSignal;
  /** The same for all attempts; ready to be the value of an Idempotency-Key header, quotes included. */
  readonly key: string;
}

/** Of all calls that were given none: one process has one network. */
const processBudget: RetryBudget = retryBudget();

/**
 * Runs `operation` until it succeeds, an attempt must not be repeated, or attempts, deadline or budget end. Repeated
 * are connection failures and errors with one of the statusCodes (`status`, `statusCode` or `response.status`, their
 * Retry-After honoured): all of them when `idempotent`, else only what provably never reached the server. Any other
 * error passes as it is at once. Calls that are given no budget share one.
 * @example
 * await withRetry(({ key, signal }) => queue.publish(message, { key, signal }), { idempotent: true });
 */
export async function withRetry<T>(
  operation: (context: RetryContext) => Promise<T>,
  options: RetryOptions & { readonly idempotent: boolean },
): Promise<T> {
  const run = new Run(settingsOf(operation, options), options.idempotent);
  try {
    return await run.start(operation);
  } finally {
    run.end();
  }
}

function settingsOf(operation: unknown, options: RetryOptions & { readonly idempotent: boolean }): RetrySettings {
  if (typeof operation !== 'function') throw new TypeError(`operation is ${quote(operation)}: a function is needed`);
  checkNames(
    'the second argument of withRetry',
    options,
    ['idempotent', ...RETRY_NAMES],
    ' with idempotent: true or false',
  );
  const { idempotent, ...retry } = options;
  if (typeof idempotent !== 'boolean')
    throw new TypeError(`idempotent is ${quote(idempotent)}: true or false is needed`);
  return retrySettings(retry.budget === undefined ? { ...retry, budget: processBudget } : retry);
}

class Run {
  readonly #settings: RetrySettings;
  readonly #idempotent: boolean;
  readonly #budget: RetryBudget | null;
  readonly #attempts: Attempt[] = [];
  readonly #startedMs: number = performance.now();
  readonly #stopped: Promise<never>;
  readonly #stop: Follower;
  #stopReason: Error | null = null;
  /** Of the attempt under way. */
  #controller = new AbortController();
  #deadline: NodeJS.Timeout | null = null;
  #timer: NodeJS.Timeout | undefined;
  #n = 0;

  constructor(settings: RetrySettings, idempotent: boolean) {
    this.#settings = settings;
    this.#idempotent = idempotent;
    this.#budget = settings.budgetOf?.('') ?? null;
    let reject: (reason: Error) => void;
    this.#stopped = new Promise<never>((_, no) => (reject = no));
    // Nobody may be waiting at the moment it fires.
    this.#stopped.catch(() => {});
    this.#stop = (reason) => {
      this.#stopReason = reason;
      this.#controller.abort(reason);
      reject(reason);
    };
  }

  async start<T>(operation: (context: RetryContext) => Promise<T>): Promise<T> {
    const { signal, deadlineMs } = this.#settings;
    if (signal?.aborted) throw toReason(signal);
    if (signal !== null) follow(signal, this.#stop);
    if (deadlineMs !== null) this.#deadline = setTimeout(() => this.#onDeadline(), deadlineMs);
    this.#budget?.deposit();
    const key = newKey();
    for (;;) {
      this.#n++;
      const controller = new AbortController();
      this.#controller = controller;
      try {
        const done = operation({ attempt: this.#n, signal: controller.signal, key });
        const result = await Promise.race([done, this.#stopped]);
        this.#handOver(controller);
        return result;
      } catch (error) {
        if (this.#stopReason !== null) throw this.#stopReason;
        controller.abort(error);
        await Promise.race([this.#pause(this.#judge(error)), this.#stopped]);
      }
    }
  }

  end(): void {
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    clearTimeout(this.#timer);
    if (this.#settings.signal !== null) unfollow(this.#settings.signal, this.#stop);
  }

  /** What listens still, a body for instance, goes on to hear the caller's signal. */
  #handOver(controller: AbortController): void {
    const { signal } = this.#settings;
    if (signal === null || getEventListeners(controller.signal, 'abort').length === 0) return;
    followOn(signal, (reason) => controller.abort(reason));
  }

  /** Milliseconds to wait before the next attempt; throws when there is none. */
  #judge(error: unknown): number {
    const failure = failureOf(error);
    const answer = failure === null ? answerOf(error, this.#settings) : null;
    if (failure === null && answer === null) throw error;
    const unsent = failure !== null && isUnsent(failure);
    const cause = error instanceof Error ? error : new Error(String(error));
    const phase = unsent ? 'connect' : 'response';
    this.#attempts.push(
      toAttempt({ n: this.#n, phase, sent: unsent ? 'no' : 'yes', reused: false, idleMs: 0, error: cause }),
    );
    if (!unsent && !this.#idempotent) {
      if (failure === null) throw error;
      throw this.#error('ERR_FIRSTHAND_MAYBE_EXECUTED', cause);
    }
    // An answer that is not asked for again belongs to the caller.
    const giveUp = (code: ErrorCode): unknown => (failure === null ? error : this.#error(code, cause));
    if (this.#n >= this.#settings.maxAttempts) throw giveUp('ERR_FIRSTHAND_RETRIES_EXHAUSTED');
    const askedMs = answer?.retryAfterMs ?? null;
    if (askedMs !== null && askedMs > MAX_RETRY_AFTER_MS) throw error;
    const delayMs = askedMs === null ? backoffMs(this.#n, this.#settings) : afterServerMs(askedMs, this.#settings);
    const { deadlineMs } = this.#settings;
    if (deadlineMs !== null && performance.now() - this.#startedMs + delayMs >= deadlineMs)
      throw giveUp('ERR_FIRSTHAND_DEADLINE');
    if (this.#budget !== null && !this.#budget.withdraw()) throw giveUp('ERR_FIRSTHAND_BUDGET');
    return delayMs;
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timer = setTimeout(resolve, delayMs);
    });
  }

  #onDeadline(): void {
    const error = new Error(`the deadline of ${this.#settings.deadlineMs} ms ended`);
    // The attempt under way may have sent anything.
    if (this.#attempts.length < this.#n)
      this.#attempts.push(toAttempt({ n: this.#n, phase: 'unknown', sent: 'yes', reused: false, idleMs: 0, error }));
    this.#stop(this.#error('ERR_FIRSTHAND_DEADLINE', error));
  }

  #error(code: ErrorCode, cause: Error): ConnectionError {
    const attempts = [...this.#attempts];
    const execution: Execution = attempts.every(({ sent }) => sent === 'no') ? 'not-executed' : 'maybe-executed';
    const safe = execution === 'not-executed' || this.#idempotent;
    const tries = attempts.length === 1 ? '1 attempt' : `${attempts.length} attempts`;
    const executed = execution === 'not-executed' ? 'it was not executed' : 'it may have been executed';
    return new ConnectionError({
      code,
      message: `the operation failed after ${tries} (${cause.message || cause.name}); ${executed}`,
      attempts,
      execution,
      retry: safe ? 'safe' : 'safe-with-idempotency-key',
      remedy: safe
        ? 'sending it again is safe'
        : 'make the operation idempotent, by the key for instance, and say so with `idempotent: true`',
      operation: 'the operation',
      cause,
    });
  }
}

const MAX_CAUSES = 5;

/** The connection failure that an error is or was caused by; libraries wrap it once or twice. */
function failureOf(error: unknown): Error | null {
  let at = error;
  for (let depth = 0; at instanceof Error && depth < MAX_CAUSES; depth++) {
    if (at.name === 'ConnectionError' || isConnectionFailure(at)) return at;
    at = (at as { cause?: unknown }).cause;
  }
  return null;
}

function isUnsent(failure: Error): boolean {
  return failure instanceof ConnectionError ? failure.execution === 'not-executed' : isConnectError(failure);
}

interface Answer {
  readonly retryAfterMs: number | null;
}

function answerOf(error: unknown, { statusCodes }: RetrySettings): Answer | null {
  if (typeof error !== 'object' || error === null) return null;
  const { status, statusCode, response } = error as ErrorWithStatus;
  const found = status ?? statusCode ?? response?.status ?? response?.statusCode;
  if (found === undefined || !statusCodes.has(found)) return null;
  const headers = response?.headers ?? (error as ErrorWithStatus).headers;
  const value = headers instanceof Headers ? headers.get('retry-after') : headers?.['retry-after'];
  return { retryAfterMs: retryAfterMs(typeof value === 'string' ? value : null, Date.now()) };
}

interface ErrorWithStatus {
  readonly status?: number;
  readonly statusCode?: number;
  readonly headers?: Headers | Readonly<Record<string, unknown>>;
  readonly response?: ErrorWithStatus;
}
