/** What the idempotency middleware costs Fastify: two servers in processes of their own, rounds in turns. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { parseArgs } from 'node:util';

import { describeMachine } from './machine.ts';
import { positiveInteger, UsageError } from './options.ts';
import { medianWithInterval } from './register-interval.ts';
import { renderTable } from './table.ts';

interface Server {
  readonly process: ChildProcess;
  readonly sockets: readonly net.Socket[];
}

interface Round {
  readonly wallS: number;
  /** User and system time of the server alone. */
  readonly cpuS: number;
}

const SERVER = path.join(import.meta.dirname, 'idempotency-server.mjs');
const BUILT = path.resolve(import.meta.dirname, '../dist/src/resilience/server/index.js');
const WARM_UP_OPERATIONS = 5000;
const BODY = JSON.stringify({ order: 42, lines: Array.from({ length: 8 }, (_, at) => ({ item: at, count: 1 })) });
/** The claim: throughput with the middleware at least this share of that without. */
const TARGET = 0.9;

export const about: string = 'what the idempotency middleware with the memory store costs Fastify';

export const help: string = `npm run bench -- idempotency [--rounds N] [--operations N] [--at-once N]

  --rounds N       rounds of each server, the two in turns, after ${WARM_UP_OPERATIONS} operations to warm up (default 60)
  --operations N   POSTs of a round, each with a new key and ${BODY.length} bytes (default 1000)
  --at-once N      connections, one request at a time on each (default 100)

The client sends the same requests to both servers. Exit 1 when the median throughput ratio is below ${TARGET}.`;

/** Prints the median ratios of the pairs of rounds with their 95 % intervals. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '60' },
      operations: { type: 'string', default: '1000' },
      'at-once': { type: 'string', default: '100' },
    },
  });
  const rounds = positiveInteger('--rounds', values.rounds);
  const operations = positiveInteger('--operations', values.operations);
  const atOnce = positiveInteger('--at-once', values['at-once']);
  if (!fs.existsSync(BUILT)) throw new UsageError('dist/ is missing: npm run build');
  console.log(describeMachine().join('\n'));
  console.log(`\n${rounds} pairs of rounds of ${operations} POSTs each, ${atOnce} at once`);
  const servers = [await start('bare', atOnce), await start('ours', atOnce)] as const;
  try {
    for (const server of servers) await measure(server, WARM_UP_OPERATIONS);
    const pairs: (readonly [Round, Round])[] = [];
    for (let at = 0; at < rounds; at++) {
      const pair: [Round?, Round?] = [];
      // A B, B A, …: a drift of the machine hits both alike.
      for (const which of at % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const))
        pair[which] = await measure(servers[which], operations);
      pairs.push([pair[0]!, pair[1]!]);
    }
    report(pairs, operations);
  } finally {
    for (const { process: child, sockets } of servers) {
      for (const socket of sockets) socket.destroy();
      child.disconnect();
    }
  }
}

function report(pairs: readonly (readonly [Round, Round])[], operations: number): void {
  const rows = [['', 'µs bare', 'µs ours', 'bare / ours', '95 %']];
  const ratioOf = (name: string, of: (round: Round) => number): number => {
    const { median, low, high } = medianWithInterval(pairs.map(([bare, ours]) => of(bare) / of(ours)));
    const micros = (which: 0 | 1): string =>
      medianWithInterval(pairs.map((pair) => (of(pair[which]) / operations) * 1e6)).median.toFixed(1);
    rows.push([name, micros(0), micros(1), median.toFixed(3), `${low.toFixed(3)} to ${high.toFixed(3)}`]);
    return median;
  };
  const throughput = ratioOf('a request, as the client sees it', ({ wallS }) => wallS);
  ratioOf('CPU of the server', ({ cpuS }) => cpuS);
  console.log(renderTable(rows));
  if (throughput < TARGET) throw new Error(`throughput is ${throughput.toFixed(3)} of bare Fastify, below ${TARGET}`);
}

async function start(how: 'bare' | 'ours', connections: number): Promise<Server> {
  // tsx runs this process with an option that a plain Node should not have.
  const child = fork(SERVER, [how], { execArgv: [] });
  const [port] = (await once(child, 'message')) as [number];
  const sockets = Array.from({ length: connections }, () => net.connect({ port, host: '127.0.0.1', noDelay: true }));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  return { process: child, sockets };
}

let keys = 0;

/** Raw sockets: a client that costs more than the server would measure itself. */
async function measure({ process: child, sockets }: Server, operations: number): Promise<Round> {
  const before = await cpuOf(child);
  const startedMs = performance.now();
  let [sent, answered] = [0, 0];
  const next = (socket: net.Socket): void => {
    if (sent === operations) return;
    sent++;
    socket.write(
      `POST /orders HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nidempotency-key: "order-${++keys}"\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
    );
  };
  await new Promise<void>((resolve, reject) => {
    for (const socket of sockets) {
      socket.removeAllListeners('data');
      socket.on('data', (chunk) => {
        // The answer is small and comes whole.
        if (!chunk.toString('latin1', 0, 12).endsWith('200')) reject(new Error(chunk.toString()));
        if (++answered === operations) resolve();
        else next(socket);
      });
      next(socket);
    }
  });
  const wallS = (performance.now() - startedMs) / 1000;
  return { wallS, cpuS: ((await cpuOf(child)) - before) / 1e6 };
}

/** Microseconds so far. */
async function cpuOf(child: ChildProcess): Promise<number> {
  child.send('cpu');
  const [{ user, system }] = (await once(child, 'message')) as [NodeJS.CpuUsage];
  return user + system;
}
