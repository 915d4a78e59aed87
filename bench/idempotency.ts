/** What the idempotency middleware costs Fastify: servers in processes of their own, rounds in turns, processes anew in sets. */
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { describeMachine } from './machine.ts';
import { positiveInteger, UsageError } from './options.ts';
import { medianWithInterval } from './register-interval.ts';
import { renderTable } from './table.ts';

/** What is sent; the claim is about the first. */
const KINDS = {
  mix: 'GET and POST in turns',
  posts: 'POST, each a new key',
  replays: 'POST, one key: replays',
} as const;
type Kind = keyof typeof KINDS;

/** `again` is `bare` once more: what noise there is. */
const SERVERS = ['bare', 'ours', 'again'] as const;
type Who = (typeof SERVERS)[number];

interface Server {
  readonly process: ChildProcess;
  readonly sockets: readonly net.Socket[];
}

interface Took {
  readonly wallS: number;
  /** User and system time of the server alone. */
  readonly cpuS: number;
}

interface Plan {
  readonly sets: number;
  readonly rounds: number;
  readonly operations: number;
  readonly atOnce: number;
  readonly built: string;
}

const SERVER = path.join(import.meta.dirname, 'idempotency-server.mjs');
/** Until V8 has compiled what it will, in turns like the others: who warms up alone warms up better. */
const WARM_UP_OPERATIONS = 24_000;
const BODY = JSON.stringify({ order: 42, lines: Array.from({ length: 8 }, (_, at) => ({ item: at, count: 1 })) });
/** The claim: throughput of the mix with the middleware at least this share of that without. */
const TARGET = 0.9;

export const about: string = 'what the idempotency middleware with the memory store costs Fastify';

export const help: string = `npm run bench -- idempotency [KIND ...] [--sets N] [--rounds N] [--operations N] [--at-once N] [--dist FOLDER]

  KIND             mix      every other request a GET, the others POSTs, each with a new key and ${BODY.length} bytes of JSON:
                            the mix of \`npm run bench -- client\`, and what the claim is about
                   posts    only the POSTs: no request that the middleware passes by
                   replays  only POSTs with one key, all but the first answered from the store
                   (default all three)
  --sets N         times that every server is started anew (default 10)
  --rounds N       rounds of each server in a set, after ${WARM_UP_OPERATIONS} requests to warm up (default 20)
  --operations N   requests of a round (default 1000)
  --at-once N      connections, one request at a time on each (default 100)
  --dist FOLDER    the built package (default dist)

The client sends the same requests to each server; each round goes through the servers in a new order. A set gives the
median ratio of its rounds; the table has the median of the sets with its 95 % interval. The ratio is throughput, and
beside it that of the server's processor time. Exit 2 when the ratio of the row "claim" is below ${TARGET}.`;

/** Prints for each kind of traffic the ratios of the servers with their 95 % intervals. */
export async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      sets: { type: 'string', default: '10' },
      rounds: { type: 'string', default: '20' },
      operations: { type: 'string', default: '1000' },
      'at-once': { type: 'string', default: '100' },
      dist: { type: 'string', default: path.resolve(import.meta.dirname, '../dist') },
    },
  });
  const kinds = positionals.length === 0 ? (Object.keys(KINDS) as Kind[]) : positionals.map(toKind);
  const built = path.resolve(values.dist, 'src/resilience/server/index.js');
  if (!fs.existsSync(built)) throw new UsageError(`${built} is missing: npm run build`);
  const plan: Plan = {
    sets: positiveInteger('--sets', values.sets),
    rounds: positiveInteger('--rounds', values.rounds),
    operations: positiveInteger('--operations', values.operations),
    atOnce: positiveInteger('--at-once', values['at-once']),
    built: pathToFileURL(built).href,
  };
  console.log(describeMachine().join('\n'));
  console.log(
    `\n${plan.sets} sets of ${plan.rounds} rounds of ${plan.operations} requests to each server, ${plan.atOnce} at once`,
  );
  const rows = [['', '', 'throughput of', 'ratio', '95 %', 'processor time', 'µs each', 'beside']];
  let claim = Number.NaN;
  for (const kind of kinds) {
    const sets: Record<Who, Took[]>[] = [];
    for (let at = 0; at < plan.sets; at++) sets.push(await measureSet(kind, plan));
    const ratio = addRows(rows, kind, sets, plan);
    if (kind === 'mix') claim = ratio;
  }
  console.log(renderTable(rows));
  if (claim < TARGET) throw new Error(`throughput of the mix is ${claim.toFixed(3)} of bare Fastify, below ${TARGET}`);
}

/** The ratio of ours to bare. */
function addRows(rows: string[][], kind: Kind, sets: readonly Record<Who, Took[]>[], plan: Plan): number {
  const medians = (['ours', 'again'] as const).map((who) => {
    const wall = medianWithInterval(sets.map((set) => ratioOf(set, who, 'wallS')));
    const cpu = medianWithInterval(sets.map((set) => ratioOf(set, who, 'cpuS')));
    const micros = (one: Who): string => {
      const all = sets.flatMap((set) => set[one].map(({ wallS }) => (wallS / plan.operations) * 1e6));
      return medianWithInterval(all).median.toFixed(1);
    };
    const title = who === 'ours' ? 'idempotency / bare' : 'bare / bare';
    const claim = kind === 'mix' && who === 'ours' ? 'claim' : '';
    const interval = `${wall.low.toFixed(3)} to ${wall.high.toFixed(3)}`;
    const times = [(1 / cpu.median).toFixed(3), micros(who), micros('bare')];
    rows.push([KINDS[kind], claim, title, wall.median.toFixed(3), interval, ...times]);
    return wall.median;
  });
  return medians[0]!;
}

/** The rounds of every server, each in a process that lives for this set. */
async function measureSet(kind: Kind, plan: Plan): Promise<Record<Who, Took[]>> {
  const took: Record<Who, Took[]> = { bare: [], ours: [], again: [] };
  const servers: [Who, Server][] = [];
  try {
    for (const who of SERVERS) servers.push([who, await start(who, plan)]);
    const requests = toRequests(kind);
    for (let done = 0; done < WARM_UP_OPERATIONS; done += plan.operations)
      for (const [, server] of shuffled(servers)) await round(server, requests, plan.operations);
    for (let at = 0; at < plan.rounds; at++)
      for (const [who, server] of shuffled(servers)) took[who].push(await round(server, requests, plan.operations));
    return took;
  } finally {
    for (const [, { process: child, sockets }] of servers) {
      for (const socket of sockets) socket.destroy();
      child.disconnect();
    }
  }
}

async function start(who: Who, { built, atOnce }: Plan): Promise<Server> {
  // tsx runs this process with an option that a plain Node should not have.
  const child = fork(SERVER, [who, built], { execArgv: [] });
  const [port] = (await once(child, 'message')) as [number];
  const sockets = Array.from({ length: atOnce }, () => net.connect({ port, host: '127.0.0.1', noDelay: true }));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  return { process: child, sockets };
}

/** The requests of a kind, the n-th from 0. */
function toRequests(kind: Kind): (at: number) => string {
  const get = 'GET /orders/42 HTTP/1.1\r\nhost: x\r\n\r\n';
  if (kind === 'posts') return () => post(randomUUID());
  if (kind === 'mix') return (at) => (at % 2 === 0 ? get : post(randomUUID()));
  const again = post(randomUUID());
  return () => again;
}

function post(key: string): string {
  return `POST /orders HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nidempotency-key: "${key}"\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`;
}

/** Raw sockets: a client that costs more than the server would measure itself. */
async function round(
  { process: child, sockets }: Server,
  requests: (at: number) => string,
  operations: number,
): Promise<Took> {
  const before = await cpuOf(child);
  const startedMs = performance.now();
  let [sent, answered] = [0, 0];
  const next = (socket: net.Socket): void => {
    if (sent < operations) socket.write(requests(sent++), 'latin1');
  };
  await new Promise<void>((resolve, reject) => {
    for (const socket of sockets) {
      socket.removeAllListeners('data');
      socket.on('data', (chunk) => {
        // The answer is small and comes whole.
        if (chunk.toString('latin1', 9, 12) !== '200') reject(new Error(chunk.toString()));
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

/**
 * A new order for each round, so that a drift of the machine hits all alike. Forwards and backwards would not do:
 * the first and the last run twice in a row and find their code still in the caches of the processor.
 */
function shuffled<T>(values: readonly T[]): T[] {
  const rest = [...values];
  return values.map(() => rest.splice(Math.floor(Math.random() * rest.length), 1)[0]!);
}

/** The median over the rounds of a set; above 1 when `who` took less than bare. */
function ratioOf(set: Record<Who, Took[]>, who: Who, of: keyof Took): number {
  return medianWithInterval(set[who].map((took, at) => set.bare[at]![of] / took[of])).median;
}

function toKind(text: string): Kind {
  if (Object.hasOwn(KINDS, text)) return text as Kind;
  throw new UsageError(`no kind ${text}: one of ${Object.keys(KINDS).join(', ')}`);
}
