/** What `--import firsthand/register` costs a program: pairs of fresh processes, one with and one without, in turns. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { describeMachine } from './machine.ts';
import { positiveInteger, UsageError } from './options.ts';
import { medianWithInterval } from './register-interval.ts';
import { renderTable } from './table.ts';

interface Round {
  readonly wallS: number;
  /** User and system time of both ends. */
  readonly cpuS: number;
}

/** Without, with. */
type Pair = readonly [Round, Round];

interface Plan {
  readonly pairs: number;
  readonly rounds: number;
  readonly operations: number;
  /** Arguments of Node for the second process of a pair. */
  readonly execArgv: readonly string[];
}

const LOOP = path.join(import.meta.dirname, 'register-loop.mjs');
const REGISTER = path.resolve(import.meta.dirname, '../dist/src/resilience/register/index.js');
const KINDS = ['net', 'connect', 'http', 'fetch', 'undici'] as const;
/** Enough for the compiler to be done with the loop. */
const WARM_UP_OPERATIONS = 5000;

export const about: string = 'what firsthand/register costs net, http, fetch and undici, in paired processes';

export const help: string = `npm run bench -- register [KIND ...] [--pairs N] [--rounds N] [--operations N] [--control]

  KIND             ${KINDS.join(', ')} (default all): one byte there and back on a kept socket, a connection
                   opened and closed, or a request on a kept connection; client and server share the process
  --pairs N        pairs of fresh processes (default 20)
  --rounds N       rounds of each pair, the two in turns, after ${WARM_UP_OPERATIONS} operations to warm up (default 40)
  --operations N   operations of a round, one after the other (default 200)
  --control        both processes without register: what the machine's noise alone shows`;

/** Prints for each kind the median ratio of the pairs and the 95 % interval of that median. */
export async function run(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      pairs: { type: 'string', default: '20' },
      rounds: { type: 'string', default: '40' },
      operations: { type: 'string', default: '200' },
      control: { type: 'boolean', default: false },
    },
  });
  const kinds = positionals.length === 0 ? KINDS : positionals.map(toKind);
  if (!fs.existsSync(REGISTER)) throw new UsageError('dist/ is missing: npm run build');
  const plan: Plan = {
    pairs: positiveInteger('--pairs', values.pairs),
    rounds: positiveInteger('--rounds', values.rounds),
    operations: positiveInteger('--operations', values.operations),
    execArgv: values.control ? [] : ['--import', pathToFileURL(REGISTER).href],
  };
  console.log(describeMachine().join('\n'));
  console.log(`\n${plan.pairs} pairs of processes, ${plan.rounds} rounds of ${plan.operations} operations each`);
  const rows = [['', 'µs without', 'µs with', 'time, with / without', '95 %', 'CPU, with / without', '95 %']];
  for (const kind of kinds) rows.push(toRow(kind, await runPairs(kind, plan), plan));
  console.log(renderTable(rows));
}

async function runPairs(kind: string, { pairs, rounds, operations, execArgv }: Plan): Promise<readonly Pair[]> {
  const done: Pair[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const children = [await startLoop(kind, []), await startLoop(kind, execArgv)] as const;
    try {
      done.push(await runPair(children, rounds, operations, pair % 2));
    } finally {
      for (const child of children) child.disconnect();
    }
  }
  return done;
}

/** The rounds of two processes in turns (A B B A …), added up: a process keeps its own luck, so it counts once. */
async function runPair(
  children: readonly [ChildProcess, ChildProcess],
  rounds: number,
  operations: number,
  begins: number,
): Promise<Pair> {
  const sums: readonly { wallS: number; cpuS: number }[] = [
    { wallS: 0, cpuS: 0 },
    { wallS: 0, cpuS: 0 },
  ];
  for (const child of children) await runRound(child, WARM_UP_OPERATIONS);
  for (let round = 0; round < rounds; round++) {
    const first = (round + begins) % 2;
    for (const which of [first, 1 - first]) {
      const { wallS, cpuS } = await runRound(children[which]!, operations);
      sums[which]!.wallS += wallS;
      sums[which]!.cpuS += cpuS;
    }
  }
  return [sums[0]!, sums[1]!];
}

async function startLoop(kind: string, execArgv: readonly string[]): Promise<ChildProcess> {
  const { NODE_OPTIONS: _options, ...env } = process.env;
  // tsx runs this process with an option that a plain Node should not have.
  const child = fork(LOOP, [kind], { execArgv: [...execArgv], env });
  await once(child, 'message');
  return child;
}

async function runRound(child: ChildProcess, operations: number): Promise<Round> {
  child.send(operations);
  const [round] = (await once(child, 'message')) as [Round];
  return round;
}

function toRow(kind: string, pairs: readonly Pair[], { rounds, operations }: Plan): string[] {
  const micros = (which: 0 | 1): string =>
    medianWithInterval(pairs.map((pair) => (pair[which].wallS / rounds / operations) * 1e6)).median.toFixed(1);
  return [kind, micros(0), micros(1), ...ratio(pairs, 'wallS'), ...ratio(pairs, 'cpuS')];
}

function ratio(pairs: readonly Pair[], figure: keyof Round): readonly [string, string] {
  const { median, low, high } = medianWithInterval(pairs.map(([without, withIt]) => withIt[figure] / without[figure]));
  return [median.toFixed(4), `${low.toFixed(4)} to ${high.toFixed(4)}`];
}

function toKind(text: string): string {
  if ((KINDS as readonly string[]).includes(text)) return text;
  throw new UsageError(`no kind ${text}: one of ${KINDS.join(', ')}`);
}
