/**
 * firsthand beside the tools that people use today, on the same generated captures, in one run.
 * The runs are interleaved, so that a busy moment of the machine hits every tool.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';

import { describeMachine } from './machine.ts';
import { type Capture, CACHE, cleanCaptures, makeCapture } from './make-capture.ts';
import { hasGnuTime, type Run, runOnce } from './measure.ts';
import { positiveInteger, share, UsageError } from './options.ts';
import { FOOTNOTES, renderCapture, renderGrowth, renderScaled, type Series } from './read-table.ts';
import { findTools, type Tool } from './tools.ts';
import { type TrafficOptions, USUAL_TRAFFIC } from './traffic.ts';

export const about: string = 'firsthand read beside tcpdump, tcptrace and tshark';

export const help: string = `npm run bench -- read [options]

  --packets N[,M…]    packets of the captures (default 5000000, about 490 MB); with several the growth of the time is printed
  --slow-packets N    packets of the capture that tcptrace and tshark read too (default 500000)
  --runs N            timed runs of the fast tools (default 5); slow ones get 3, or 1 above a million packets
  --only TEXT         only tools whose name contains the text, and firsthand
  --command COMMAND   measure this instead of firsthand; {} is the capture
  --seed N            seed of the captures (default 1)
  --concurrent N      connections open at the same time (default ${USUAL_TRAFFIC.concurrent})
  --reset-share X     share of connections that end in a RST, 0 to 1 (default ${USUAL_TRAFFIC.resetShare})
  --clean             delete the cached captures (${CACHE}) and stop

Nothing is asserted about times. Ratios are firsthand (or COMMAND) divided by the tool: below 1 it is faster or smaller.`;

/** Makes the captures, runs the tools and prints the tables. */
export function run(args: readonly string[]): void {
  const { values } = parseArgs({
    args: [...args],
    options: {
      packets: { type: 'string', default: '5000000' },
      'slow-packets': { type: 'string', default: '500000' },
      runs: { type: 'string', default: '5' },
      only: { type: 'string' },
      command: { type: 'string' },
      seed: { type: 'string', default: '1' },
      concurrent: { type: 'string', default: String(USUAL_TRAFFIC.concurrent) },
      'reset-share': { type: 'string', default: String(USUAL_TRAFFIC.resetShare) },
      clean: { type: 'boolean', default: false },
    },
  });
  if (values.clean) return cleanCaptures();
  const sizes = values.packets.split(',').map((text) => positiveInteger('--packets', text));
  const slowPackets = positiveInteger('--slow-packets', values['slow-packets']);
  const runs = positiveInteger('--runs', values.runs);
  const seed = positiveInteger('--seed', values.seed);
  const traffic = {
    concurrent: positiveInteger('--concurrent', values.concurrent),
    resetShare: share('--reset-share', values['reset-share']),
  };
  if (values.command?.includes('{}') === false) throw new UsageError('--command needs {} where the capture goes');

  const tools = findTools(values.command).filter((tool, i) => i === 0 || tool.name.includes(values.only ?? ''));
  const present = tools.filter((tool) => tool.absent === undefined);
  if (present.some((tool) => tool.isSlow)) sizes.push(slowPackets);
  printHead(tools);
  if (!hasGnuTime()) console.log('note     GNU time is absent: no CPU seconds, no peak RSS');
  const captures = [...new Set(sizes)].sort((a, b) => a - b).map((packets) => prepare(packets, seed, traffic));
  const series = captures.flatMap((capture) => planSeries(present, capture, runs, slowPackets));
  measureInTurns(series);
  for (const capture of captures) console.log(`\n${renderCapture(series, capture, tools[0]!)}`);
  if (captures.length > 1) console.log(`\n${renderGrowth(series)}${renderScaled(series)}`);
  console.log(`\n${FOOTNOTES}`);
}

function printHead(tools: readonly Tool[]): void {
  console.log(describeMachine().join('\n'));
  for (const tool of tools)
    console.log(`tool     ${tool.name}: ${tool.absent ? `ABSENT, ${tool.absent}` : tool.version}`);
}

function prepare(packets: number, seed: number, traffic: TrafficOptions): Capture {
  const startNs = process.hrtime.bigint();
  const capture = makeCapture(packets, seed, CACHE, traffic);
  const how = capture.reused
    ? 'from an earlier run'
    : `written in ${(Number(process.hrtime.bigint() - startNs) / 1e9).toFixed(1)} s`;
  console.log(`capture  ${capture.file}, ${(capture.truth.bytes / 1e6).toFixed(1)} MB, ${how}`);
  return capture;
}

function planSeries(tools: readonly Tool[], capture: Capture, runs: number, slowPackets: number): readonly Series[] {
  const { packets } = capture.truth;
  const runsOfSlow = packets > 1_000_000 ? 1 : Math.min(runs, 3);
  return tools
    .filter((tool) => !tool.isSlow || packets === slowPackets)
    .map((tool) => ({ tool, capture, runsWanted: tool.isSlow ? runsOfSlow : runs, runs: [], stdout: '' }));
}

/** One warm-up of each, then A B C D A B C D. A slow tool on a large capture has no warm-up: its only run keeps the output. */
function measureInTurns(series: readonly Series[]): void {
  for (const one of series) if (!isSingle(one)) executeKeepingOutput(one);
  for (let round = 0; series.some(({ runsWanted }) => round < runsWanted); round++) {
    for (const one of series.filter(({ runsWanted }) => round < runsWanted)) {
      one.runs.push(isSingle(one) ? executeKeepingOutput(one) : execute(one, os.devNull));
    }
  }
}

function isSingle({ tool, runsWanted }: Series): boolean {
  return tool.isSlow && runsWanted === 1;
}

function executeKeepingOutput(series: Series): Run {
  const file = path.join(CACHE, `output-${process.pid}`);
  try {
    const measured = execute(series, file);
    series.stdout = fs.readFileSync(file, 'utf8');
    return measured;
  } finally {
    fs.rmSync(file, { force: true });
  }
}

function execute({ tool, capture }: Series, stdoutPath: string): Run {
  return runOnce(tool.command(`'${capture.file}'`), stdoutPath);
}
