/** The input of a number: the same seed, number and seed captures always give the same bytes. */
import { gzipSync } from 'node:zlib';
import { concat } from '../src/wire/bytes.ts';
import { createRandom, mutate, type Random } from './mutate.ts';
import { hotBytes, recordsOf, type Records } from './records.ts';
import type { Seed } from './seeds.ts';

export interface Input {
  /** A capture for `read`, or text for `explain`. */
  readonly kind: 'capture' | 'text';
  /** What it was made from. */
  readonly from: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** For the checks, which choose as well. */
  readonly random: Random;
}

export interface Inputs {
  /** The input of a number from 0 on. */
  at(index: number): Input;
}

/** Large captures would only slow the fuzzer down: more packets than these are cut to a window. */
const WINDOW_PACKETS = 48;
const TEXT_LINES = 4;
const TEXT_EVERY = 50;
const PACKED_EVERY = 150;

interface Prepared extends Seed {
  readonly records: Records | null;
  readonly hot: Uint32Array;
}

/** Inputs from captures and from lines of text. */
export function createInputs(seed: number, captures: readonly Seed[], lines: readonly string[]): Inputs {
  const prepared = captures.map((capture): Prepared => {
    const records = recordsOf(capture.bytes);
    return { ...capture, records, hot: records === null ? new Uint32Array(0) : hotBytes(capture.bytes, records) };
  });
  return {
    at(index) {
      const random = createRandom((Math.imul(index + 1, 0x9e37_79b1) ^ seed) >>> 0);
      // The first numbers of neighbouring states resemble each other.
      random(2);
      if (lines.length > 0 && random(TEXT_EVERY) === 0) return textInput(lines, random);
      const start = prepared[random(prepared.length)]!;
      const { records } = start;
      const isLarge = records !== null && records.starts.length > WINDOW_PACKETS;
      const cut = isLarge && random(16) > 0 ? window(start, records, random) : start;
      const bytes = mutate(cut.bytes, random, cut.hot);
      // Compressed from the outside, so that mutations reach the capture and not only the compression.
      const packed = random(PACKED_EVERY) === 0 ? Uint8Array.from(gzipSync(bytes, { level: 1 })) : bytes;
      return { kind: 'capture', from: start.name, bytes: packed, random };
    },
  };
}

function window(
  { bytes }: Seed,
  { headLen, starts, end, recordHeadLen }: Records,
  random: Random,
): { readonly bytes: Uint8Array; readonly hot: Uint32Array } {
  const first = random(starts.length);
  const last = Math.min(starts.length, first + 1 + random(WINDOW_PACKETS));
  const from = starts[first]!;
  const to = starts[last] ?? end;
  const cut = concat([bytes.subarray(0, headLen), bytes.subarray(from, to)]);
  const moved = starts.slice(first, last).map((start) => start - from + headLen);
  return { bytes: cut, hot: hotBytes(cut, { headLen, starts: moved, end: cut.length, recordHeadLen }) };
}

function textInput(lines: readonly string[], random: Random): Input {
  const chosen = Array.from({ length: 1 + random(TEXT_LINES) }, () => lines[random(lines.length)]!);
  const bytes = mutate(new TextEncoder().encode(`${chosen.join('\n')}\n`), random);
  return { kind: 'text', from: 'lines of text', bytes, random };
}
