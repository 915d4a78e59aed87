/** The retry interceptor for any dispatcher of undici 7. */
import type { Dispatcher } from 'undici';

import { Collecting, toCollect } from './collect.ts';
import { Operation } from './operation.ts';
import { type RetryOptions, retrySettings } from './options.ts';
import { Policy } from './policy.ts';
import { toRawHandler } from './raw-handler.ts';
import { watchUndici } from './watch.ts';

/**
 * Sends again what can be sent again safely: what never left this process (any method), idempotent methods, requests
 * with an idempotency key. Replaces stale pooled connections without a wait, so it holds all that `staleReuse` does.
 * Compose it outside other interceptors that act on single attempts, and `idempotencyKey()` outside of it.
 * @example
 * new Agent().compose(retry({ maxAttempts: 3 }), idempotencyKey());
 */
export function retry(options: RetryOptions = {}): Dispatcher.DispatcherComposeInterceptor {
  return toInterceptor(new Policy({ retry: retrySettings(options) }));
}

/** Runs every request of a dispatcher as one operation of the policy. */
export function toInterceptor(policy: Policy): Dispatcher.DispatcherComposeInterceptor {
  watchUndici();
  return (dispatch) => (options, handler) => dispatchOperation(dispatch, options, handler, policy);
}

/** A tunnel or an upgrade is no request that could be repeated: it passes as it is. */
export function dispatchOperation(
  dispatch: Dispatcher.Dispatch,
  options: Dispatcher.DispatchOptions,
  handler: Dispatcher.DispatchHandler,
  policy: Policy,
): boolean {
  if (options.upgrade || options.method === 'CONNECT') return dispatch(options, handler);
  const raw = toRawHandler(handler);
  const collect = toCollect(options);
  if (collect === null) return new Operation(dispatch, options, raw, policy).run();
  new Collecting(policy, (error) => raw.onError(error)).run(collect, (read) =>
    new Operation(dispatch, { ...options, ...read }, raw, policy).run(),
  );
  return true;
}
