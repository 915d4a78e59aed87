/** A key that is held while its operation runs, whatever the store. */
import type { Eventually } from './eventually.ts';
import type { Store, StoredResponse } from './store.ts';

/** Ends with `complete` or `release`; what is asked after does nothing. */
export interface Hold {
  /** For the transactions of a store. */
  readonly token: string;
  /** False when the key is no longer held. */
  complete(
    status: number,
    headers: StoredResponse['headers'],
    body: string | Uint8Array | null,
    ttlMs: number,
  ): Eventually<boolean>;
  release(): Eventually<void>;
  /** False when the key is no longer held. */
  renew(leaseMs: number): Eventually<boolean>;
}

/** By the token that the store gave out. */
export class TokenHold implements Hold {
  readonly token: string;
  readonly #store: Store;

  constructor(store: Store, token: string) {
    this.#store = store;
    this.token = token;
  }

  complete(
    status: number,
    headers: StoredResponse['headers'],
    body: string | Uint8Array | null,
    ttlMs: number,
  ): Promise<boolean> {
    return this.#store.complete(this.token, { status, headers, body: toBytes(body) }, ttlMs);
  }

  release(): Promise<void> {
    return this.#store.release(this.token);
  }

  renew(leaseMs: number): Eventually<boolean> {
    return this.#store.renew?.(this.token, leaseMs) ?? true;
  }
}

/** A text as UTF-8. */
export function toBytes(body: string | Uint8Array | null): Uint8Array | null {
  return typeof body === 'string' ? Buffer.from(body) : body;
}
