/** pg brings no types: a pool as far as the tests use it. */
import { createRequire } from 'node:module';
import type { PostgresPool } from '../stores/postgres.ts';

export interface TestPool extends PostgresPool {
  readonly totalCount: number;
  readonly idleCount: number;
  end(): Promise<void>;
}

interface Pg {
  Pool: new (options: object) => TestPool & { on(event: 'error', listener: () => void): void };
}

/** A pool on a server that `startPostgres` started. */
export function openPool(port: number, max = 10): TestPool {
  const { Pool } = createRequire(import.meta.url)('pg') as Pg;
  const pool = new Pool({ host: '127.0.0.1', port, user: 'postgres', max });
  // The server may be stopped before the pool is empty.
  pool.on('error', () => {});
  return pool;
}
