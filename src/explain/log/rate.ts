/** How many lines when: a histogram of bounded size whose buckets widen with the time that the log covers. */
import type { Rate } from './define.ts';

const MAX_BUCKETS = 256;
const FIRST_WIDTH_MS = 1000;
/** Buckets of a rendered rate: merged down to this many. */
const SHOWN_BUCKETS = 60;
/** A burst holds at least half of the lines in at most a tenth of the time. */
const BURST_SHARE = 0.5;
const BURST_TIME = 0.1;
const BURST_LINES = 5;

export interface RateCounter {
  add(ms: number): void;
  /** Null before the first `add`. */
  end(): Rate | null;
}

/** Starts with buckets of one second. */
export function createRateCounter(): RateCounter {
  let widthMs = FIRST_WIDTH_MS;
  /** Number of the first bucket: its time divided by the width. */
  let first = 0;
  let counts: number[] = [];
  return {
    add(ms) {
      let bucket = Math.floor(ms / widthMs);
      if (counts.length === 0) first = bucket;
      while (Math.max(bucket, first + counts.length - 1) - Math.min(bucket, first) >= MAX_BUCKETS) {
        ({ counts, first } = halve(counts, first));
        widthMs *= 2;
        bucket = Math.floor(ms / widthMs);
      }
      if (bucket < first) {
        counts.unshift(...Array.from({ length: first - bucket }, () => 0));
        first = bucket;
      }
      while (counts.length <= bucket - first) counts.push(0);
      counts[bucket - first]! += 1;
    },
    end() {
      if (counts.length === 0) return null;
      const burst = findBurst(counts, first, widthMs);
      let shown = { counts, first };
      let shownMs = widthMs;
      while (shown.counts.length > SHOWN_BUCKETS) {
        shown = halve(shown.counts, shown.first);
        shownMs *= 2;
      }
      return { bucketMs: shownMs, from: toIso(shown.first * shownMs), counts: [...shown.counts], burst };
    },
  };
}

function halve(counts: readonly number[], first: number): { counts: number[]; first: number } {
  const half = Math.floor(first / 2);
  const merged: number[] = [];
  for (const [at, count] of counts.entries()) {
    const to = Math.floor((first + at) / 2) - half;
    merged[to] = (merged[to] ?? 0) + count;
  }
  return { counts: merged, first: half };
}

/** Grows from the fullest bucket to its neighbours while they are at least a quarter as full. */
function findBurst(counts: readonly number[], first: number, widthMs: number): Rate['burst'] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const peak = counts.reduce((best, count, at) => (count > counts[best]! ? at : best), 0);
  let [from, to] = [peak, peak];
  const isFull = (at: number): boolean => (counts[at] ?? 0) * 4 >= counts[peak]!;
  while (isFull(from - 1)) from--;
  while (isFull(to + 1)) to++;
  const count = counts.slice(from, to + 1).reduce((sum, one) => sum + one, 0);
  const isShort = to - from + 1 <= counts.length * BURST_TIME;
  if (!isShort || count < BURST_LINES || count < total * BURST_SHARE) return null;
  return { from: toIso((first + from) * widthMs), to: toIso((first + to + 1) * widthMs), count };
}

/** ISO 8601 in UTC; the readable text of any number, also beyond what a date can be. */
export function toIso(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : '';
}
