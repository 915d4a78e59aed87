/** A process that claims a key and never lets go: `lmdb PATH KEY`, `postgres PORT KEY` or `redis PORT KEY`, and the lease. */
import { Redis } from 'ioredis';
import { lmdbStore } from '../stores/lmdb.ts';
import { postgresStore } from '../stores/postgres.ts';
import { redisStore } from '../stores/redis.ts';
import { openPool } from './pg-pool.ts';

const [kind, where = '', key = '', leaseMs = ''] = process.argv.slice(2);

const store =
  kind === 'lmdb'
    ? lmdbStore(where, { transactional: true })
    : kind === 'redis'
      ? redisStore(new Redis(Number(where), '127.0.0.1'))
      : postgresStore(openPool(Number(where)), { transactional: true });
process.send!(await store.claim(key, 'f', Number(leaseMs)));
// lmdb alone would let the process end.
process.on('message', () => {});
