/** Nanoseconds per packet of the wire decoders, each case in a process of its own so that none shapes another's machine code. */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { parseArgs } from 'node:util';

import { measure } from 'mitata';

import { indexRecords, PASSES } from './decode-cases.ts';
import { describeMachine } from './machine.ts';
import { makeCapture } from './make-capture.ts';
import { positiveInteger, UsageError } from './options.ts';
import { renderTable } from './table.ts';

interface Result {
  readonly rsts: number;
  /** Nanoseconds per packet. */
  readonly minNs: number;
  readonly medianNs: number;
  readonly p99Ns: number;
}

export const about: string = 'nanoseconds per packet of the wire decoders';

export const help: string = `npm run bench -- decode [--packets N]

  --packets N   packets decoded per pass (default 200000)
  --case NAME   run one case in this process and print it as JSON: ${Object.keys(PASSES).join('; ')}`;

/** Runs every case in a child process, or the named one in this. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { packets: { type: 'string', default: '200000' }, case: { type: 'string' } },
  });
  const packets = positiveInteger('--packets', values.packets);
  if (values.case !== undefined) return console.log(JSON.stringify(await runCase(values.case, packets)));
  console.log(describeMachine().join('\n'));
  const { truth } = makeCapture(packets);
  const results = Object.keys(PASSES).map((name) => ({ name, ...runInChild(name, packets) }));
  console.log(`\n${packets} packets in memory, ns per packet\n${render(results)}`);
  const wrong = results.filter(({ rsts }) => rsts !== truth.rstPackets);
  if (wrong.length === 0)
    return console.log(`check: all cases count the same ${truth.rstPackets} RSTs as the generator`);
  for (const { name, rsts } of wrong)
    console.log(`check: ${name} counts ${rsts} RSTs, generated are ${truth.rstPackets}`);
}

async function runCase(name: string, packets: number): Promise<Result> {
  const pass = Object.hasOwn(PASSES, name) ? PASSES[name] : undefined;
  if (pass === undefined) throw new UsageError(`no case ${name}`);
  const records = indexRecords(fs.readFileSync(makeCapture(packets).file), packets);
  const stats = await measure(() => pass(records));
  return {
    rsts: pass(records),
    minNs: stats.min / packets,
    medianNs: stats.p50 / packets,
    p99Ns: stats.p99 / packets,
  };
}

function runInChild(name: string, packets: number): Result {
  const args = [...process.execArgv, process.argv[1]!, 'decode', '--packets', String(packets), '--case', name];
  const ended = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (ended.status !== 0) throw new Error(`case ${name} ended with ${ended.status ?? ended.signal}`);
  return JSON.parse(ended.stdout) as Result;
}

function render(results: readonly (Result & { name: string })[]): string {
  const base = results[0]!.medianNs;
  const rows = results.map(({ name, minNs, medianNs, p99Ns }) => [
    name,
    ...[minNs, medianNs, p99Ns, medianNs / base].map((value) => value.toFixed(2)),
  ]);
  return renderTable([['', 'min', 'median', 'p99', '× first'], ...rows]);
}
