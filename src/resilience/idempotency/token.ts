/** Owner tokens: a random part, so that an old owner is told from a new one, and the key they hold. */
import { randomUUID } from 'node:crypto';

const RANDOM_CHARS = 36;

/** A token that nobody else has, for `key`. */
export function newToken(key: string): string {
  return `${randomUUID()}.${key}`;
}

/** The key that a token was made for; the empty string for a text that is no token. */
export function keyOfToken(token: string): string {
  return token[RANDOM_CHARS] === '.' ? token.slice(RANDOM_CHARS + 1) : '';
}
