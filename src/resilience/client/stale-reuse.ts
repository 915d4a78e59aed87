/** The stale-reuse interceptor: dead pooled connections never reach the caller. */
import type { Dispatcher } from 'undici';

import { checkNames } from './check-options.ts';
import { NO_RETRY } from './options.ts';
import { Policy } from './policy.ts';
import { toInterceptor } from './retry.ts';

/**
 * A request of any method whose pooled connection died before a byte of it was handed to the kernel goes out on
 * another one, at once. Every other failure passes as undici gave it. No options so far.
 */
export function staleReuse(options: Readonly<Record<string, never>> = {}): Dispatcher.DispatcherComposeInterceptor {
  checkNames('the argument of staleReuse', options, []);
  return toInterceptor(new Policy({ retry: NO_RETRY, raw: true }));
}
