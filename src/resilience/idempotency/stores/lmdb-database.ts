/** The part of lmdb's databases that is used, in types of our own: whoever has no lmdb compiles against this package too. */

/** As lmdb orders them. */
export type LmdbKey = string | symbol | number | boolean | Uint8Array | LmdbKey[];

/** One key space. */
export interface LmdbDatabase<Value = unknown, Key extends LmdbKey = LmdbKey> {
  get(key: Key): Value | undefined;
  /** As it is stored. */
  getBinary(key: Key): Buffer | undefined;
  /** Resolves with the commit; inside a transaction it happens at once. */
  put(key: Key, value: Value): Promise<boolean>;
  remove(key: Key): Promise<boolean>;
  getRange(options?: {
    readonly start?: Key;
    readonly end?: Key;
    readonly limit?: number;
    readonly reverse?: boolean;
  }): Iterable<{ key: Key; value: Value }>;
  /** Resolves when `action` is committed. */
  transaction<T>(action: () => T): Promise<T>;
  /** As `transaction`; what throws undoes itself only. */
  childTransaction<T>(action: () => T): Promise<T>;
  /** Resolves when all that was committed is on the disk. */
  readonly flushed: PromiseLike<unknown>;
}

/** The root of an environment; lmdb's `RootDatabase`, which can do more, is one. */
export interface LmdbEnvironment extends LmdbDatabase {
  openDB<Value = unknown, Key extends LmdbKey = LmdbKey>(options: {
    readonly name: string;
    readonly encoding?: 'msgpack' | 'json' | 'string' | 'binary' | 'ordered-binary';
  }): LmdbDatabase<Value, Key>;
  close(): Promise<void>;
}
