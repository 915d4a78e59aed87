/** Keys in a PostgreSQL table: for many processes, and exactly once with `transact`. */
import type { Claim, Completion, OpenTransaction, StoredResponse, TransactionalStore } from '../store.ts';
import { keyOfToken, newToken } from '../token.ts';
import { type Statements, toStatements } from './postgres-sql.ts';

interface Result {
  readonly rows: readonly Record<string, unknown>[];
  readonly rowCount: number | null;
}

/** The part of a pg client that is used; handlers get the whole client as `tx`. */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<Result>;
  release(error?: Error | boolean): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
}

/** The part of a pg Pool that is used. */
export interface PostgresPool {
  query(text: string, values?: unknown[]): Promise<Result>;
  connect(): Promise<PostgresClient>;
}

export interface PostgresStoreOptions {
  /** Lower-case name of the table, with a schema if wished; `firsthand_idempotency` unless told. */
  readonly table?: string;
  /** False: the table is there already (docs/idempotency.md has its DDL), or the first claim fails. */
  readonly create?: boolean;
  /**
   * True: all handlers have their effects in `transact`, so every lost claim did nothing and is run again. False: none
   * is. Unless told: a lost claim is run again once its handler has called `transact`, and from the claim on where the
   * handlers of its route were seen to do so; else its outcome is unknown. Every claim remembers which it was.
   */
  readonly transactional?: boolean;
  /** How long a lost claim is remembered; 7 days unless told. */
  readonly unknownTtlMs?: number;
}

export interface PostgresStore extends TransactionalStore<PostgresClient> {
  readonly transactional: boolean | undefined;
}

const WEEK_MS = 7 * 86_400_000;
const PURGE_EVERY_MS = 60_000;

/** A store in a table of the pool's database. The pool stays the caller's to end; the clock is the server's. */
export function postgresStore(pool: PostgresPool, options: PostgresStoreOptions = {}): PostgresStore {
  if (typeof pool?.connect !== 'function' || typeof pool.query !== 'function')
    throw new TypeError('postgresStore needs a Pool of the package pg');
  return new TableStore(pool, options);
}

class TableStore implements PostgresStore {
  readonly transactional: boolean | undefined;
  readonly #pool: PostgresPool;
  readonly #sql: Statements;
  readonly #create: boolean;
  readonly #unknownTtlMs: number;
  #ready: Promise<void> | null = null;
  #purgeAtMs = 0;

  constructor(pool: PostgresPool, options: PostgresStoreOptions) {
    this.#pool = pool;
    this.#sql = toStatements(options.table ?? 'firsthand_idempotency');
    this.#create = options.create ?? true;
    this.transactional = options.transactional;
    this.#unknownTtlMs = options.unknownTtlMs ?? WEEK_MS;
  }

  claim(key: string, fingerprint: string, leaseMs: number, isRerunnable?: boolean): Promise<Claim> {
    return this.#claim(key, fingerprint, leaseMs, isRerunnable ?? this.transactional ?? false, false);
  }

  takeOver(key: string, fingerprint: string, leaseMs: number): Promise<Claim> {
    return this.#claim(key, fingerprint, leaseMs, this.transactional ?? false, true);
  }

  async allowRerun(token: string): Promise<boolean> {
    await this.#table();
    return (await this.#pool.query(this.#sql.allowRerun, [keyOfToken(token), token])).rowCount === 1;
  }

  async complete(token: string, response: StoredResponse, ttlMs: number): Promise<boolean> {
    await this.#table();
    const { rowCount } = await this.#pool.query(this.#sql.complete, toValues({ token, response, ttlMs }));
    this.#purge();
    return rowCount === 1;
  }

  async release(token: string): Promise<void> {
    await this.#table();
    await this.#pool.query(this.#sql.release, [keyOfToken(token), token]);
  }

  async renew(token: string, leaseMs: number): Promise<boolean> {
    await this.#table();
    const values = [keyOfToken(token), token, leaseMs, this.#unknownTtlMs];
    return (await this.#pool.query(this.#sql.renew, values)).rowCount === 1;
  }

  async begin(): Promise<OpenTransaction<PostgresClient>> {
    await this.#table();
    const client = await this.#pool.connect();
    const transaction = new ClientTransaction(client, this.#sql, () => this.#purge());
    await transaction.begin();
    return transaction;
  }

  async close(): Promise<void> {}

  async #claim(
    key: string,
    fingerprint: string,
    leaseMs: number,
    isRerunnable: boolean,
    isTakingOver: boolean,
  ): Promise<Claim> {
    await this.#table();
    const token = newToken(key);
    const values = [key, fingerprint, token, leaseMs, this.#unknownTtlMs, isRerunnable, isTakingOver];
    const row = (await this.#pool.query(this.#sql.claim, values)).rows[0]!;
    if (row['taken'] === true) return { state: 'claimed', token };
    // No row, or one that could be taken: another claim came between the look and the insert.
    if (row['live'] !== true) return { state: 'in-progress' };
    if (row['fingerprint'] !== fingerprint) return { state: 'mismatch' };
    if (row['status'] !== null) return { state: 'done', response: toResponse(row) };
    if (row['leased'] === true || row['rerun'] === true || isTakingOver) return { state: 'in-progress' };
    return { state: 'outcome-unknown' };
  }

  #table(): Promise<void> {
    this.#ready ??= this.#createTable().catch((error: unknown) => {
      this.#ready = null;
      throw error;
    });
    return this.#ready;
  }

  async #createTable(): Promise<void> {
    if (!this.#create) return;
    // Looked for first: a role that may not create tables can still use one.
    const { rows } = await this.#pool.query(this.#sql.find, [this.#sql.table]);
    if (rows[0]?.['found'] !== true) await this.#pool.query(this.#sql.create);
  }

  /** Deletes some of what is over, at most once a minute and beside the request. */
  #purge(): void {
    const nowMs = Date.now();
    if (nowMs < this.#purgeAtMs) return;
    this.#purgeAtMs = nowMs + PURGE_EVERY_MS;
    this.#pool.query(this.#sql.purge).catch(() => {
      // The next minute's turn deletes them; claims look at expires_at themselves.
    });
  }
}

class ClientTransaction implements OpenTransaction<PostgresClient> {
  readonly tx: PostgresClient;
  readonly #sql: Statements;
  readonly #afterCommit: () => void;

  constructor(client: PostgresClient, sql: Statements, afterCommit: () => void) {
    this.tx = client;
    this.#sql = sql;
    this.#afterCommit = afterCommit;
  }

  async begin(): Promise<void> {
    // Without a listener a connection that breaks between two queries would end the process.
    this.tx.on('error', ignore);
    await this.#orDestroy(this.tx.query('BEGIN'));
  }

  /** The row is locked from the update to the commit only, so renewals and other claims do not wait for the effect. */
  async commit(completion: Completion | null): Promise<boolean> {
    if (completion !== null) {
      const { rowCount } = await this.#orDestroy(this.tx.query(this.#sql.complete, toValues(completion)));
      if (rowCount !== 1) {
        await this.rollback();
        return false;
      }
    }
    await this.#orDestroy(this.tx.query('COMMIT'));
    this.#giveBack();
    this.#afterCommit();
    return true;
  }

  async rollback(): Promise<void> {
    try {
      await this.tx.query('ROLLBACK');
      this.#giveBack();
    } catch (error) {
      // The connection is gone, and with it the transaction.
      this.#giveBack(error as Error);
    }
  }

  async #orDestroy(query: Promise<Result>): Promise<Result> {
    try {
      return await query;
    } catch (error) {
      this.#giveBack(error as Error);
      throw error;
    }
  }

  #giveBack(error?: Error): void {
    this.tx.removeListener('error', ignore);
    this.tx.release(error);
  }
}

function ignore(): void {}

function toValues({ token, response: { status, headers, body }, ttlMs }: Completion): unknown[] {
  const bytes = body === null ? null : Buffer.from(body.buffer, body.byteOffset, body.length);
  return [keyOfToken(token), token, status, JSON.stringify(headers), bytes, ttlMs];
}

function toResponse(row: Readonly<Record<string, unknown>>): StoredResponse {
  return {
    status: row['status'] as number,
    headers: JSON.parse(row['headers'] as string) as StoredResponse['headers'],
    body: row['body'] as Buffer | null,
  };
}
