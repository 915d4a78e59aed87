/** The circuit-breaker interceptor: an origin that keeps failing is left alone for a while. */
import type { Dispatcher } from 'undici';

import { type BreakerOptions, breakerSettings } from './breaker.ts';
import { NO_RETRY } from './options.ts';
import { Policy } from './policy.ts';
import { toInterceptor } from './retry.ts';

/**
 * One circuit per origin, on cockatiel's: opens after failures in a row, lets one probe through after a while, closes
 * when that is answered. On an open circuit requests fail at once with ERR_FIRSTHAND_CIRCUIT_OPEN and nothing is sent.
 * With `retry` inside the same chain let `createClient` put them together: it holds retries back while the circuit is
 * open, where two separate interceptors would burn them.
 */
export function circuitBreaker(options: BreakerOptions = {}): Dispatcher.DispatcherComposeInterceptor {
  const breaker = breakerSettings(options);
  return toInterceptor(new Policy({ retry: NO_RETRY, raw: true, replacesStale: false, breaker }));
}
