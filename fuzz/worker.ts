/** The process that reads the inputs, so that another one can tell when it hangs or dies. */
import { openSync, writeSync } from 'node:fs';
import { inspect } from 'node:util';
import { check } from './check.ts';
import { createInputs } from './input.ts';
import { readSeeds } from './seeds.ts';
import { readLines } from './text-lines.ts';

/** What the parent hands over, as JSON in the first argument. */
export interface WorkerOrders {
  readonly seed: number;
  readonly captures: string;
  readonly from: number;
  /** First number that is not read. */
  readonly to: number;
  /** When to end, epoch milliseconds; null for never. */
  readonly untilMs: number | null;
  /** A file that always holds the number being read, as a float64: it outlives this process. */
  readonly progress: string;
}

/** What happened since the last message. */
export interface WorkerNews {
  readonly next: number;
  readonly packets: number;
  readonly rejected: number;
  readonly texts: number;
  readonly slowestMs: number;
  readonly slowest: number;
  readonly peakRss: number;
  /** A broken promise, with the number of its input; null while all is well. */
  readonly finding: { readonly index: number; readonly what: string } | null;
  readonly done: boolean;
}

/** Far more than any input of its size needs: a tenth of a second is already unusual. */
const MAX_CPU_MS = 1500;
/** An input has at most 64 KiB. */
const MAX_GROWTH_BYTES = 192 * 1024 * 1024;
const NEWS_EVERY = 250;

const { seed, captures, from, to, untilMs, progress } = JSON.parse(process.argv[2] ?? '') as WorkerOrders;
const inputs = createInputs(seed, readSeeds(captures), readLines());
const scratch = `${progress}.capture`;
const fd = openSync(progress, 'r+');
const cell = new Float64Array(1);
// Without a parent nobody hears of a finding.
process.on('disconnect', () => process.exit());
let news = nothing(from);
let index = from;

const endMs = untilMs ?? Infinity;
for (; index < to && Date.now() < endMs; index++) {
  cell[0] = index;
  writeSync(fd, cell, 0, 8, 0);
  const finding = await read(index);
  if (finding !== null) await tell({ ...news, next: index + 1, finding: { index, what: finding } });
  else if ((index - from + 1) % NEWS_EVERY === 0) await tell({ ...news, next: index + 1 });
}
await tell({ ...news, next: index, done: true });
process.disconnect?.();

async function read(number: number): Promise<string | null> {
  const input = inputs.at(number);
  const rss = process.memoryUsage.rss();
  const before = process.cpuUsage();
  let broken: readonly string[];
  try {
    const checked = await check(input, scratch);
    broken = checked.broken;
    news = {
      ...news,
      packets: news.packets + checked.packets,
      rejected: news.rejected + (checked.rejected ? 1 : 0),
      texts: news.texts + (input.kind === 'text' ? 1 : 0),
    };
  } catch (error) {
    return inspect(error);
  }
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1000;
  const after = process.memoryUsage.rss();
  if (cpuMs > news.slowestMs) news = { ...news, slowestMs: cpuMs, slowest: number };
  news = { ...news, peakRss: Math.max(news.peakRss, after) };
  if (broken.length > 0) return broken.join('; ');
  if (cpuMs > MAX_CPU_MS) return `took ${cpuMs.toFixed(0)} ms of processor time`;
  if (after - rss > MAX_GROWTH_BYTES) return `took ${((after - rss) / 1_048_576).toFixed(0)} MiB of memory`;
  return null;
}

function tell(what: WorkerNews): Promise<void> {
  news = nothing(what.next);
  return new Promise((resolve) => void (process.send?.(what, () => resolve()) ?? resolve()));
}

function nothing(next: number): WorkerNews {
  const none = { packets: 0, rejected: 0, texts: 0, slowestMs: 0, slowest: 0, peakRss: 0 };
  return { ...none, next, finding: null, done: false };
}
