/** What a store of idempotency keys does. */

/** An answer as it is kept: `body` is null when it was larger than `maxResponseBytes` and only its existence is known. */
export interface StoredResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Uint8Array | null;
}

/** An answer as the middleware sends it: a text is sent as UTF-8. */
export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: StoredResponse['headers'];
  readonly body: string | Uint8Array | null;
}

/**
 * What a store says of a key. `mismatch`: the key belongs to another request. `outcome-unknown`: whoever claimed it let
 * the lease run out without an outcome, so the operation may have been executed.
 */
export type Claim =
  | { readonly state: 'claimed'; readonly token: string }
  | { readonly state: 'done'; readonly response: StoredResponse }
  | { readonly state: 'in-progress' | 'mismatch' | 'outcome-unknown' };

/** Keys, their leases and their answers. Every operation is atomic over all processes that share the store. */
export interface Store {
  /** Takes the key if nobody has it; `leaseMs` is how long the claim lives without a sign of life. */
  claim(key: string, fingerprint: string, leaseMs: number): Promise<Claim>;
  /** Keeps the answer for `ttlMs`. False, and nothing changed, when the token no longer holds the key. */
  complete(token: string, response: StoredResponse, ttlMs: number): Promise<boolean>;
  /** Forgets the claim, so that the next request runs; nothing happens when the token no longer holds the key. */
  release(token: string): Promise<void>;
  close(): Promise<void>;
  /** Counts the lease from now; 0 ends it at once. False when the token no longer holds the key. */
  renew?(token: string, leaseMs: number): Promise<boolean>;
  /** As `claim`, and a key of unknown outcome is taken too: for the `recover` hook. */
  takeOver?(key: string, fingerprint: string, leaseMs: number): Promise<Claim>;
}

/** A store that commits an effect and the completion of its key together: exactly once. */
export interface TransactionalStore<Tx extends object = object> extends Store {
  begin(): Promise<OpenTransaction<Tx>>;
  /**
   * `isRerunnable`: if the lease runs out, the next claim runs the operation again, since all that its handler does is
   * in `begin`'s transaction. Unless told, what the option `transactional` of the store says, and false without it.
   */
  claim(key: string, fingerprint: string, leaseMs: number, isRerunnable?: boolean): Promise<Claim>;
  /** Makes the claim one that is run again. False when the token no longer holds the key. */
  allowRerun?(token: string): Promise<boolean>;
}

/** A transaction between `begin` and its one `commit` or `rollback`. */
export interface OpenTransaction<Tx extends object = object> {
  readonly tx: Tx;
  /** Commits, with the answer if there is a key; false, and all is rolled back, when the token no longer holds it. */
  commit(completion: Completion | null): Promise<boolean>;
  rollback(): Promise<void>;
}

export interface Completion {
  readonly token: string;
  readonly response: StoredResponse;
  readonly ttlMs: number;
}

/** Whether the store has transactions. */
export function isTransactional(store: Store): store is TransactionalStore {
  return typeof (store as Partial<TransactionalStore>).begin === 'function';
}

/** A commit failed because another one changed what this one had read: nothing happened, and it may run again. */
export class TransactionConflict extends Error {
  override readonly name: string = 'TransactionConflict';

  constructor() {
    super('Another transaction changed what this one read');
  }
}
