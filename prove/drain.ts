/**
 * Rolling restarts under load. A cluster primary holds the listening socket, so the port never closes; each server is a
 * process of its own and is stopped with SIGTERM when its successor listens. 50 clients POST over keep-alive
 * connections all the while, and every request that does not end in its answer is counted.
 */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import http, { type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { positiveInteger, UsageError } from '../bench/options.ts';
import { renderTable } from '../bench/table.ts';
import { announce } from './announce.ts';
import { SHUTDOWNS, type Shutdown } from './drain-plan.ts';

export const about = 'rolling restarts under keep-alive load: resets that clients see';

export const help: string = `npm run prove -- drain [--restarts N] [--clients N] [--only WAY]

  --restarts N   rolling restarts of each row (default 5)
  --clients N    keep-alive connections that POST without a pause (default 50)
  --only WAY     one of ${SHUTDOWNS.join(', ')}`;

type ClientName = 'http' | 'undici';

interface Client {
  post(): Promise<number>;
  close(): Promise<void>;
}

interface Row {
  readonly client: ClientName;
  readonly shutdown: Shutdown;
  readonly resets: number;
  readonly failures: number;
  readonly answered: number;
  /** From SIGTERM to the end of the process, all restarts together. */
  readonly seconds: number;
  /** Codes of what went wrong and how often. */
  readonly codes: ReadonlyMap<string, number>;
}

/** Prints the table; 1 unless our rows show no reset and no failure. */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      restarts: { type: 'string', default: '5' },
      clients: { type: 'string', default: '50' },
      only: { type: 'string' },
    },
  });
  const restarts = positiveInteger('--restarts', values.restarts);
  const clients = positiveInteger('--clients', values.clients);
  const shutdowns = SHUTDOWNS.filter((name) => values.only === undefined || name === values.only);
  if (shutdowns.length === 0) throw new UsageError(`--only ${values.only}: one of ${SHUTDOWNS.join(', ')} is needed`);
  const rows: Row[] = [];
  for (const shutdown of shutdowns)
    for (const client of ['http', 'undici'] as const) {
      announce(`${shutdown}, ${client}`);
      rows.push(await measure(shutdown, client, restarts, clients));
    }
  announce('');

  console.log(`${restarts} rolling restarts, ${clients} keep-alive clients POSTing, Node ${process.version}\n`);
  console.log(
    renderTable([
      ['stopped by', 'client', 'resets', 'other failures', 'answered', 'seconds to stop'],
      ...rows.map(({ shutdown, client, resets, failures, answered, seconds }) => [
        shutdown,
        client,
        String(resets),
        String(failures),
        String(answered),
        seconds.toFixed(1),
      ]),
    ]),
  );
  for (const { shutdown, client, codes } of rows)
    if (codes.size > 0) console.log(`${shutdown}, ${client}: ${[...codes].map(([c, n]) => `${n} × ${c}`).join(', ')}`);
  const ours = rows.filter(({ shutdown }) => shutdown === 'firsthand');
  if (ours.length === 0) return 0;
  const holds = ours.every(({ resets, failures, answered }) => resets + failures === 0 && answered > 0);
  console.log(`\nfirsthand: ${holds ? 'no reset, no failure' : 'the claim of no reset and no failure does not hold'}`);
  return holds ? 0 : 1;
}

async function measure(shutdown: Shutdown, name: ClientName, restarts: number, clients: number): Promise<Row> {
  const port = await freePort();
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({ exec: join(import.meta.dirname, 'drain-server.ts'), args: [shutdown, String(port)] });
  let server = await startServer();
  const client = name === 'http' ? httpClient(port, clients) : undiciClient(port, clients);
  const codes: Map<string, number> = new Map();
  const load = { over: false };
  let [resets, failures, answered] = [0, 0, 0];
  const progress = new EventTarget();
  const working = Array.from({ length: clients }, work);

  let stoppingMs = 0;
  for (let restart = 0; restart < restarts; restart += 1) {
    await answers(clients * 10);
    const successor = await startServer();
    const startedMs = performance.now();
    server.process.kill('SIGTERM');
    await once(server, 'exit');
    stoppingMs += performance.now() - startedMs;
    server = successor;
  }
  await answers(clients * 2);
  load.over = true;
  await Promise.all(working);
  await client.close();
  server.process.kill('SIGKILL');
  await once(server, 'exit');
  return { client: name, shutdown, resets, failures, answered, seconds: stoppingMs / 1000, codes };

  async function work(): Promise<void> {
    while (!load.over) {
      try {
        const status = await client.post();
        if (status !== 200) throw Object.assign(new Error('status'), { code: `status ${status}` });
        answered += 1;
      } catch (error) {
        const { code = 'unknown' } = error as { code?: string };
        codes.set(code, (codes.get(code) ?? 0) + 1);
        if (RESETS.has(code)) resets += 1;
        else failures += 1;
        // A port that refuses must not turn this into a busy loop.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      progress.dispatchEvent(new Event('step'));
    }
  }

  /** Resolves when so many more requests have been answered. */
  function answers(more: number): Promise<void> {
    const goal = answered + more;
    return new Promise((resolve) => {
      const look = (): void => {
        if (answered < goal) return;
        progress.removeEventListener('step', look);
        resolve();
      };
      progress.addEventListener('step', look);
    });
  }
}

/** How clients say that the connection died under the request. */
const RESETS: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);
const BODY = JSON.stringify({ order: 'a'.repeat(200) });

async function startServer(): Promise<Worker> {
  const worker = cluster.fork();
  const died = once(worker, 'exit').then(([code]) => {
    throw new Error(`the server ended with ${String(code)} before it listened`);
  });
  await Promise.race([once(worker, 'listening'), died]);
  died.catch(() => {});
  return worker;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

function httpClient(port: number, connections: number): Client {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  return {
    post: () =>
      new Promise((resolve, reject) => {
        const headers = { 'Content-Type': 'application/json', 'Content-Length': BODY.length };
        const request = http.request({ agent, host: '127.0.0.1', port, method: 'POST', path: '/orders', headers });
        request.once('error', reject);
        request.once('response', (response: IncomingMessage) => {
          response.once('error', reject).resume();
          response.once('end', () => resolve(response.statusCode!));
        });
        request.end(BODY);
      }),
    close: async () => agent.destroy(),
  };
}

function undiciClient(port: number, connections: number): Client {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections });
  return {
    async post() {
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path: '/orders',
        headers: { 'content-type': 'application/json' },
        body: BODY,
      });
      await body.dump();
      return statusCode;
    },
    close: () => pool.close(),
  };
}
