/** One claimed operation, from the claim to its outcome. */
import { keptHeaders } from './headers.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { Settings } from './options.ts';
import { problem } from './problem.ts';
import { isTransactional, type OpenTransaction, type StoredResponse, TransactionConflict } from './store.ts';

/** A pg client, the `tx` of lmdbStore, or what another transactional store gives. */
export type Transaction = object;

/** What a handler finds as `req.idempotency` (Hono: also `c.get('idempotency')`). */
export interface RequestIdempotency {
  /** The client's key; null where the request has none and none is required. */
  readonly key: string | null;
  /**
   * Runs `effect` in a transaction of the store that commits together with the response, before a byte of it leaves: if
   * the process dies before, nothing happened and the retry runs; if after, the retry gets the response. Resolves when
   * the effect is done and, where the effect itself sent the response, committed. The transaction stays open until the
   * handler answers; an answer of 500 or above, or an effect that throws, rolls it back.
   */
  transact<Tx extends Transaction = Transaction, T = unknown>(effect: (tx: Tx) => T | Promise<T>): Promise<T>;
  /** Says that nothing was executed: the answer is not kept and a retry runs again. */
  release(): void;
}

/** The answer as the handler made it; `headers` are all it set. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  readonly body: Uint8Array | null;
}

/** Answers that say the request was not processed (RFC 9110 §15.5.20, RFC 8470 §5.2, RFC 6585 §4). */
const NOT_PROCESSED: ReadonlySet<number> = new Set([421, 425, 429]);
/** From here on an open transaction is rolled back. */
const SERVER_ERROR = 500;
/** How many leases a handler may go on for after its connection is gone. */
const LEASES_WITHOUT_CLIENT = 10;
const BEATS_A_LEASE = 3;

/** The claim of a key, or (token null) a request without one. Its adapter calls `settle` before the last byte leaves. */
export class Run implements RequestIdempotency {
  readonly key: string | null;
  beatsAt = -1;
  readonly #settings: Settings;
  readonly #heartbeat: Heartbeat;
  readonly #token: string | null;
  readonly #isGone: () => boolean;
  #effect: Promise<void> | null = null;
  #open: OpenTransaction | null = null;
  #didTransact = false;
  #isEffectFailed = false;
  #isReleased = false;
  #isFlowing = false;
  #settling: Promise<StoredResponse | null> | null = null;
  #beatsWithoutClient = 0;

  /** `isGone`: whether the client's connection is closed. */
  constructor(
    settings: Settings,
    heartbeat: Heartbeat,
    key: string | null,
    token: string | null,
    isGone: () => boolean,
  ) {
    this.#settings = settings;
    this.#heartbeat = heartbeat;
    this.key = key;
    this.#token = token;
    this.#isGone = isGone;
    if (token !== null) heartbeat.add(this);
  }

  async transact<Tx extends Transaction, T>(effect: (tx: Tx) => T | Promise<T>): Promise<T> {
    const { store } = this.#settings;
    if (!isTransactional(store)) throw new TypeError('transact needs postgresStore or lmdbStore');
    if (this.#isFlowing || this.#settling !== null) throw new Error('transact must come before the response');
    if (this.#effect !== null || this.#open !== null) throw new Error('transact runs once a request');
    const done = withResolvers();
    this.#effect = done.promise;
    try {
      const open = await store.begin();
      try {
        const value = await effect(open.tx as Tx);
        this.#open = open;
        this.#didTransact = true;
        this.#isEffectFailed = false;
        return await this.#afterEffect(value, done.resolve);
      } catch (error) {
        if (this.#open === null) {
          this.#isEffectFailed = true;
          await open.rollback();
        }
        throw error;
      }
    } finally {
      this.#effect = null;
      done.resolve();
    }
  }

  /** Without a key there is no response to wait for; with one, a response that the effect sent is committed first. */
  async #afterEffect<T>(value: T, resolveEffect: () => void): Promise<T> {
    if (this.#token === null) {
      const open = this.#open!;
      this.#open = null;
      await open.commit(null);
      return value;
    }
    resolveEffect();
    if (this.#settling !== null) await this.#settling;
    return value;
  }

  release(): void {
    this.#isReleased = true;
  }

  /** Whether bytes must wait for `settle`: a transaction is open or its effect runs. */
  get holdsBytes(): boolean {
    return this.#effect !== null || this.#open !== null;
  }

  /** Told by the adapter when bytes of the response left before the outcome is stored. */
  flows(): void {
    this.#isFlowing = true;
  }

  /** Whether a lease is held, or there is only a transaction to give. */
  get isKeyed(): boolean {
    return this.#token !== null;
  }

  get isSettling(): boolean {
    return this.#settling !== null;
  }

  /** Stores the outcome; resolves to what must be sent instead, or to null. Never rejects; the first call counts. */
  settle(answered: Answered): Promise<StoredResponse | null> {
    this.#settling ??= this.#settle(answered);
    return this.#settling;
  }

  /** The handler will never answer: rolls back, and the outcome is unknown (or, in a transactional store, nothing). */
  abandon(): void {
    this.#settling ??= this.#abandon();
  }

  /** The outcome is stored elsewhere: the lease is renewed no longer. */
  forget(): void {
    this.#heartbeat.remove(this);
  }

  beat(): void {
    if (this.#isGone() && ++this.#beatsWithoutClient > LEASES_WITHOUT_CLIENT * BEATS_A_LEASE) return this.abandon();
    const { store, leaseMs, onError } = this.#settings;
    store.renew?.(this.#token!, leaseMs).catch(onError);
  }

  async #settle(answered: Answered): Promise<StoredResponse | null> {
    const { store, onError } = this.#settings;
    const token = this.#token;
    if (token === null) return null;
    // Only while the effect runs: the response may come from inside it.
    if (this.#effect !== null) await this.#effect;
    try {
      if (this.#open !== null) return await this.#finish(this.#open, token, answered);
      if (this.#isEffectFailed && answered.status < 400) {
        // The effect answered and then threw: what it answered did not happen.
        await store.release(token);
        return problem('handler-failed');
      }
      if (this.#isReleased || this.#isNothingDone(answered.status)) await store.release(token);
      else if (!(await store.complete(token, this.#toStored(answered), this.#settings.ttlMs)))
        onError(new Error('The lease of an idempotency key was lost before its handler answered'));
      if (answered.status < 300) this.#warnWithoutTransaction();
      return null;
    } catch (error) {
      // Without a transaction the answer is true whether kept or not; the lease runs out and the outcome is unknown.
      onError(error);
      return this.#open === null ? null : problem('store-unavailable');
    } finally {
      this.#heartbeat.remove(this);
    }
  }

  async #finish(open: OpenTransaction, token: string, answered: Answered): Promise<StoredResponse | null> {
    if (answered.status >= SERVER_ERROR || this.#isReleased) {
      await open.rollback();
      await this.#settings.store.release(token);
      return null;
    }
    const { ttlMs } = this.#settings;
    try {
      const isCommitted = await open.commit({ token, response: this.#toStored(answered), ttlMs });
      return isCommitted ? null : problem('in-progress');
    } catch (error) {
      if (!(error instanceof TransactionConflict)) throw error;
      await this.#settings.store.release(token);
      return problem('conflict');
    }
  }

  async #abandon(): Promise<null> {
    this.#heartbeat.remove(this);
    try {
      if (this.#effect !== null) await this.#effect;
      await this.#open?.rollback();
      if (this.#token !== null) await this.#settings.store.renew?.(this.#token, 0);
    } catch (error) {
      this.#settings.onError(error);
    }
    return null;
  }

  /** In a transactional store nothing counts as done outside of `transact`. */
  #isNothingDone(status: number): boolean {
    return NOT_PROCESSED.has(status) || (status >= SERVER_ERROR && this.#settings.transactional);
  }

  #toStored({ status, headers, body }: Answered): StoredResponse {
    const { keepHeader, maxResponseBytes } = this.#settings;
    const isKept = body !== null && body.length <= maxResponseBytes;
    return { status, headers: keptHeaders(headers, keepHeader), body: isKept ? body : null };
  }

  #warnWithoutTransaction(): void {
    if (!this.#settings.transactional || this.#didTransact || this.#isReleased || hasWarned) return;
    hasWarned = true;
    process.emitWarning(
      'A handler succeeded without req.idempotency.transact. Its effects are not exactly once: give the store { transactional: false }, or put them into transact.',
      { code: 'FIRSTHAND_NO_TRANSACT' },
    );
  }
}

let hasWarned = false;

// Promise.withResolvers came with Node 22.
function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
