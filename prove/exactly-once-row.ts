/** One client's row of the exactly-once proof: its POSTs, the faults, the killed server, the count. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import { freePort } from '../src/resilience/idempotency/testing/free-port.ts';
import { announce } from './announce.ts';
import { CLIENTS } from './exactly-once-clients.ts';
import type { Ledger, StoreName } from './exactly-once-ledger.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { readable } from './readable.ts';

export interface Plan {
  readonly store: StoreName;
  readonly operations: number;
  readonly atOnce: number;
  readonly seed: number;
}

export interface Row {
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

export const RESET_SHARE = 0.3;
const SERVER = path.join(import.meta.dirname, 'exactly-once-server.ts');

/** Sends every operation of the plan through one client; a third of the way one of the two servers is killed. */
export async function measureRow(name: string, plan: Plan, ledger: Ledger): Promise<Row> {
  const ports = plan.store === 'memory' ? [await freePort()] : [await freePort(), await freePort()];
  const servers = await Promise.all(ports.map((port) => startServer(plan.store, port, ledger.where)));
  const proxy = await startFaultProxy(ports, RESET_SHARE, plan.seed);
  const client = CLIENTS[name]!();
  const operations = Array.from({ length: plan.operations }, (_, n) => `${name} ${n}`);
  const restart = async (): Promise<void> => {
    await stop(servers[0]!);
    servers[0] = await startServer(plan.store, ports[0]!, ledger.where);
  };
  try {
    const post = (operation: string): Promise<void> => client.post(`http://127.0.0.1:${proxy.port}/orders`, operation);
    const sent = await sendAll(name, operations, plan, post, ports.length > 1 ? restart : null);
    const counts = await ledger.counts(ports[0]!);
    const executed = operations.map((operation) => counts.get(operation) ?? 0);
    return {
      name,
      answered: sent.answered.size,
      twice: executed.filter((times) => times > 1).length,
      executions: executed.reduce((sum, times) => sum + times, 0),
      phantom: operations.filter((operation) => sent.answered.has(operation) && !counts.has(operation)).length,
      seconds: sent.seconds,
      resets: proxy.resets,
      failures: sent.failures,
    };
  } finally {
    announce('');
    await client.close();
    await proxy.close();
    await Promise.all(servers.map(stop));
  }
}

interface Sent {
  readonly answered: ReadonlySet<string>;
  readonly failures: ReadonlyMap<string, number>;
  readonly seconds: number;
}

async function sendAll(
  name: string,
  operations: readonly string[],
  { store, atOnce }: Plan,
  post: (operation: string) => Promise<void>,
  restart: (() => Promise<void>) | null,
): Promise<Sent> {
  const answered: Set<string> = new Set();
  const failures: Map<string, number> = new Map();
  let [next, done] = [0, 0];
  let restarted: Promise<void> | null = null;
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: atOnce }, work));
  const seconds = (performance.now() - startedMs) / 1000;
  await restarted;
  return { answered, failures, seconds };

  async function work(): Promise<void> {
    for (let operation = operations[next++]; operation !== undefined; operation = operations[next++]) {
      try {
        await post(operation);
        answered.add(operation);
      } catch (error) {
        const text = reason(error);
        failures.set(text, (failures.get(text) ?? 0) + 1);
      }
      done++;
      if (done % 100 === 0) announce(`${store}, ${name}: ${done} of ${operations.length}`);
      if (restart !== null && restarted === null && done >= operations.length / 3) restarted = restart();
    }
  }
}

async function startServer(store: StoreName, port: number, where: string): Promise<ChildProcess> {
  const server = fork(SERVER, [store, String(port), where]);
  const exit = once(server, 'exit').then(([code]) => {
    throw new Error(`the server on ${store} ended with ${String(code)} before it listened`);
  });
  await Promise.race([once(server, 'message'), exit]);
  exit.catch(() => {});
  return server;
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exit = once(server, 'exit');
  server.kill('SIGKILL');
  await exit;
}

function reason(error: unknown): string {
  const { code, cause } = error as { code?: string; cause?: { code?: string } };
  return code ?? cause?.code ?? readable(error).slice(0, 80);
}
