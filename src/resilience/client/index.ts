/**
 * `firsthand/client`: requests that survive flaky connections without being executed twice. Needs undici 7.
 *
 * @module
 */
export { createClient } from './create-client.ts';
export type { Client, ClientOptions } from './create-client.ts';
export { installGlobalFetch } from './install-global-fetch.ts';
export { retry } from './retry.ts';
export { staleReuse } from './stale-reuse.ts';
export { idempotencyKey } from './idempotency-key.ts';
export type { IdempotencyKeyOptions } from './idempotency-key.ts';
export { circuitBreaker } from './circuit-breaker.ts';
export type { BreakerOptions } from './breaker.ts';
export { withRetry } from './with-retry.ts';
export type { RetryContext } from './with-retry.ts';
export type { RetryOptions } from './options.ts';
export type { Jitter } from './backoff.ts';
export { retryBudget } from './budget.ts';
export type { RetryBudget, RetryBudgetOptions } from './budget.ts';
export { ConnectionError } from './connection-error.ts';
export type { AttemptJson, ConnectionErrorJson, Execution } from './connection-error.ts';
export { ERROR_CODES } from './error-codes.ts';
export type { ErrorCode, ErrorMeaning } from './error-codes.ts';
export type { Attempt, Sent } from './attempt.ts';
export { keepAliveAgent } from './agent.ts';
export type { KeepAliveAgentOptions } from './agent.ts';
