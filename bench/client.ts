/** What createClient() with everything on costs beside bare undici: processes in turns on the same mix of requests. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { describeMachine } from './machine.ts';
import { positiveInteger, UsageError } from './options.ts';
import { type Interval, medianWithInterval } from './register-interval.ts';
import { renderTable } from './table.ts';

const KINDS = ['fetch', 'request'] as const;
type Kind = (typeof KINDS)[number];

/** `keyed` is bare undici whose caller makes a key for each POST; `again` is `bare` once more: what noise there is. */
const CLIENTS = ['bare', 'ours', 'heard', 'keyed', 'again'] as const;
type Who = (typeof CLIENTS)[number];

interface Took {
  readonly wallMs: number;
  readonly cpuMs: number;
}

interface Plan {
  readonly sets: number;
  readonly rounds: number;
  readonly operations: number;
  readonly built: string;
}

const SERVER = path.join(import.meta.dirname, 'client-server.mjs');
const LOOP = path.join(import.meta.dirname, 'client-loop.mjs');
/**
 * Until V8 has compiled what it will: our client's share of the time falls until about then. In turns like the others,
 * because who warms up alone warms up better, and always with many at once, because that takes less time.
 */
const WARM_UP_OPERATIONS = 24_000;
const WARM_UP_AT_ONCE = 16;
const CONCURRENCIES = [1, 16];
/** With the median of the row above it, the claim holds. */
const TARGET = 0.95;

/** What is divided by what; throughput, so above 1 is faster. The claim is the first, over all kinds and numbers at once. */
const COMPARISONS: readonly (readonly [Who, Who, string])[] = [
  ['ours', 'bare', 'createClient() / bare'],
  ['heard', 'bare', 'createClient({ onAttempt }) / bare'],
  ['ours', 'keyed', 'createClient() / bare with keys'],
  ['again', 'bare', 'bare / bare'],
];

export const about: string = 'what createClient() with everything on costs beside bare undici';

export const help: string = `npm run bench -- client [KIND ...] [--sets N] [--rounds N] [--operations N] [--dist FOLDER]

  KIND             ${KINDS.join(', ')} (default both): client.fetch beside undici's fetch, client.dispatcher.request
                   beside an Agent's; every other request is a POST with a body of JSON
  --sets N         times that every client is started anew (default 8)
  --rounds N       rounds of each client in a set, after ${WARM_UP_OPERATIONS} operations to warm up (default 5)
  --operations N   operations of a round (default 1000)
  --dist FOLDER    the built package (default dist)

Each client and the server has a process of its own; each round goes through the clients in a new order. A set gives
the median ratio of its rounds; the table has the median of the sets with its 95 % interval. The ratio is throughput,
and beside it that of processor time. The last rows are the geometric mean of all kinds and numbers at once; exit 2 when
createClient() is below ${TARGET} of bare undici there.`;

/** Prints for each kind and concurrency the ratios of the clients with their 95 % intervals. */
export async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      sets: { type: 'string', default: '8' },
      rounds: { type: 'string', default: '5' },
      operations: { type: 'string', default: '1000' },
      dist: { type: 'string', default: path.resolve(import.meta.dirname, '../dist') },
    },
  });
  const kinds = positionals.length === 0 ? KINDS : positionals.map(toKind);
  const built = path.resolve(values.dist, 'src/resilience/client/index.js');
  if (!fs.existsSync(built)) throw new UsageError(`${built} is missing: npm run build`);
  const plan = {
    sets: positiveInteger('--sets', values.sets),
    rounds: positiveInteger('--rounds', values.rounds),
    operations: positiveInteger('--operations', values.operations),
    built: pathToFileURL(built).href,
  };
  console.log(describeMachine().join('\n'));
  console.log(`\n${plan.sets} sets of ${plan.rounds} rounds of ${plan.operations} operations for each client`);
  const server = fork(SERVER, { execArgv: [] });
  try {
    const [port] = (await once(server, 'message')) as [number];
    const rows = [['', 'at once', 'throughput of', 'ratio', '95 %', 'processor time', 'µs each', 'beside']];
    const all: Record<Who, Took[]>[][] = [];
    for (const kind of kinds)
      for (const atOnce of CONCURRENCIES) {
        const sets: Record<Who, Took[]>[] = [];
        for (let at = 0; at < plan.sets; at++) sets.push(await measureSet(kind, atOnce, port, plan));
        all.push(sets);
        rows.push(...rowsOf(kind, atOnce, sets, plan));
      }
    const claim = overall(all, 'ours');
    rows.push(['all of it', '', COMPARISONS[0]![2], ...written(claim)]);
    rows.push(['all of it', '', 'bare / bare', ...written(overall(all, 'again'))]);
    console.log(renderTable(rows));
    if (claim.median < TARGET)
      throw new Error(`createClient() has ${claim.median.toFixed(3)} of bare, below ${TARGET}`);
  } finally {
    server.disconnect();
  }
}

function rowsOf(kind: Kind, atOnce: number, sets: readonly Record<Who, Took[]>[], plan: Plan): string[][] {
  return COMPARISONS.map(([who, beside, title]) => {
    const wall = medianWithInterval(sets.map((set) => ratioOf(set, who, beside, 'wallMs')));
    const cpu = medianWithInterval(sets.map((set) => ratioOf(set, who, beside, 'cpuMs')));
    const micros = (one: Who): string => {
      const all = sets.flatMap((set) => set[one].map(({ wallMs }) => (wallMs / plan.operations) * 1000));
      return medianWithInterval(all).median.toFixed(1);
    };
    return [kind, String(atOnce), title, ...written(wall), (1 / cpu.median).toFixed(3), micros(who), micros(beside)];
  });
}

/** Over kinds and numbers at once, the geometric mean of a set. */
function overall(all: readonly (readonly Record<Who, Took[]>[])[], who: Who): Interval {
  const means = all[0]!.map((_, at) => {
    const logs = all.map((sets) => Math.log(ratioOf(sets[at]!, who, 'bare', 'wallMs')));
    return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
  });
  return medianWithInterval(means);
}

function written({ median, low, high }: Interval): [string, string] {
  return [median.toFixed(3), `${low.toFixed(3)} to ${high.toFixed(3)}`];
}

/** The rounds of every client, each in a process that lives for this set. */
async function measureSet(kind: Kind, atOnce: number, port: number, plan: Plan): Promise<Record<Who, Took[]>> {
  const took: Record<Who, Took[]> = { bare: [], ours: [], heard: [], keyed: [], again: [] };
  const children: [Who, ChildProcess][] = [];
  try {
    // Who is started first has an advantage of some hundredths.
    for (const who of shuffled(CLIENTS)) {
      const child = fork(LOOP, [kind, who, String(port), plan.built], { execArgv: [] });
      children.push([who, child]);
      await once(child, 'message');
    }
    const { operations } = plan;
    for (let done = 0; done < WARM_UP_OPERATIONS; done += operations)
      for (const [, child] of shuffled(children)) await round(child, { operations, atOnce: WARM_UP_AT_ONCE });
    for (let at = 0; at < plan.rounds; at++)
      for (const [who, child] of shuffled(children)) took[who].push(await round(child, { operations, atOnce }));
    return took;
  } finally {
    for (const [, child] of children) child.disconnect();
  }
}

/**
 * A new order for each round, so that a drift of the machine hits all alike. Forwards and backwards would not do:
 * the first and the last run twice in a row and find their code still in the caches of the processor.
 */
function shuffled<T>(values: readonly T[]): T[] {
  const rest = [...values];
  return values.map(() => rest.splice(Math.floor(Math.random() * rest.length), 1)[0]!);
}

async function round(child: ChildProcess, order: { operations: number; atOnce: number }): Promise<Took> {
  child.send(order);
  const [took] = (await once(child, 'message')) as [Took];
  return took;
}

/** The median over the rounds of a set; above 1 when `who` took less. */
function ratioOf(set: Record<Who, Took[]>, who: Who, beside: Who, of: keyof Took): number {
  return medianWithInterval(set[who].map((took, at) => set[beside][at]![of] / took[of])).median;
}

function toKind(text: string): Kind {
  if ((KINDS as readonly string[]).includes(text)) return text as Kind;
  throw new UsageError(`no kind ${text}: one of ${KINDS.join(', ')}`);
}
