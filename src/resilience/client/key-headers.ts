/** The headers that make a request repeatable: the draft's, the older name that Go knows too, and a client's own. */
import type { Dispatcher } from 'undici';

import { requestHeader } from './headers.ts';

type Options = Dispatcher.DispatchOptions;

const NAMES = ['idempotency-key', 'x-idempotency-key'] as const;

/**
 * The name of another header that is the key of this one request, in lower case. It travels with the request from
 * `idempotencyKey` to `retry`: what is a key for one client is a trace id for the next.
 */
const KEY_HEADER: unique symbol = Symbol('firsthand.key-header');

/** The same request, marked as one whose key is in a header of this name, where the name alone does not say so. */
export function markKeyHeader<T extends Options>(options: T, lower: string): T {
  return isKnown(lower) ? options : { ...options, [KEY_HEADER]: lower };
}

/** Whether a request carries an idempotency key that is not empty. */
export function isKeyed(options: Options): boolean {
  const { headers } = options;
  const own = (options as { [KEY_HEADER]?: string })[KEY_HEADER];
  if (own !== undefined && (requestHeader(headers, own) ?? '') !== '') return true;
  return NAMES.some((name) => (requestHeader(headers, name) ?? '') !== '');
}

function isKnown(lower: string): boolean {
  return lower === NAMES[0] || lower === NAMES[1];
}
