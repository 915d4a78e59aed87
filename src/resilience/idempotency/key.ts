/** The value of Idempotency-Key: a quoted string as in draft-ietf-httpapi-idempotency-key-header, or a bare token. */

/** Characters of a key, after unquoting. */
export const MAX_KEY_CHARS = 255;

// RFC 9651 §3.3.3, then parameters (§3.1.2), which are ignored.
const QUOTED =
  /^ *"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)" *(?:; *[a-z*][a-z0-9_.*-]*(?:=[\x21\x23-\x2b\x2d-\x3a\x3c-\x7e]*)?)*$/;
/** The common case of it, several times faster: nothing escaped, no parameters. */
const PLAIN = /^"([\x20\x21\x23-\x5b\x5d-\x7e]{1,255})"$/;
/** What clients send in practice: visible characters except those that delimit lists, strings and parameters. */
const BARE = /^ *([\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+) *$/;

/** A key of which every character is escaped, and some parameters: more is refused unread. */
const MAX_VALUE_CHARS = 1024;

/**
 * The key in a field value, between quotes: mostly the value as it is, which costs the store no new text. Null when it is
 * malformed, empty or too long.
 */
export function quotedKey(value: string): string | null {
  if (value.length > MAX_VALUE_CHARS) return null;
  if (PLAIN.test(value)) return value;
  const key = parseKey(value);
  return key === null ? null : `"${key}"`;
}

/** The key that `quotedKey` found. */
export function unquoted(key: string): string {
  return key.slice(1, -1);
}

function parseKey(value: string): string | null {
  const quoted = QUOTED.exec(value);
  const key = quoted === null ? BARE.exec(value)?.[1] : quoted[1]!.replaceAll(/\\(.)/g, '$1');
  return key === undefined || key.length === 0 || key.length > MAX_KEY_CHARS ? null : key;
}
