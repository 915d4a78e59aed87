/**
 * The `tx` of lmdbStore. LMDB has one writer, so the effect must not hold it: writes are kept aside and applied in one
 * go at the commit, if everything that was read is still as it was.
 */
import { TransactionConflict } from '../store.ts';
import type { LmdbDatabase, LmdbEnvironment, LmdbKey } from './lmdb-database.ts';

interface Read {
  readonly database: LmdbDatabase;
  readonly key: LmdbKey;
  readonly bytes: Buffer | undefined;
}

interface Write {
  readonly database: LmdbDatabase;
  readonly key: LmdbKey;
  /** Undefined removes. */
  readonly value: unknown;
}

/** Reads and writes of one key space. */
export interface LmdbKeys {
  /** What was last put here, or what the database holds. */
  get(key: LmdbKey): unknown;
  put(key: LmdbKey, value: unknown): void;
  remove(key: LmdbKey): void;
}

/** Serialisable: the commit fails with TransactionConflict when another one changed what was read. */
export class LmdbTransaction implements LmdbKeys {
  readonly #root: LmdbEnvironment;
  readonly #toBuffer: (key: LmdbKey) => Buffer;
  readonly #reads: Map<string, Read> = new Map();
  readonly #writes: Map<string, Write> = new Map();
  readonly #databases: Map<string, LmdbKeys> = new Map();

  constructor(root: LmdbEnvironment, toBuffer: (key: LmdbKey) => Buffer) {
    this.#root = root;
    this.#toBuffer = toBuffer;
  }

  get(key: LmdbKey): unknown {
    return this.#get('', this.#root, key);
  }

  put(key: LmdbKey, value: unknown): void {
    this.#put('', this.#root, key, value);
  }

  remove(key: LmdbKey): void {
    this.#put('', this.#root, key, undefined);
  }

  /** The same for a named database of the environment. */
  db(name: string): LmdbKeys {
    let keys = this.#databases.get(name);
    if (keys === undefined) {
      const database = this.#root.openDB({ name });
      keys = {
        get: (key) => this.#get(name, database, key),
        put: (key, value) => this.#put(name, database, key, value),
        remove: (key) => this.#put(name, database, key, undefined),
      };
      this.#databases.set(name, keys);
    }
    return keys;
  }

  /** Inside a write transaction: checks the reads, then writes. */
  apply(): void {
    for (const { database, key, bytes } of this.#reads.values())
      if (!isSame(database.getBinary(key), bytes)) throw new TransactionConflict();
    for (const { database, key, value } of this.#writes.values())
      void (value === undefined ? database.remove(key) : database.put(key, value));
  }

  discard(): void {
    this.#reads.clear();
    this.#writes.clear();
  }

  #get(name: string, database: LmdbDatabase, key: LmdbKey): unknown {
    const at = this.#at(name, key);
    const write = this.#writes.get(at);
    if (write !== undefined) return write.value;
    // Both in one turn, so both from one snapshot.
    const bytes = database.getBinary(key);
    if (!this.#reads.has(at)) this.#reads.set(at, { database, key, bytes });
    return bytes === undefined ? undefined : database.get(key);
  }

  #put(name: string, database: LmdbDatabase, key: LmdbKey, value: unknown): void {
    this.#writes.set(this.#at(name, key), { database, key, value });
  }

  #at(name: string, key: LmdbKey): string {
    return `${name} ${this.#toBuffer(key).toString('latin1')}`;
  }
}

function isSame(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b);
}
