/**
 * Mutates captures and log lines and reads them for a while: nothing but `CaptureError` may be thrown, no read may hang
 * or take much memory, the division into chunks and the way of reading must not matter, and every report keeps its promises.
 *
 * Usage: tsx fuzz/main.ts [--seconds 30 | --hours 1 | --inputs N] [--seed N] [--from N] [--findings 1] [--captures DIR]
 *        tsx fuzz/main.ts --seed N --replay N
 *
 * The seed is the date (UTC) by default, so that a day's runs agree. A finding is written to fuzz/fixtures, which the
 * tests read; exits 1 when there is one.
 */
import { createHash } from 'node:crypto';
import { fork } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { check } from './check.ts';
import { createInputs, type Inputs } from './input.ts';
import { readSeeds } from './seeds.ts';
import { readLines } from './text-lines.ts';
import type { WorkerNews, WorkerOrders } from './worker.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const DAY_MS = 86_400_000;
/** Processor time that no input needs, and the time on the clock where the system does not tell the processor's. */
const HANG_CPU_MS = 20_000;
const HANG_WALL_MS = 600_000;
/** Linux counts processor time in hundredths of a second. */
const TICK_MS = 10;
const PROGRESS_MS = 60_000;

interface Run {
  readonly seed: number;
  readonly from: number;
  readonly inputs: number;
  readonly seconds: number;
  readonly findings: number;
  readonly captures: string;
}

interface Totals {
  read: number;
  /** Number that the worker has come to. */
  seen: number;
  packets: number;
  rejected: number;
  texts: number;
  slowestMs: number;
  slowest: number;
  peakRss: number;
  findings: number;
}

async function main(run: Run): Promise<void> {
  const { seed, captures, from } = run;
  const inputs = createInputs(seed, readSeeds(captures), readLines());
  const totals: Totals = {
    read: 0,
    seen: 0,
    packets: 0,
    rejected: 0,
    texts: 0,
    slowestMs: 0,
    slowest: 0,
    peakRss: 0,
    findings: 0,
  };
  const startedAt = performance.now();
  const untilMs = run.seconds === Infinity ? null : Date.now() + run.seconds * 1000;
  console.log(`seed ${seed}, ${untilMs === null ? `${run.inputs} inputs` : `${run.seconds} s`}`);
  const timer = setInterval(() => console.log(told(totals, startedAt)), PROGRESS_MS);
  const progress = join(tmpdir(), `firsthand-fuzz-${process.pid}`);
  const onFinding = (index: number, what: string): boolean => {
    totals.findings++;
    save(inputs, seed, index, what);
    return totals.findings < run.findings;
  };
  const to = from + run.inputs;
  for (let next = from; next < to && totals.findings < run.findings;) {
    if (untilMs !== null && Date.now() >= untilMs) break;
    const orders = { seed, captures, from: next, to, untilMs, progress };
    const since = next;
    next = await watch(orders, (news) => add(totals, news), onFinding);
    totals.read += next - since;
  }
  clearInterval(timer);
  for (const path of [progress, `${progress}.capture`]) rmSync(path, { force: true });
  console.log(`${told(totals, startedAt)}, ${totals.findings === 0 ? 'no fault' : `${totals.findings} faults`}`);
  if (totals.findings > 0) process.exitCode = 1;
}

/** Runs one worker to its end, to `untilMs`, or until it hangs or dies; the number to go on with. */
function watch(
  { seed, captures, from, to, untilMs, progress }: WorkerOrders,
  onNews: (news: WorkerNews) => void,
  onFinding: (index: number, what: string) => boolean,
): Promise<number> {
  writeFileSync(progress, new Uint8Array(new Float64Array([from]).buffer));
  const orders: WorkerOrders = { seed, captures, from, to, untilMs, progress };
  const worker = fork(join(import.meta.dirname, 'worker.ts'), [JSON.stringify(orders)], {
    execArgv: [...process.execArgv, '--max-old-space-size=512'],
  });
  return new Promise((resolve) => {
    let seen = -1;
    let seenAtMs = spentMs(worker.pid) ?? performance.now();
    let next = from;
    let isOver = false;
    const over = (at: number): void => {
      isOver = true;
      clearInterval(timer);
      worker.kill('SIGKILL');
      resolve(at);
    };
    const timer = setInterval(() => {
      const spent = spentMs(worker.pid);
      const nowMs = spent ?? performance.now();
      const limitMs = spent === null ? HANG_WALL_MS : HANG_CPU_MS;
      const current = numberIn(progress);
      if (current !== seen) {
        seen = current;
        seenAtMs = nowMs;
      } else if (nowMs - seenAtMs > limitMs) {
        onFinding(current, `no end after ${limitMs / 1000} s`);
        over(current + 1);
      }
    }, 500);
    worker.on('message', (news: WorkerNews) => {
      if (isOver) return;
      onNews(news);
      next = news.next;
      if (news.finding !== null && !onFinding(news.finding.index, news.finding.what)) over(next);
      else if (news.done) over(next);
    });
    worker.on('exit', (code, signal) => {
      if (isOver) return;
      const current = numberIn(progress);
      onFinding(current, `the process ended with ${signal ?? code}`);
      over(current + 1);
    });
  });
}

/** Processor time of a process, milliseconds: a machine that is busy elsewhere makes nothing hang. Null where unknown. */
function spentMs(pid: number | undefined): number | null {
  try {
    // proc(5): behind the name in parentheses, fields 14 and 15 are user and system time.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return null;
  }
}

function numberIn(progress: string): number {
  return new Float64Array(Uint8Array.from(readFileSync(progress)).buffer)[0] ?? 0;
}

function add(totals: Totals, news: WorkerNews): void {
  totals.seen = news.next;
  totals.packets += news.packets;
  totals.rejected += news.rejected;
  totals.texts += news.texts;
  totals.peakRss = Math.max(totals.peakRss, news.peakRss);
  if (news.slowestMs > totals.slowestMs) Object.assign(totals, { slowestMs: news.slowestMs, slowest: news.slowest });
}

function told(totals: Totals, startedAt: number): string {
  const seconds = Math.max(1, Math.round((performance.now() - startedAt) / 1000));
  return (
    `${Math.max(totals.read, totals.seen)} inputs in ${seconds} s, ${totals.packets} packets read, ${totals.rejected} inputs rejected, ` +
    `${totals.texts} texts; slowest ${totals.slowestMs.toFixed(0)} ms (input ${totals.slowest}), ` +
    `peak ${Math.round(totals.peakRss / 1_048_576)} MiB`
  );
}

function save(inputs: Inputs, seed: number, index: number, what: string): void {
  const { kind, from, bytes } = inputs.at(index);
  const path = join(FIXTURES, `${kind}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.bin`);
  mkdirSync(FIXTURES, { recursive: true });
  writeFileSync(path, bytes);
  console.log(`fault in input ${index} of seed ${seed}, from ${from}: ${what}`);
  console.log(`saved as ${relative(process.cwd(), path)}; again: npm run fuzz -- --seed ${seed} --replay ${index}`);
}

async function replay(seed: number, index: number, captures: string): Promise<void> {
  const input = createInputs(seed, readSeeds(captures), readLines()).at(index);
  console.log(`input ${index} of seed ${seed}: ${input.kind} of ${input.bytes.length} bytes from ${input.from}`);
  const { broken, ...rest } = await check(input, join(tmpdir(), `firsthand-fuzz-${process.pid}.tmp`));
  console.log(broken.length === 0 ? 'no fault' : broken.join('\n'), rest);
  if (broken.length > 0) process.exitCode = 1;
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string' },
    hours: { type: 'string' },
    inputs: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string' },
    findings: { type: 'string' },
    replay: { type: 'string' },
    captures: { type: 'string' },
  },
});
const seed = Number(values.seed ?? Math.floor(Date.now() / DAY_MS));
const captures = values.captures ?? join(import.meta.dirname, '../test/captures');
if (values.replay !== undefined) await replay(seed, Number(values.replay), captures);
else {
  const timed = values.inputs === undefined || values.seconds !== undefined || values.hours !== undefined;
  await main({
    seed,
    captures,
    from: Number(values.from ?? 0),
    inputs: Number(values.inputs ?? 2 ** 30),
    seconds: timed ? Number(values.seconds ?? Number(values.hours ?? 30 / 3600) * 3600) : Infinity,
    findings: Number(values.findings ?? 1),
  });
}
