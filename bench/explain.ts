/**
 * The log reader beside ripgrep with the same literals, on the same generated log, in one run. The runs are interleaved,
 * so that a busy moment of the machine hits both.
 */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';

import { INSIDE_OUT_LITERALS } from '../src/explain/innermost.ts';
import { EVERY_PATTERN } from '../src/explain/log/default-matcher.ts';
import { NEARBY_LITERALS } from '../src/explain/log/nearby.ts';
import { describeMachine } from './machine.ts';
import { type LogTruth, makeLog } from './make-log.ts';
import { hasGnuTime, type Run, runOnce } from './measure.ts';
import { positiveInteger, UsageError } from './options.ts';
import { renderTable } from './table.ts';

interface Row {
  readonly name: string;
  readonly command: string;
  readonly runs: Run[];
  stdout: string;
}

const LOG_RUNNER = path.join(import.meta.dirname, 'explain-log.mjs');
const DIST = path.resolve(import.meta.dirname, '../dist');

export const about: string = 'reading a log beside ripgrep with the same literals';

export const help: string = `npm run bench -- explain [--mb N] [--runs N] [--seed N] [--dist DIR]

  --mb N       size of the generated log, millions of bytes (default 200); it is deleted afterwards
  --runs N     timed runs of each, in turns, after one that does not count (default 5)
  --seed N     seed of the log (default 1)
  --dist DIR   built code to measure (default dist/)

Nothing is asserted about times. × is firsthand divided by ripgrep: below 1 firsthand is faster or smaller.`;

/** Makes the log, runs both and prints the table. */
export function run(args: readonly string[]): void {
  const { values } = parseArgs({
    args: [...args],
    options: {
      mb: { type: 'string', default: '200' },
      runs: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
      dist: { type: 'string', default: DIST },
    },
  });
  const bytes = positiveInteger('--mb', values.mb) * 1e6;
  const runs = positiveInteger('--runs', values.runs);
  const seed = positiveInteger('--seed', values.seed);
  if (!fs.existsSync(path.join(values.dist, 'src/collect/read-log.js')))
    throw new UsageError(`${values.dist} holds no built code: npm run build`);
  const rg = spawnSync('rg', ['--version'], { encoding: 'utf8' });
  console.log(describeMachine().join('\n'));
  console.log(
    `tool     ${rg.error ? 'ripgrep: ABSENT, apt install ripgrep or brew install ripgrep' : rg.stdout.split('\n')[0]}`,
  );
  if (!hasGnuTime()) console.log('note     GNU time is absent: no peak RSS');

  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'firsthand-explain-'));
  process.once('SIGINT', () => {
    fs.rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  });
  try {
    const log = path.join(folder, 'log');
    const truth = makeLog(log, bytes, seed);
    const rows = [firsthand(values.dist, log), ...(rg.error ? [] : [ripgrep(folder, log)])];
    measureInTurns(rows, runs, path.join(folder, 'output'));
    console.log(`\n${render(rows, truth)}\n${check(rows, truth)}\n\n${FOOTNOTE}`);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

const FOOTNOTE = `s is the median from spawning the shell to its exit, start-up included, page cache warm; MB is a million bytes. ripgrep
counts the lines that hold a literal; firsthand finds the same lines, then matches, dates and groups them.`;

function firsthand(dist: string, log: string): Row {
  const command = [process.execPath, LOG_RUNNER, dist, log].map(quote).join(' ');
  return { name: 'firsthand', command, runs: [], stdout: '' };
}

function ripgrep(folder: string, log: string): Row {
  const literals = [...new Set([...EVERY_PATTERN.literals, ...NEARBY_LITERALS, ...INSIDE_OUT_LITERALS])];
  const file = path.join(folder, 'literals');
  fs.writeFileSync(file, `${literals.join('\n')}\n`);
  const command = `rg -c -i -F -f ${quote(file)} ${quote(log)}`;
  return { name: `rg -c -i -F, ${literals.length} literals`, command, runs: [], stdout: '' };
}

function measureInTurns(rows: readonly Row[], runs: number, output: string): void {
  for (const row of rows) runOnce(row.command, os.devNull);
  for (let round = 0; round < runs; round++) {
    for (const row of rows) {
      row.runs.push(runOnce(row.command, output));
      row.stdout = fs.readFileSync(output, 'utf8').trim();
    }
  }
}

function render(rows: readonly Row[], { bytes, lines, failures }: LogTruth): string {
  const [own] = rows;
  const title = `${(bytes / 1e6).toFixed(1)} MB, ${lines} lines, ${failures} of them failures`;
  const head = ['', 'runs', 's', 'min..max', 'MB/s', 'peak RSS MB', 's ×', 'RSS ×'];
  return `${title}\n${renderTable([head, ...rows.map((row) => toCells(row, row === own ? undefined : own, bytes))])}`;
}

function toCells(row: Row, own: Row | undefined, bytes: number): readonly string[] {
  const walls = row.runs.map(({ wallS }) => wallS);
  const wallS = medianOf(row, 'wallS');
  const rssBytes = medianOf(row, 'peakRssBytes');
  return [
    row.name,
    String(row.runs.length),
    wallS.toFixed(3),
    `${Math.min(...walls).toFixed(3)}..${Math.max(...walls).toFixed(3)}`,
    (bytes / wallS / 1e6).toFixed(0),
    Number.isNaN(rssBytes) ? '-' : (rssBytes / 1e6).toFixed(1),
    own ? ratio(medianOf(own, 'wallS'), wallS) : '',
    own ? ratio(medianOf(own, 'peakRssBytes'), rssBytes) : '',
  ];
}

function ratio(own: number, other: number): string {
  return Number.isNaN(own / other) ? '-' : (own / other).toFixed(2);
}

/** The upper one of an even number; NaN when a run has no such figure. */
function medianOf({ runs }: Row, figure: keyof Run): number {
  const sorted = runs.map((one) => one[figure] ?? NaN).sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

function check([own, ...others]: readonly Row[], { lines, failures }: LogTruth): string {
  const counted = JSON.parse(own!.stdout) as { lines: number; recognised: number };
  const isRight = counted.lines === lines && counted.recognised === failures;
  const verdict = isRight ? 'as generated' : `generated are ${lines} and ${failures}`;
  return [
    `check: firsthand counts ${counted.lines} lines and recognises ${counted.recognised}, ${verdict}`,
    ...others.map(({ name, stdout }) => `       ${name}: ${stdout} lines`),
  ].join('\n');
}

function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
