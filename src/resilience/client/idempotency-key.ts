/** The interceptor that gives each operation its key (draft-ietf-httpapi-idempotency-key-header). */
import { randomFillSync } from 'node:crypto';
import type { Dispatcher } from 'undici';

import { requestHeader, withHeaders, withNewHeader } from './headers.ts';
import { markKeyHeader } from './key-headers.ts';

export interface IdempotencyKeyOptions {
  /** Default `Idempotency-Key`. */
  readonly header?: string;
  /** Default POST and PATCH: the methods that RFC 9110 and RFC 5789 do not call idempotent and that carry work. */
  readonly methods?: readonly string[];
}

export interface KeySettings {
  /** In lower case, as fetch sends every name: undici would have to convert it for each request. */
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
  return { name: header.toLowerCase(), methods: new Set(methods.map((method) => method.toUpperCase())) };
}

/** The same request with a key, unless its method needs none or it brings its own. */
export function withKey(
  options: Dispatcher.DispatchOptions,
  { name, methods }: KeySettings,
  key?: string,
): Dispatcher.DispatchOptions {
  if (requestHeader(options.headers, name) !== null) return markKeyHeader(options, name);
  if (!methods.has(options.method)) return options;
  return markKeyHeader(withHeaders(options, withNewHeader(options.headers, name, key ?? newKey())), name);
}

/**
 * A random UUID (RFC 9562 §5.4) as a string of RFC 9651 §3.3.3, quotes included: 122 random bits, so nobody who saw
 * other keys of this process can guess one. Many are drawn and written at once: randomUUID() for each takes three
 * times as long.
 */
export function newKey(): string {
  if (usedChars === keys.length) {
    keys = writeKeys();
    usedChars = 0;
  }
  return keys.slice(usedChars, (usedChars += KEY_CHARS));
}

const KEYS_AT_ONCE = 128;
const UUID_BYTES = 16;
/** 36 of the UUID and two quotes. */
const KEY_CHARS = 38;
const DIGITS: Buffer = Buffer.from('0123456789abcdef');
const TEMPLATE = '"00000000-0000-0000-0000-000000000000"';
const random = Buffer.allocUnsafeSlow(KEYS_AT_ONCE * UUID_BYTES);
const written: Buffer = Buffer.from(TEMPLATE.repeat(KEYS_AT_ONCE));
let keys = '';
let usedChars = 0;

function writeKeys(): string {
  randomFillSync(random);
  for (let key = 0; key < KEYS_AT_ONCE; key++) {
    const from = key * UUID_BYTES;
    random[from + 6] = (random[from + 6]! & 0x0f) | 0x40;
    random[from + 8] = (random[from + 8]! & 0x3f) | 0x80;
    let at = key * KEY_CHARS + 1;
    for (let byte = 0; byte < UUID_BYTES; byte++) {
      if (byte === 4 || byte === 6 || byte === 8 || byte === 10) at++;
      written[at++] = DIGITS[random[from + byte]! >> 4]!;
      written[at++] = DIGITS[random[from + byte]! & 0x0f]!;
    }
  }
  return written.toString('latin1');
}
