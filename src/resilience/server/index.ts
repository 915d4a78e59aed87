/** `firsthand/server`: servers that stop, refuse and repeat without breaking their clients. */
export { drain, type Drain, type DrainReport } from './drain/drain.ts';
export { type Cut } from './drain/cut.ts';
export { lingering, type Lingering } from './drain/lingering.ts';
export type { DrainOptions, LingeringOptions } from './drain/options.ts';
export type { DrainState } from './drain/readiness.ts';
export { type Idempotency, idempotency } from '../idempotency/idempotency.ts';
export type { IdempotencyOptions, LostOperation, Recovery, RequestLike } from '../idempotency/options.ts';
export type { RequestIdempotency } from '../idempotency/run.ts';
export {
  type Claim,
  type Completion,
  type OpenTransaction,
  type Store,
  type StoredResponse,
  TransactionConflict,
  type TransactionalStore,
} from '../idempotency/store.ts';
export { type LmdbStore, lmdbStore, type LmdbStoreOptions } from '../idempotency/stores/lmdb.ts';
export type { LmdbDatabase, LmdbEnvironment, LmdbKey } from '../idempotency/stores/lmdb-database.ts';
export type { LmdbKeys, LmdbTransaction } from '../idempotency/stores/lmdb-transaction.ts';
export { memoryStore, type MemoryStoreOptions } from '../idempotency/stores/memory.ts';
export {
  type PostgresClient,
  type PostgresPool,
  type PostgresStore,
  postgresStore,
  type PostgresStoreOptions,
} from '../idempotency/stores/postgres.ts';
export { type RedisClient, redisStore, type RedisStoreOptions } from '../idempotency/stores/redis.ts';
