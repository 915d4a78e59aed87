/** One claimed operation, from the claim to its outcome. */
import type { Eventually } from './eventually.ts';
import type { AnyHeaders, HeaderKeeper } from './headers.ts';
import type { Heartbeat } from './heartbeat.ts';
import { type Hold, toBytes } from './hold.ts';
import { unquoted } from './key.ts';
import type { Settings } from './options.ts';
import { problem } from './problem.ts';
import type { Routes } from './routes.ts';
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

/** The answer as the handler made it; `headers` are all it set. */
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

/** What all runs of a gate share. */
export interface Shared {
  readonly settings: Settings;
  readonly heartbeat: Heartbeat;
  readonly routes: Routes;
  readonly keeper: HeaderKeeper;
}

/** The client's connection: a response of node, or what is like it here. */
export interface Connection {
  readonly destroyed: boolean;
}

/**
 * A claimed key, or (null) a request without one. Its adapter calls `settle` before the last byte leaves.
 *
 * Its methods are private by TypeScript only: V8 of Node 20 adds the brand of `#` methods to each instance in a slow call.
 */
export class Run implements RequestIdempotency {
  beatsAt: number = -1;
  readonly #shared: Shared;
  /** In quotes. */
  readonly #key: string | null;
  readonly #hold: Hold | null;
  readonly #route: string | null;
  readonly #connection: Connection | null;
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

  /**
   * `key`: in quotes. `route`: what is learnt about it, null where nothing is to be learnt. `isRerunnable`: whether the claim was made as one
   * that is run again when it is lost.
   */
  constructor(
    shared: Shared,
    key: string | null,
    hold: Hold | null,
    connection: Connection | null,
    route: string | null,
    isRerunnable: boolean,
  ) {
    this.#shared = shared;
    this.#key = key;
    this.#hold = hold;
    this.#connection = connection;
    this.#route = route;
    this.#isRerunnable = isRerunnable;
    if (hold !== null) shared.heartbeat.add(this);
  }

  async transact<Tx extends Transaction, T>(effect: (tx: Tx) => T | Promise<T>): Promise<T> {
    const { store } = this.#shared.settings;
    if (!isTransactional(store)) throw new TypeError('transact needs postgresStore or lmdbStore');
    if (this.#isFlowing || this.#outcome !== undefined) throw new Error('transact must come before the response');
    if (this.#effect !== null || this.#open !== null) throw new Error('transact runs once a request');
    const done = withResolvers();
    this.#effect = done.promise;
    this.#didTransact = true;
    try {
      await this.allowRerun();
      const open = await store.begin();
      try {
        const value = await effect(open.tx as Tx);
        this.#open = open;
        this.#isEffectFailed = false;
        return await this.afterEffect(value, done.resolve);
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
  private async allowRerun(): Promise<void> {
    const { store, reruns } = this.#shared.settings;
    if (this.#isRerunnable || reruns === 'never' || this.#hold === null || !isTransactional(store)) return;
    // A token that was lost meanwhile is found out by the commit.
    await store.allowRerun?.(this.#hold.token);
    this.#isRerunnable = true;
  }

  /** Without a key there is no response to wait for; with one, a response that the effect sent is committed first. */
  private async afterEffect<T>(value: T, resolveEffect: () => void): Promise<T> {
    if (this.#hold === null) {
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

  get key(): string | null {
    return this.#key === null ? null : unquoted(this.#key);
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
    return this.#hold !== null;
  }

  get isSettling(): boolean {
    return this.#outcome !== undefined;
  }

  /**
   * Stores the outcome: what must be sent instead, or null; at once where the store and the effect let it. Never throws
   * and never rejects; the first call counts.
   */
  settle(answered: Answered): Eventually<StoredResponse | null> {
    if (this.#outcome === undefined) this.#outcome = this.store(answered);
    return this.#outcome;
  }

  /** The handler will never answer: rolls back, and the outcome is unknown (or, after `transact`, nothing). */
  abandon(): void {
    if (this.#outcome === undefined) this.#outcome = this.giveUp();
  }

  /** The outcome is stored elsewhere: the lease is renewed no longer. */
  forget(): void {
    this.#shared.heartbeat.remove(this);
  }

  beat(): void {
    const { leaseMs, onError } = this.#shared.settings;
    const isGone = this.#connection?.destroyed === true;
    if (isGone && ++this.#beatsWithoutClient > LEASES_WITHOUT_CLIENT * BEATS_A_LEASE) return this.abandon();
    const renewing = this.#hold!.renew(leaseMs);
    if (renewing instanceof Promise) renewing.catch(onError);
  }

  private store(answered: Answered): Eventually<StoredResponse | null> {
    const hold = this.#hold;
    if (hold === null) return null;
    if (this.holdsBytes || this.#isEffectFailed) return this.storeEffect(hold, answered);
    return this.keep(hold, answered);
  }

  private async storeEffect(hold: Hold, answered: Answered): Promise<StoredResponse | null> {
    // Only while the effect runs: the response may come from inside it.
    if (this.#effect !== null) await this.#effect;
    try {
      if (this.#open !== null) return await this.finish(this.#open, hold, answered);
      // The effect answered and then threw: what it answered did not happen.
      const isUntrue = this.#isEffectFailed && answered.status < 400;
      if (!isUntrue) return await this.keep(hold, answered);
      await hold.release();
      return problem('handler-failed');
    } catch (error) {
      this.#shared.settings.onError(error);
      return problem('store-unavailable');
    } finally {
      this.#shared.heartbeat.remove(this);
    }
  }

  /** Without a transaction the answer is true whether kept or not; if not, the lease runs out. */
  private keep(hold: Hold, answered: Answered): Eventually<null> {
    try {
      const isForgotten = this.#isReleased || this.isNothingDone(answered.status);
      const storing = isForgotten ? hold.release() : this.complete(hold, answered);
      if (!(storing instanceof Promise)) return this.kept(storing, answered.status);
      return storing.then(
        (isHeld: boolean | void) => this.kept(isHeld, answered.status),
        (error: unknown) => this.notKept(error),
      );
    } catch (error) {
      return this.notKept(error);
    }
  }

  private complete(hold: Hold, { status, headers, body }: Answered): Eventually<boolean> {
    const { settings, keeper } = this.#shared;
    const kept = isLonger(body, settings.maxResponseBytes) ? null : body;
    return hold.complete(status, keeper.keep(headers), kept, settings.ttlMs);
  }

  private kept(isHeld: boolean | void, status: number): null {
    this.#shared.heartbeat.remove(this);
    if (isHeld === false)
      this.#shared.settings.onError(new Error('The lease of an idempotency key was lost before its handler answered'));
    if (status < 400 && !this.#didTransact && !this.#isReleased) this.succeededWithoutTransaction(status);
    return null;
  }

  private notKept(error: unknown): null {
    this.#shared.heartbeat.remove(this);
    this.#shared.settings.onError(error);
    return null;
  }

  private async finish(open: OpenTransaction, hold: Hold, answered: Answered): Promise<StoredResponse | null> {
    if (answered.status >= SERVER_ERROR || this.#isReleased) {
      await open.rollback();
      await hold.release();
      return null;
    }
    const { ttlMs } = this.#shared.settings;
    try {
      const isCommitted = await open.commit({ token: hold.token, response: this.toStored(answered), ttlMs });
      if (isCommitted && this.#route !== null) this.#shared.routes.learn(this.#route, true);
      return isCommitted ? null : problem('in-progress');
    } catch (error) {
      if (!(error instanceof TransactionConflict)) throw error;
      await hold.release();
      return problem('conflict');
    }
  }

  private async giveUp(): Promise<null> {
    this.#shared.heartbeat.remove(this);
    try {
      if (this.#effect !== null) await this.#effect;
      await this.#open?.rollback();
      await this.#hold?.renew(0);
    } catch (error) {
      this.#shared.settings.onError(error);
    }
    return null;
  }

  /** Where effects are in `transact` nothing else was done. */
  private isNothingDone(status: number): boolean {
    if (NOT_PROCESSED.has(status)) return true;
    const { reruns } = this.#shared.settings;
    return status >= SERVER_ERROR && (reruns === 'always' || (reruns === 'learnt' && this.#didTransact));
  }

  private toStored({ status, headers, body }: Answered): StoredResponse {
    const { settings, keeper } = this.#shared;
    const kept = isLonger(body, settings.maxResponseBytes) ? null : body;
    return { status, headers: keeper.keep(headers), body: toBytes(kept) };
  }

  private succeededWithoutTransaction(status: number): void {
    if (this.#route !== null) this.#shared.routes.learn(this.#route, false);
    if (this.#shared.settings.reruns !== 'always' || status >= 300 || hasWarned) return;
    hasWarned = true;
    process.emitWarning(
      'A handler succeeded without req.idempotency.transact on a store with { transactional: true }: its effects may happen twice. Put them into transact, or leave the option out.',
      { code: 'FIRSTHAND_NO_TRANSACT' },
    );
  }
}

let hasWarned = false;

function isLonger(body: string | Uint8Array | null, bytes: number): boolean {
  // A UTF-16 unit is at most three bytes of UTF-8.
  if (typeof body === 'string') return body.length * 3 > bytes && Buffer.byteLength(body) > bytes;
  return body !== null && body.length > bytes;
}

// Promise.withResolvers came with Node 22.
function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
