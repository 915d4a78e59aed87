/** The interceptor that gives each operation its key (draft-ietf-httpapi-idempotency-key-header). */
import { randomUUID } from 'node:crypto';
import type { Dispatcher } from 'undici';

import { requestHeader, withHeader } from './headers.ts';
import { knowKeyHeader } from './key-headers.ts';

export interface IdempotencyKeyOptions {
  /** Default `Idempotency-Key`. */
  readonly header?: string;
  /** Default POST and PATCH: the methods that RFC 9110 and RFC 5789 do not call idempotent and that carry work. */
  readonly methods?: readonly string[];
}

export interface KeySettings {
  readonly header: string;
  /** In lower case. */
  readonly name: string;
  readonly methods: ReadonlySet<string>;
}

/**
 * Adds a key to requests that have none: one for all attempts when composed outside of `retry`.
 * @example
 * new Agent().compose(retry(), idempotencyKey());
 */
export function idempotencyKey(options: IdempotencyKeyOptions = {}): Dispatcher.DispatcherComposeInterceptor {
  const settings = keySettings(options);
  return (dispatch) => (given, handler) => dispatch(withKey(given, settings), handler);
}

/** Defaults filled in and the name checked. */
export function keySettings(options: IdempotencyKeyOptions = {}): KeySettings {
  const { header = 'Idempotency-Key', methods = ['POST', 'PATCH'] } = options;
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(header))
    throw new TypeError(`header is ${JSON.stringify(header)}: the name of a header is needed`);
  knowKeyHeader(header);
  return { header, name: header.toLowerCase(), methods: new Set(methods.map((method) => method.toUpperCase())) };
}

/** The same request with a key, unless its method needs none or it brings its own. */
export function withKey(
  options: Dispatcher.DispatchOptions,
  { header, name, methods }: KeySettings,
  key?: string,
): Dispatcher.DispatchOptions {
  if (!methods.has(options.method) || requestHeader(options.headers, name) !== null) return options;
  return { ...options, headers: withHeader(options.headers, header, key ?? newKey()) };
}

/** A string of RFC 9651 §3.3.3, quotes included. */
export function newKey(): string {
  return `"${randomUUID()}"`;
}
