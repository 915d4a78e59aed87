/** Keys in an LMDB file: for the processes of one machine, and exactly once with `transact`. */
import { createRequire } from 'node:module';
import type { Claim, Completion, OpenTransaction, StoredResponse, TransactionalStore } from '../store.ts';
import { keyOfToken, newToken } from '../token.ts';
import type { LmdbDatabase, LmdbEnvironment, LmdbKey } from './lmdb-database.ts';
import { LmdbTransaction } from './lmdb-transaction.ts';

export interface LmdbStoreOptions {
  /**
   * True: all handlers have their effects in `transact`, so every lost claim did nothing and is run again. False: none
   * is. Unless told: a lost claim is run again once its handler has called `transact`, and from the claim on where the
   * handlers of its route were seen to do so; else its outcome is unknown. Every claim remembers which it was.
   */
  readonly transactional?: boolean;
  /**
   * True: a key counts as claimed, and an answer leaves, when they are on the disk, so that what was answered outlives a
   * loss of power too. Unless told the disk follows within moments: a process that dies takes nothing with it.
   */
  readonly durable?: boolean;
  /** How long a lost claim is remembered; 7 days unless told. */
  readonly unknownTtlMs?: number;
  /** The clock, in milliseconds; that of the machine unless told. */
  readonly now?: () => number;
}

export interface LmdbStore extends TransactionalStore<LmdbTransaction> {
  readonly transactional: boolean | undefined;
  /** The environment, for reads outside of `transact`: what `tx` writes without `tx.db` lies at its root. */
  readonly database: LmdbEnvironment;
}

interface Entry {
  readonly f: string;
  readonly t: string;
  /** Lease until, in ms. */
  readonly l: number;
  /** Kept until, in ms. */
  readonly x: number;
  /** Whether a lost claim is run again. */
  readonly r: boolean;
  readonly s: StoredResponse | null;
}

const NAME = 'firsthand-idempotency';
const WEEK_MS = 7 * 86_400_000;
const SWEEP_EVERY_MS = 1000;
const SWEEP_ENTRIES = 500;

/** A store in the LMDB environment at `path`, which may hold the application's data too: needs the package lmdb. */
export function lmdbStore(path: string, options: LmdbStoreOptions = {}): LmdbStore {
  return new EnvironmentStore(path, options);
}

class EnvironmentStore implements LmdbStore {
  readonly transactional: boolean | undefined;
  readonly database: LmdbEnvironment;
  readonly #entries: LmdbDatabase<Entry, string>;
  readonly #unknownTtlMs: number;
  readonly #now: () => number;
  readonly #isDurable: boolean;
  #sweepAtMs = 0;
  #sweepFrom: string | undefined;

  constructor(
    path: string,
    { transactional, durable = false, unknownTtlMs = WEEK_MS, now = Date.now }: LmdbStoreOptions,
  ) {
    this.database = loadLmdb().open({ path });
    this.#entries = this.database.openDB<Entry, string>({ name: NAME, encoding: 'msgpack' });
    this.transactional = transactional;
    this.#unknownTtlMs = unknownTtlMs;
    this.#now = now;
    this.#isDurable = durable;
  }

  claim(key: string, fingerprint: string, leaseMs: number, isRerunnable?: boolean): Promise<Claim> {
    const reruns = isRerunnable ?? this.transactional ?? false;
    return this.#written(() => this.#claim(key, fingerprint, leaseMs, reruns, false));
  }

  takeOver(key: string, fingerprint: string, leaseMs: number): Promise<Claim> {
    const reruns = this.transactional ?? false;
    return this.#written(() => this.#claim(key, fingerprint, leaseMs, reruns, true));
  }

  allowRerun(token: string): Promise<boolean> {
    return this.#entries.transaction(() => {
      const entry = this.#held(token);
      if (entry === undefined) return false;
      this.#put(keyOfToken(token), { ...entry, r: true });
      return true;
    });
  }

  complete(token: string, response: StoredResponse, ttlMs: number): Promise<boolean> {
    return this.#written(() => this.#complete({ token, response, ttlMs }));
  }

  async release(token: string): Promise<void> {
    await this.#entries.transaction(() => {
      if (this.#held(token) !== undefined) this.#write(() => this.#entries.remove(keyOfToken(token)));
    });
  }

  renew(token: string, leaseMs: number): Promise<boolean> {
    return this.#entries.transaction(() => {
      const entry = this.#held(token);
      if (entry === undefined) return false;
      this.#put(keyOfToken(token), { ...entry, ...this.#lease(leaseMs) });
      return true;
    });
  }

  async begin(): Promise<OpenTransaction<LmdbTransaction>> {
    const tx = new LmdbTransaction(this.database, loadLmdb().keyValueToBuffer);
    return {
      tx,
      commit: async (completion) => {
        // A child: a value that cannot be encoded undoes this commit and not its neighbours in the batch.
        const isCommitted = await this.database.childTransaction(() => {
          if (completion !== null && this.#held(completion.token) === undefined) return false;
          tx.apply();
          return completion === null || this.#complete(completion);
        });
        if (this.#isDurable) await this.database.flushed;
        return isCommitted;
      },
      rollback: async () => tx.discard(),
    };
  }

  async close(): Promise<void> {
    await this.database.close();
  }

  async #written<T>(action: () => T): Promise<T> {
    const result = await this.#entries.transaction(action);
    if (this.#isDurable) await this.database.flushed;
    return result;
  }

  #claim(key: string, fingerprint: string, leaseMs: number, isRerunnable: boolean, isTakingOver: boolean): Claim {
    const nowMs = this.#now();
    this.#sweep(nowMs);
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry.x > nowMs) {
      if (entry.f !== fingerprint) return { state: 'mismatch' };
      if (entry.s !== null) return { state: 'done', response: entry.s };
      if (entry.l > nowMs) return { state: 'in-progress' };
      if (!entry.r && !isTakingOver) return { state: 'outcome-unknown' };
    }
    const token = newToken(key);
    this.#put(key, { f: fingerprint, t: token, r: isRerunnable, s: null, ...this.#lease(leaseMs) });
    return { state: 'claimed', token };
  }

  #complete({ token, response, ttlMs }: Completion): boolean {
    const entry = this.#held(token);
    if (entry === undefined) return false;
    const { status, headers, body } = response;
    const bytes = body === null ? null : Buffer.from(body.buffer, body.byteOffset, body.length);
    this.#put(keyOfToken(token), { ...entry, x: this.#now() + ttlMs, s: { status, headers, body: bytes } });
    return true;
  }

  #held(token: string): Entry | undefined {
    const entry = this.#entries.get(keyOfToken(token));
    return entry?.t === token && entry.s === null ? entry : undefined;
  }

  #lease(leaseMs: number): Pick<Entry, 'l' | 'x'> {
    const untilMs = this.#now() + leaseMs;
    return { l: untilMs, x: untilMs + this.#unknownTtlMs };
  }

  #put(key: string, entry: Entry): void {
    this.#write(() => this.#entries.put(key, entry));
  }

  /** Inside a transaction the write happens at once, and its promise says nothing more than the transaction's. */
  #write(write: () => Promise<boolean>): void {
    void write();
  }

  /** Goes round the entries, some at a time, and removes what is over. */
  #sweep(nowMs: number): void {
    if (nowMs < this.#sweepAtMs) return;
    this.#sweepAtMs = nowMs + SWEEP_EVERY_MS;
    const start = this.#sweepFrom;
    const range = [...this.#entries.getRange({ ...(start === undefined ? {} : { start }), limit: SWEEP_ENTRIES })];
    for (const { key, value } of range) if (value.x <= nowMs) this.#write(() => this.#entries.remove(key));
    this.#sweepFrom = range.length < SWEEP_ENTRIES ? undefined : range.at(-1)?.key;
  }
}

interface Lmdb {
  open(options: { path: string }): LmdbEnvironment;
  keyValueToBuffer(key: LmdbKey): Buffer;
}

let lmdb: Lmdb | undefined;

/** Only when a store is made: lmdb is an optional peer. */
function loadLmdb(): Lmdb {
  try {
    lmdb ??= createRequire(import.meta.url)('lmdb') as Lmdb;
    return lmdb;
  } catch (cause) {
    throw new Error('lmdbStore needs the package lmdb: npm install lmdb', { cause });
  }
}
