/** Where the keys and executions of the exactly-once proof lie, and how they are counted there. */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Redis } from 'ioredis';
import { lmdbStore } from '../src/resilience/idempotency/stores/lmdb.ts';
import { temporaryDirectory } from '../src/resilience/idempotency/testing/daemon.ts';
import { openPool } from '../src/resilience/idempotency/testing/pg-pool.ts';
import { startPostgres } from '../src/resilience/idempotency/testing/postgres-server.ts';
import { startRedis } from '../src/resilience/idempotency/testing/redis-server.ts';

export interface Ledger {
  /** The third argument of the servers. */
  readonly where: string;
  /** How often each operation was executed; `port` is that of a server. */
  counts(port: number): Promise<ReadonlyMap<string, number>>;
  close(): Promise<void>;
}

/** Memory is one process's: there is one server then, and nobody kills it. */
export type StoreName = 'postgres' | 'lmdb' | 'redis' | 'memory';

export const LEDGERS: Readonly<Record<StoreName, () => Promise<Ledger>>> = {
  postgres: openPostgres,
  lmdb: openLmdb,
  redis: openRedis,
  memory: async () => ({ where: '-', counts: countsOfServer, close: async () => {} }),
};

/** Stores that commit an effect and its key together. */
export const TRANSACTIONAL: readonly StoreName[] = ['postgres', 'lmdb'];

async function openPostgres(): Promise<Ledger> {
  const server = await startPostgres();
  const pool = openPool(server.port, 2);
  await pool.query('CREATE TABLE executions (operation text)');
  return {
    where: String(server.port),
    counts: async () => {
      const { rows } = await pool.query('SELECT operation, count(*) AS n FROM executions GROUP BY 1');
      return new Map(rows.map((row) => [String(row['operation']), Number(row['n'])]));
    },
    close: async () => {
      await pool.end();
      await server.stop();
    },
  };
}

async function openLmdb(): Promise<Ledger> {
  const directory = temporaryDirectory('exactly-once');
  const where = path.join(directory, 'db');
  return {
    where,
    counts: async () => {
      const opened = lmdbStore(where);
      const executions = opened.database.openDB<number, string>({ name: 'executions' });
      const counts = new Map([...executions.getRange()].map(({ key, value }) => [key, value]));
      await opened.close();
      return counts;
    },
    close: async () => fs.rmSync(directory, { recursive: true, force: true }),
  };
}

async function openRedis(): Promise<Ledger> {
  const server = await startRedis();
  const client = new Redis(server.port, '127.0.0.1');
  return {
    where: String(server.port),
    counts: async () => new Map(Object.entries(await client.hgetall('executions')).map(([key, n]) => [key, Number(n)])),
    close: async () => {
      client.disconnect();
      await server.stop();
    },
  };
}

async function countsOfServer(port: number): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`http://127.0.0.1:${port}/`);
  return new Map(Object.entries((await response.json()) as Record<string, number>));
}
