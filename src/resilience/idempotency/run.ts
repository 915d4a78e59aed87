/** One claimed operation, from the claim to its outcome. */
import { type AnyHeaders, keptHeaders } from './headers.ts';
import type { Heartbeat } from './heartbeat.ts';
import { bytesAtMost, KeptResponse } from './kept-response.ts';
import type { Settings } from './options.ts';
import { problem } from './problem.ts';
import type { Routes } from './routes.ts';
import { type Eventually, eventually } from './settled.ts';
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
   * handler answers; an answer of 500 or above, or an effect that throws, rolls it back. A handler that calls it says that
   * it has no effects elsewhere: what else it does may be done again.
   */
  transact<Tx extends Transaction = Transaction, T = unknown>(effect: (tx: Tx) => T | Promise<T>): Promise<T>;
  /** Says that nothing was executed: the answer is not kept and a retry runs again. */
  release(): void;
}

/** The answer as the handler made it; `headers` are all it set, in an object that nobody changes after. */
export interface Answered {
  readonly status: number;
  readonly headers: AnyHeaders;
  readonly body: string | Uint8Array | null;
}

/**
 * Answers that say the request was not processed (RFC 9110 §15.5.20, RFC 8470 §5.2, RFC 6585 §4), or is to be sent
 * unchanged, key included, to another place (RFC 9110 §15.4.8, §15.4.9): kept, the key would be refused there.
 */
const NOT_PROCESSED: ReadonlySet<number> = new Set([307, 308, 421, 425, 429]);
/** From here on an open transaction is rolled back. */
const SERVER_ERROR = 500;
/** How many leases a handler may go on for after its connection is gone. */
const LEASES_WITHOUT_CLIENT = 10;
const BEATS_A_LEASE = 3;

/** A key that was claimed. */
export interface Claimed {
  readonly key: string;
  readonly token: string;
  /** What is learnt about the route; null where nothing is to be learnt. */
  readonly route: string | null;
  /** Whether the claim was made as one that is run again when it is lost. */
  readonly isRerunnable: boolean;
}

/** A claimed key, or (null) a request without one. Its adapter calls `settle` before the last byte leaves. */
export class Run implements RequestIdempotency {
  readonly key: string | null;
  beatsAt = -1;
  readonly #settings: Settings;
  readonly #heartbeat: Heartbeat;
  readonly #routes: Routes;
  readonly #token: string | null;
  readonly #route: string | null;
  readonly #isGone: () => boolean;
  #isRerunnable: boolean;
  #effect: Promise<void> | null = null;
  #open: OpenTransaction | null = null;
  #didTransact = false;
  #isEffectFailed = false;
  #isReleased = false;
  #isFlowing = false;
  /** Undefined until the first call of `settle` or `abandon`. */
  #outcome: Eventually<StoredResponse | null> | undefined;
  #beatsWithoutClient = 0;

  /** `isGone`: whether the client's connection is closed. */
  constructor(
    settings: Settings,
    heartbeat: Heartbeat,
    routes: Routes,
    claimed: Claimed | null,
    isGone: () => boolean,
  ) {
    this.#settings = settings;
    this.#heartbeat = heartbeat;
    this.#routes = routes;
    this.key = claimed === null ? null : claimed.key;
    this.#token = claimed === null ? null : claimed.token;
    this.#route = claimed === null ? null : claimed.route;
    this.#isRerunnable = claimed !== null && claimed.isRerunnable;
    this.#isGone = isGone;
    if (claimed !== null) heartbeat.add(this);
  }

  async transact<Tx extends Transaction, T>(effect: (tx: Tx) => T | Promise<T>): Promise<T> {
    const { store } = this.#settings;
    if (!isTransactional(store)) throw new TypeError('transact needs postgresStore or lmdbStore');
    if (this.#isFlowing || this.#outcome !== undefined) throw new Error('transact must come before the response');
    if (this.#effect !== null || this.#open !== null) throw new Error('transact runs once a request');
    const done = withResolvers();
    this.#effect = done.promise;
    this.#didTransact = true;
    try {
      await this.#allowRerun();
      const open = await store.begin();
      try {
        const value = await effect(open.tx as Tx);
        this.#open = open;
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

  /** Whoever calls `transact` has the effects in it: from here on a crash is no unknown outcome. */
  async #allowRerun(): Promise<void> {
    const { store, reruns } = this.#settings;
    if (this.#isRerunnable || reruns === 'never' || this.#token === null || !isTransactional(store)) return;
    // A token that was lost meanwhile is found out by the commit.
    await store.allowRerun?.(this.#token);
    this.#isRerunnable = true;
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
    if (this.#outcome !== undefined) await this.#outcome;
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
    return this.#outcome !== undefined;
  }

  /**
   * Stores the outcome: what must be sent instead, or null; at once where the store and the effect let it. Never throws
   * and never rejects; the first call counts.
   */
  settle(answered: Answered): Eventually<StoredResponse | null> {
    if (this.#outcome === undefined) this.#outcome = this.#settle(answered);
    return this.#outcome;
  }

  /** The handler will never answer: rolls back, and the outcome is unknown (or, after `transact`, nothing). */
  abandon(): void {
    if (this.#outcome === undefined) this.#outcome = this.#abandon();
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

  #settle(answered: Answered): Eventually<StoredResponse | null> {
    const token = this.#token;
    if (token === null) return null;
    if (this.holdsBytes || this.#isEffectFailed) return this.#settleEffect(token, answered);
    return this.#keep(token, answered);
  }

  async #settleEffect(token: string, answered: Answered): Promise<StoredResponse | null> {
    const { store, onError } = this.#settings;
    // Only while the effect runs: the response may come from inside it.
    if (this.#effect !== null) await this.#effect;
    try {
      if (this.#open !== null) return await this.#finish(this.#open, token, answered);
      // The effect answered and then threw: what it answered did not happen.
      const isUntrue = this.#isEffectFailed && answered.status < 400;
      if (!isUntrue) return await this.#keep(token, answered);
      await store.release(token);
      return problem('handler-failed');
    } catch (error) {
      onError(error);
      return problem('store-unavailable');
    } finally {
      this.#heartbeat.remove(this);
    }
  }

  /** Without a transaction the answer is true whether kept or not; if not, the lease runs out. */
  #keep(token: string, answered: Answered): Eventually<null> {
    const { store, ttlMs } = this.#settings;
    try {
      const isForgotten = this.#isReleased || this.#isNothingDone(answered.status);
      const storing: Promise<boolean | void> = isForgotten
        ? store.release(token)
        : store.complete(token, this.#toStored(answered), ttlMs);
      const isStored = eventually(storing);
      if (isStored instanceof Promise)
        return isStored.then(
          (isHeld) => this.#kept(isHeld, answered.status),
          (error: unknown) => this.#notKept(error),
        );
      return this.#kept(isStored, answered.status);
    } catch (error) {
      return this.#notKept(error);
    }
  }

  #kept(isHeld: boolean | void, status: number): null {
    this.#heartbeat.remove(this);
    if (isHeld === false)
      this.#settings.onError(new Error('The lease of an idempotency key was lost before its handler answered'));
    if (status < 400 && !this.#didTransact && !this.#isReleased) this.#succeededWithoutTransaction(status);
    return null;
  }

  #notKept(error: unknown): null {
    this.#heartbeat.remove(this);
    this.#settings.onError(error);
    return null;
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
      if (isCommitted && this.#route !== null) this.#routes.learn(this.#route, true);
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

  /** Where effects are in `transact` nothing else was done. */
  #isNothingDone(status: number): boolean {
    if (NOT_PROCESSED.has(status)) return true;
    const { reruns } = this.#settings;
    return status >= SERVER_ERROR && (reruns === 'always' || (reruns === 'learnt' && this.#didTransact));
  }

  #toStored({ status, headers, body }: Answered): StoredResponse {
    const { store, keepHeader, maxResponseBytes } = this.#settings;
    const kept = isLonger(body, maxResponseBytes) ? null : body;
    if (store.keepsAsGiven === true) return new KeptResponse(status, headers, keepHeader, kept);
    const bytes = typeof kept === 'string' ? Buffer.from(kept) : kept;
    return { status, headers: keptHeaders(headers, keepHeader), body: bytes };
  }

  #succeededWithoutTransaction(status: number): void {
    if (this.#route !== null) this.#routes.learn(this.#route, false);
    if (this.#settings.reruns !== 'always' || status >= 300 || hasWarned) return;
    hasWarned = true;
    process.emitWarning(
      'A handler succeeded without req.idempotency.transact on a store with { transactional: true }: its effects may happen twice. Put them into transact, or leave the option out.',
      { code: 'FIRSTHAND_NO_TRANSACT' },
    );
  }
}

let hasWarned = false;

function isLonger(body: string | Uint8Array | null, bytes: number): boolean {
  if (typeof body === 'string') return bytesAtMost(body) > bytes && Buffer.byteLength(body) > bytes;
  return body !== null && body.length > bytes;
}

// Promise.withResolvers came with Node 22.
function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
