/**
 * POSTs through a proxy that resets 30 % of them before or after execution, to two server processes on one store, one of
 * which is killed and started again in the middle. Every execution is counted where the keys lie.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { renderTable } from '../bench/table.ts';
import { lmdbStore } from '../src/resilience/idempotency/stores/lmdb.ts';
import { temporaryDirectory } from '../src/resilience/idempotency/testing/daemon.ts';
import { freePort } from '../src/resilience/idempotency/testing/free-port.ts';
import { openPool } from '../src/resilience/idempotency/testing/pg-pool.ts';
import { startPostgres } from '../src/resilience/idempotency/testing/postgres-server.ts';
import { startRedis } from '../src/resilience/idempotency/testing/redis-server.ts';
import { CLIENTS } from './exactly-once-clients.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';

export const about = 'POSTs under resets and a killed server: answered, lost, executed twice';

/** Where keys and executions lie. */
interface Ledger {
  /** The third argument of the servers. */
  readonly where: string;
  /** How often each operation was executed. */
  counts(): Promise<ReadonlyMap<string, number>>;
  close(): Promise<void>;
}

interface Plan {
  readonly store: string;
  readonly operations: number;
  readonly atOnce: number;
  readonly seed: number;
}

interface Row {
  readonly name: string;
  readonly answered: number;
  readonly twice: number;
  readonly executions: number;
  /** Answered without having been executed: never, or the count is wrong. */
  readonly phantom: number;
  readonly seconds: number;
  readonly resets: FaultProxy['resets'];
  readonly failures: ReadonlyMap<string, number>;
}

const SERVER = path.join(import.meta.dirname, 'exactly-once-server.ts');
const RESET_SHARE = 0.3;
/** Rows of which everything is claimed; the defaults (4 attempts, with a budget) are shown beside them. */
const OURS = 'firsthand, 15 attempts';
const TRANSACTIONAL = ['postgres', 'lmdb'];

/** Prints the table; 1 unless, on a transactional store, our row answers all, loses none and executes none twice. */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      operations: { type: 'string', default: '300' },
      store: { type: 'string', default: 'postgres' },
      only: { type: 'string' },
      'at-once': { type: 'string', default: '50' },
      seed: { type: 'string', default: '1' },
    },
  });
  const plan = {
    store: values.store,
    operations: Number(values.operations),
    atOnce: Number(values['at-once']),
    seed: Number(values.seed),
  };
  const ledger = await openLedger(plan.store);
  const rows: Row[] = [];
  try {
    for (const name of Object.keys(CLIENTS))
      if (values.only === undefined || name.startsWith(values.only)) rows.push(await measure(name, plan, ledger));
  } finally {
    await ledger.close();
  }
  print(rows, plan);
  const ours = rows.find(({ name }) => name === OURS);
  if (!TRANSACTIONAL.includes(plan.store)) {
    console.log(`\n${plan.store} commits no effect with its key: no claim of exactly once.`);
    return 0;
  }
  const holds = ours !== undefined && ours.answered === plan.operations && ours.twice === 0 && ours.phantom === 0;
  console.log(`\n${OURS}: ${holds ? 'every operation answered and executed exactly once' : 'the claim does not hold'}`);
  return holds ? 0 : 1;
}

async function measure(name: string, plan: Plan, ledger: Ledger): Promise<Row> {
  // Memory is one process's: there is one server, and nobody kills it.
  const isShared = plan.store !== 'memory';
  const ports = isShared ? [await freePort(), await freePort()] : [await freePort()];
  const servers = await Promise.all(ports.map((port) => startServer(plan.store, port, ledger.where)));
  const proxy = await startFaultProxy(ports, RESET_SHARE, plan.seed);
  const client = CLIENTS[name]!();
  const url = `http://127.0.0.1:${proxy.port}/orders`;
  const operations = Array.from({ length: plan.operations }, (_, n) => `${name} ${n}`);
  const answered: Set<string> = new Set();
  const failures: Map<string, number> = new Map();
  let [next, done] = [0, 0];
  let restarted: Promise<void> | null = null;
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: plan.atOnce }, work));
  const seconds = (performance.now() - startedMs) / 1000;
  await restarted;
  await client.close();
  await proxy.close();
  const counts = isShared ? await ledger.counts() : await countsOf(ports[0]!);
  await Promise.all(servers.map(stop));
  const executed = operations.map((operation) => counts.get(operation) ?? 0);
  return {
    name,
    answered: answered.size,
    twice: executed.filter((times) => times > 1).length,
    executions: executed.reduce((sum, times) => sum + times, 0),
    phantom: operations.filter((operation) => answered.has(operation) && !counts.has(operation)).length,
    seconds,
    resets: proxy.resets,
    failures,
  };

  async function work(): Promise<void> {
    for (let operation = operations[next++]; operation !== undefined; operation = operations[next++]) {
      try {
        await client.post(url, operation);
        answered.add(operation);
      } catch (error) {
        const text = reason(error);
        failures.set(text, (failures.get(text) ?? 0) + 1);
      }
      done++;
      if (isShared && restarted === null && done >= plan.operations / 3) restarted = restart();
    }
  }

  async function restart(): Promise<void> {
    const [victim] = servers;
    victim!.kill('SIGKILL');
    await once(victim!, 'exit');
    servers[0] = await startServer(plan.store, ports[0]!, ledger.where);
  }
}

async function startServer(store: string, port: number, where: string): Promise<ChildProcess> {
  const server = fork(SERVER, [store, String(port), where]);
  await once(server, 'message');
  return server;
}

async function stop(server: ChildProcess): Promise<void> {
  const exit = once(server, 'exit');
  server.kill('SIGKILL');
  await exit;
}

async function openLedger(store: string): Promise<Ledger> {
  switch (store) {
    case 'postgres': {
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
    case 'lmdb': {
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
    case 'redis': {
      const server = await startRedis();
      const client = new Redis(server.port, '127.0.0.1');
      return {
        where: String(server.port),
        counts: async () =>
          new Map(Object.entries(await client.hgetall('executions')).map(([key, n]) => [key, Number(n)])),
        close: async () => {
          client.disconnect();
          await server.stop();
        },
      };
    }
    case 'memory':
      return { where: '-', counts: async () => new Map(), close: async () => {} };
    default:
      throw new Error(`no store ${store}: one of postgres, lmdb, redis, memory`);
  }
}

async function countsOf(port: number): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`http://127.0.0.1:${port}/`);
  return new Map(Object.entries((await response.json()) as Record<string, number>));
}

function reason(error: unknown): string {
  const { code, message, cause } = error as { code?: string; message?: string; cause?: { code?: string } };
  return code ?? cause?.code ?? String(message).slice(0, 80);
}

function print(rows: readonly Row[], { store, operations, atOnce, seed }: Plan): void {
  const killed = store === 'memory' ? 'one server' : 'two servers, one killed and restarted';
  console.log(
    `${operations} POSTs, ${atOnce} at once, ${RESET_SHARE * 100} % reset (seed ${seed}), ${store} store, ${killed}, Node ${process.version}\n`,
  );
  const head = ['', 'answered', 'lost', 'executed twice+', 'executions', 'resets before', 'after', 'seconds'];
  const lines = rows.map((row) => [
    row.name,
    ...[row.answered, operations - row.answered, row.twice, row.executions, row.resets.before, row.resets.after].map(
      String,
    ),
    row.seconds.toFixed(1),
  ]);
  console.log(renderTable([head, ...lines]));
  for (const { name, failures } of rows)
    if (failures.size > 0) console.log(`${name}: ${[...failures].map(([text, n]) => `${n} × ${text}`).join(', ')}`);
}
