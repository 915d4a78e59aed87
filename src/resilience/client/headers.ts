/** Reads and adds one header in each form in which undici takes and hands on headers. */
import type { Dispatcher } from 'undici';

import type { RawHeaders } from './raw-handler.ts';

type RequestHeaders = Dispatcher.DispatchOptions['headers'];
type Given = NonNullable<RequestHeaders>;

/** The value of a request header, or null; `name` in lower case. */
export function requestHeader(headers: RequestHeaders, name: string): string | null {
  if (headers === null || headers === undefined) return null;
  if (Array.isArray(headers)) {
    for (let at = 0; at + 1 < headers.length; at += 2)
      if (isNamed(String(headers[at]), name)) return String(headers[at + 1]);
  } else if (isIterable(headers)) {
    for (const [key, value] of headers) if (isNamed(key, name)) return String(value);
  } else {
    for (const key in headers) if (isNamed(key, name)) return headers[key] === undefined ? null : String(headers[key]);
  }
  return null;
}

/** The same headers with one more, or with its value replaced; the given ones stay as they are. */
export function withHeader(headers: RequestHeaders, name: string, value: string): Given {
  const lower = name.toLowerCase();
  if (headers === null || headers === undefined) return { [name]: value };
  if (Array.isArray(headers) || isIterable(headers)) {
    const flat: string[] = [];
    for (const [key, given] of pairs(headers)) if (key.toLowerCase() !== lower) flat.push(key, given as string);
    flat.push(name, value);
    return flat;
  }
  const copy: Record<string, string | string[] | undefined> = {};
  for (const key in headers) if (!isNamed(key, lower)) copy[key] = headers[key];
  copy[name] = value;
  return copy;
}

/** The value of a response header, or null; `name` in lower case. */
export function responseHeader(headers: RawHeaders, name: string): string | null {
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const key = headers[at] as Buffer | string;
    if (key.length !== name.length || text(key).toLowerCase() !== name) continue;
    const value = headers[at + 1]!;
    return Array.isArray(value) ? value.map(text).join(', ') : text(value as Buffer | string);
  }
  return null;
}

/** Most names differ in length already. */
function isNamed(key: string, lower: string): boolean {
  return key.length === lower.length && key.toLowerCase() === lower;
}

function* pairs(headers: RequestHeaders): Iterable<readonly [string, unknown]> {
  if (headers === null || headers === undefined) return;
  if (Array.isArray(headers)) {
    for (let at = 0; at + 1 < headers.length; at += 2) yield [String(headers[at]), headers[at + 1]];
  } else if (isIterable(headers)) {
    for (const [key, value] of headers) yield [key, value];
  } else {
    for (const key in headers) if (headers[key] !== undefined) yield [key, headers[key]];
  }
}

function isIterable(headers: object): headers is Iterable<[string, unknown]> {
  return typeof (headers as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function';
}

function text(value: Buffer | string): string {
  return typeof value === 'string' ? value : value.toString('latin1');
}
