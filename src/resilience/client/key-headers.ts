/** The headers that make a request repeatable: the draft's, the older name that Go knows too, and configured ones. */
import type { Dispatcher } from 'undici';

import { requestHeader } from './headers.ts';

const NAMES: string[] = ['idempotency-key', 'x-idempotency-key'];

/** Adds a name for all clients of the process: `retry` has to know what `idempotencyKey` adds outside of it. */
export function knowKeyHeader(name: string): void {
  const lower = name.toLowerCase();
  if (!NAMES.includes(lower)) NAMES.push(lower);
}

/** Whether a request carries an idempotency key that is not empty. */
export function isKeyed(headers: Dispatcher.DispatchOptions['headers']): boolean {
  return NAMES.some((name) => (requestHeader(headers, name) ?? '') !== '');
}
