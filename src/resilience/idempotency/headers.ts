/** Which fields of an answer are kept for its replays. */

import type { StoredResponse } from './store.ts';

/** Marks a replay; the name Stripe uses, since the draft defines none. */
export const REPLAYED_HEADER = 'idempotent-replayed';

/**
 * Never kept: credentials of one moment (Set-Cookie), fields of one connection (RFC 9110 §7.6.1), and those that are
 * made anew for every message.
 */
const NEVER: ReadonlySet<string> = new Set([
  'set-cookie',
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'date',
  'age',
  'server-timing',
  REPLAYED_HEADER,
]);

type Value = string | number | readonly string[] | undefined;

/** The fields of an answer as its framework has them. */
export type AnyHeaders = Readonly<Record<string, Value>>;

/** The fields to keep: not those of NEVER, nor those that Connection names, nor those that `isKept` refuses. */
export function keptHeaders(
  headers: AnyHeaders,
  isKept: ((name: string) => boolean) | undefined,
): Record<string, string | readonly string[]> {
  const kept: Record<string, string | readonly string[]> = {};
  const nominated = headers['connection'] === undefined ? undefined : nominatedBy(headers['connection']);
  for (const raw in headers) {
    const value = headers[raw];
    const name = raw.toLowerCase();
    // http2's compatibility API lists :status among the fields.
    if (name.startsWith(':')) continue;
    if (value === undefined || NEVER.has(name) || nominated?.has(name) === true || isKept?.(name) === false) continue;
    kept[name] = typeof value === 'object' ? [...value] : String(value);
  }
  return kept;
}

/** The fields of a replay of an answer with the kept fields `headers`. */
export function replayHeaders(headers: StoredResponse['headers']): StoredResponse['headers'] {
  if (headers !== lastReplayed) {
    lastReplayed = headers;
    lastReplayHeaders = { ...headers, [REPLAYED_HEADER]: 'true' };
  }
  return lastReplayHeaders;
}

/** Answers in a row mostly share one object (see HeaderKeeper); a copy with one more field takes five microseconds. */
let lastReplayed: StoredResponse['headers'] = {};
let lastReplayHeaders: StoredResponse['headers'] = { [REPLAYED_HEADER]: 'true' };

/** Filters the answers of one server; equal fields in a row, the common case, share one object. */
export class HeaderKeeper {
  readonly #isKept: ((name: string) => boolean) | undefined;
  #given: AnyHeaders = {};
  #kept: StoredResponse['headers'] = {};

  constructor(isKept: ((name: string) => boolean) | undefined) {
    this.#isKept = isKept;
  }

  /** The fields to keep of `headers`, which may change after. */
  keep(headers: AnyHeaders): StoredResponse['headers'] {
    if (!isSame(headers, this.#given)) {
      this.#kept = keptHeaders(headers, this.#isKept);
      this.#given = { ...headers };
    }
    return this.#kept;
  }
}

function isSame(one: AnyHeaders, other: AnyHeaders): boolean {
  let names = 0;
  for (const name in one) {
    // Of a value that is undefined it cannot be told whether the other has it.
    if (one[name] === undefined || one[name] !== other[name]) return false;
    names++;
  }
  for (const _ in other) names--;
  return names === 0;
}

function nominatedBy(connection: Value): ReadonlySet<string> {
  return new Set(
    String(connection)
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
}
