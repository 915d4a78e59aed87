/** The interceptor that gives each operation its key (draft-ietf-httpapi-idempotency-key-header). */
import { randomFillSync } from 'node:crypto';
import type { Dispatcher } from 'undici';

import { checkNames, quote } from './check-options.ts';
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

/** Defaults filled in; names and types checked. */
export function keySettings(
  options: IdempotencyKeyOptions = {},
  where = 'the argument of idempotencyKey',
  orElse = '',
): KeySettings {
  checkNames(where, options, ['header', 'methods'], orElse);
  const { header = 'Idempotency-Key', methods = ['POST', 'PATCH'] } = options;
  if (typeof header !== 'string' || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(header))
    throw new TypeError(`header is ${quote(header)}: the name of a header is needed`);
  if (!Array.isArray(methods) || methods.some((method) => typeof method !== 'string'))
    throw new TypeError(`methods is ${quote(methods)}: an array of names like 'POST' is needed`);
  return { name: header.toLowerCase(), methods: new Set(methods.map((method: string) => method.toUpperCase())) };
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
 * other keys of this process can guess one. Many are drawn and written at once: randomUUID() for each takes several
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
/** Where its four digits begin for each two of the bytes. */
const PLACES = [1, 5, 10, 15, 20, 25, 29, 33] as const;
const TEMPLATE = '"00000000-0000-0000-0000-000000000000"';
/** The two digits of each byte. */
const DIGITS: Uint16Array = Uint16Array.from({ length: 256 }, (_, byte) =>
  Buffer.from(byte.toString(16).padStart(2, '0')).readUInt16BE(),
);
/** Drawn for many strings of keys: a draw takes ten microseconds, however short. */
const random = Buffer.allocUnsafeSlow(8 * KEYS_AT_ONCE * UUID_BYTES);
let usedBytes = random.length;
const written: Buffer = Buffer.from(TEMPLATE.repeat(KEYS_AT_ONCE));
const view: DataView = new DataView(written.buffer, written.byteOffset, written.length);
let keys = '';
let usedChars = 0;

function writeKeys(): string {
  if (usedBytes === random.length) {
    randomFillSync(random);
    usedBytes = 0;
  }
  for (let at = 0; at < written.length; at += KEY_CHARS) {
    random[usedBytes + 6] = (random[usedBytes + 6]! & 0x0f) | 0x40;
    random[usedBytes + 8] = (random[usedBytes + 8]! & 0x3f) | 0x80;
    for (const place of PLACES) {
      view.setUint32(at + place, (DIGITS[random[usedBytes]!]! << 16) | DIGITS[random[usedBytes + 1]!]!);
      usedBytes += 2;
    }
  }
  return written.toString('latin1');
}
