/** What `--import firsthand/register` costs a program: requests per second of a keep-alive http loop, with and without, in turns. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { describeMachine } from './machine.ts';
import { positiveInteger, UsageError } from './options.ts';
import { renderTable } from './table.ts';

interface Round {
  readonly wallS: number;
  /** User and system time of client and server together. */
  readonly cpuS: number;
}

/** Without, with. */
type Pair = readonly [Round, Round];

const LOOP = path.join(import.meta.dirname, 'register-loop.mjs');
const REGISTER = path.resolve(import.meta.dirname, '../dist/src/resilience/register/index.js');
const WARM_UP_PAIRS = 3;

export const about: string = 'requests per second with and without firsthand/register';

export const help: string = `npm run bench -- register [--pairs N] [--requests N]

  --pairs N      paired rounds, one without and one with, first and second in turns (default 40)
  --requests N   requests of each round, one after the other on one kept connection (default 1000)`;

/** Runs both processes in turns and prints their speeds and the spread of the paired ratio. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { pairs: { type: 'string', default: '40' }, requests: { type: 'string', default: '1000' } },
  });
  const pairs = positiveInteger('--pairs', values.pairs);
  const requests = positiveInteger('--requests', values.requests);
  if (!fs.existsSync(REGISTER)) throw new UsageError('dist/ is missing: npm run build');
  console.log(describeMachine().join('\n'));
  const children = [await startLoop([]), await startLoop(['--import', pathToFileURL(REGISTER).href])] as const;
  try {
    const rounds: Pair[] = [];
    for (let pair = -WARM_UP_PAIRS; pair < pairs; pair++) {
      const first = pair % 2 === 0 ? 0 : 1;
      const early = await runRound(children[first], requests);
      const late = await runRound(children[1 - first]!, requests);
      if (pair >= 0) rounds.push(first === 0 ? [early, late] : [late, early]);
    }
    console.log(`\n${pairs} pairs of ${requests} requests\n${render(rounds, requests)}`);
  } finally {
    for (const child of children) child.disconnect();
  }
}

async function startLoop(execArgv: readonly string[]): Promise<ChildProcess> {
  const { NODE_OPTIONS: _options, ...env } = process.env;
  const child = fork(LOOP, { execArgv: [...execArgv], env });
  await once(child, 'message');
  return child;
}

async function runRound(child: ChildProcess, requests: number): Promise<Round> {
  child.send(requests);
  const [round] = (await once(child, 'message')) as [Round];
  return round;
}

function render(pairs: readonly Pair[], requests: number): string {
  return renderTable([
    ['', 'median', 'min', 'p25', 'p75', 'max'],
    row(
      'requests/s without',
      pairs.map(([without]) => requests / without.wallS),
      0,
    ),
    row(
      'requests/s with',
      pairs.map(([, withIt]) => requests / withIt.wallS),
      0,
    ),
    row(
      'requests/s, with / without',
      pairs.map(([without, withIt]) => without.wallS / withIt.wallS),
      3,
    ),
    row(
      'CPU µs a request without',
      pairs.map(([without]) => (without.cpuS / requests) * 1e6),
      1,
    ),
    row(
      'CPU µs a request with',
      pairs.map(([, withIt]) => (withIt.cpuS / requests) * 1e6),
      1,
    ),
    row(
      'CPU, with / without',
      pairs.map(([without, withIt]) => withIt.cpuS / without.cpuS),
      3,
    ),
  ]);
}

function row(name: string, values: readonly number[], digits: number): readonly string[] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): string => sorted[Math.round(share * (sorted.length - 1))]!.toFixed(digits);
  return [name, at(0.5), at(0), at(0.25), at(0.75), at(1)];
}
