/** One of the servers of the exactly-once proof: `STORE PORT WHERE`. Every operation it executes is counted where its keys lie. */
import * as http from 'node:http';
import { Redis } from 'ioredis';
import { idempotency } from '../src/resilience/idempotency/idempotency.ts';
import type { Store } from '../src/resilience/idempotency/store.ts';
import { lmdbStore } from '../src/resilience/idempotency/stores/lmdb.ts';
import type { LmdbTransaction } from '../src/resilience/idempotency/stores/lmdb-transaction.ts';
import { memoryStore } from '../src/resilience/idempotency/stores/memory.ts';
import { type PostgresClient, postgresStore } from '../src/resilience/idempotency/stores/postgres.ts';
import { redisStore } from '../src/resilience/idempotency/stores/redis.ts';
import { openPool } from '../src/resilience/idempotency/testing/pg-pool.ts';

/** A store, how one execution of an operation is noted with it, and how they are counted for the memory store. */
interface Books {
  readonly store: Store;
  note(request: http.IncomingMessage, operation: string): Promise<unknown>;
  counts?(): Record<string, number>;
}

const [kind = '', port = '', where = ''] = process.argv.slice(2);

/** A killed server's keys are free again after this. */
const LEASE_MS = 1500;

const BOOKS: Readonly<Record<string, () => Books>> = {
  postgres: () => ({
    store: postgresStore(openPool(Number(where))),
    note: (request, operation) =>
      request.idempotency!.transact((tx: PostgresClient) =>
        tx.query('INSERT INTO executions VALUES ($1)', [operation]),
      ),
  }),
  lmdb: () => ({
    store: lmdbStore(where),
    note: (request, operation) =>
      request.idempotency!.transact((tx: LmdbTransaction) => {
        const executions = tx.db('executions');
        executions.put(operation, Number(executions.get(operation) ?? 0) + 1);
      }),
  }),
  redis: () => {
    const client = new Redis(Number(where), '127.0.0.1');
    return { store: redisStore(client), note: (_request, operation) => client.hincrby('executions', operation, 1) };
  },
  memory: () => {
    const counts: Map<string, number> = new Map();
    return {
      store: memoryStore(),
      note: async (_request, operation) => counts.set(operation, (counts.get(operation) ?? 0) + 1),
      counts: () => Object.fromEntries(counts),
    };
  },
};

const books = BOOKS[kind]!();
const i = idempotency({ store: books.store, leaseMs: LEASE_MS });

const server = http.createServer(
  i.handler(async (request, response) => {
    if (request.method === 'GET') return void response.end(JSON.stringify(books.counts?.() ?? {}));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { operation } = JSON.parse(Buffer.concat(chunks).toString()) as { operation: string };
    await books.note(request, operation);
    response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ operation }));
  }),
);
process.on('disconnect', () => process.exit());
// The parent may have gone meanwhile.
if (!process.connected) process.exit();
server.listen(Number(port), '127.0.0.1', () => process.send!('listening', () => {}));
