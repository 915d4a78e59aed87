/**
 * Mutates captures and reads them for a while: nothing but `CaptureError` may be thrown, no read may hang, the division
 * into chunks must not matter, what `locate` calls TCP must lie inside the frame, and the whole reading keeps its promises.
 * Usage: tsx fuzz/main.ts [--seconds 30] [--seed N] [--captures DIR]. Exits 1 on the first fault, leaving the input in the temporary folder.
 */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CaptureError } from '../src/capture/errors.ts';
import { readStream } from '../src/capture/read-stream.ts';
import { createCaptureReader, type PacketSink } from '../src/capture/reader.ts';
import { locate, newLayers, TCP } from '../src/wire/layers.ts';
import { newTcpOptions, readTcpOptions } from '../src/wire/tcp-options.ts';
import { createRandom, mutate, type Random } from './mutate.ts';
import { readSeeds } from './seeds.ts';
import { readWhole } from './whole.ts';

const MAX_READ_MS = 2000;

async function main(seconds: number, seed: number, captures: string): Promise<void> {
  const seeds = readSeeds(captures);
  const random = createRandom(seed);
  const until = performance.now() + seconds * 1000;
  let runs = 0;
  let packets = 0;
  let rejected = 0;
  console.log(`${seeds.length} captures, ${seconds} s, seed ${seed}`);
  while (performance.now() < until) {
    const start = seeds[random(seeds.length)];
    if (start === undefined) return;
    const input = mutate(start.bytes, random);
    const startedAt = performance.now();
    const fault = await faultOf(input, random).catch((error: unknown) => new Error('thrown', { cause: error }));
    const tookMs = performance.now() - startedAt;
    runs++;
    if (typeof fault === 'number') packets += fault;
    else if (fault === 'rejected') rejected++;
    if (fault instanceof Error || tookMs > MAX_READ_MS) return report(start.name, input, fault, tookMs, runs);
  }
  console.log(`${runs} inputs, ${packets} packets read, ${rejected} inputs rejected, no fault`);
}

/** The number of packets, or `rejected` for a proper refusal, or the error that should not be. */
async function faultOf(input: Uint8Array, random: Random): Promise<number | 'rejected' | Error> {
  const whole = await digest(input, Math.max(input.length, 1));
  const divided = await digest(input, 1 + random(700));
  if (whole instanceof Error) return whole;
  if (divided instanceof Error) return divided;
  if (whole.text !== divided.text) return new Error(`chunks matter: ${whole.text} against ${divided.text}`);
  const { broken } = await readWhole(Uint8Array.from(input), !isCompressed(input));
  if (broken.length > 0) return new Error(broken.join('; '));
  return whole.rejected ? 'rejected' : whole.packets;
}

interface Digest {
  readonly text: string;
  readonly packets: number;
  readonly rejected: boolean;
}

/** What came out of one reading, as text to compare. */
async function digest(input: Uint8Array, pieceLen: number): Promise<Digest | Error> {
  const sum = { packets: 0, hash: 0 };
  const compressed = isCompressed(input);
  try {
    const info = compressed
      ? await readStream(pieces(input, pieceLen), checkingSink(sum))
      : feedAll(input, pieceLen, checkingSink(sum));
    // How much of a broken compressed stream survives depends on its chunks.
    const text = compressed ? '' : `${sum.packets} ${sum.hash} ${JSON.stringify(info)}`;
    return { text, packets: sum.packets, rejected: false };
  } catch (error) {
    if (CaptureError.is(error)) return { text: compressed ? '' : error.message, packets: 0, rejected: true };
    return error instanceof Error ? error : new Error(String(error));
  }
}

function feedAll(input: Uint8Array, pieceLen: number, sink: PacketSink): object {
  const reader = createCaptureReader(sink);
  for (let at = 0; at < input.length; at += pieceLen) reader.feed(input.subarray(at, at + pieceLen));
  reader.end();
  return reader.info;
}

function checkingSink(sum: { packets: number; hash: number }): PacketSink {
  const layers = newLayers();
  const options = newTcpOptions();
  return {
    packet(view, start, end, wireLen, linkType, seconds, nanos, direction, frame) {
      sum.packets++;
      for (const value of [end - start, wireLen, linkType, seconds, nanos, direction, frame]) mix(sum, value);
      if (!(nanos >= 0 && nanos < 1e9 && end >= start && end - start <= wireLen))
        throw new Error(`frame ${frame} is impossible`);
      const outcome = locate(view, start, end, wireLen, linkType, layers);
      mix(sum, outcome);
      if (outcome !== TCP) return;
      const { tcp, tcpCaptured, captured, payload, payloadLen } = layers;
      const inside = tcp >= start && tcpCaptured >= 14 && tcp + tcpCaptured <= end && captured <= payloadLen;
      if (!inside || (captured > 0 && payload + captured > end)) throw new Error(`frame ${frame}: TCP outside of it`);
      readTcpOptions(view, tcp, tcpCaptured, options);
      mix(sum, options.bits);
    },
  };
}

function mix(sum: { hash: number }, value: number): void {
  sum.hash = (Math.imul(sum.hash, 31) + value) | 0;
}

function isCompressed(input: Uint8Array): boolean {
  return (
    (input[0] === 0x1f && input[1] === 0x8b) ||
    (input[1] === 0xb5 && input[2] === 0x2f) ||
    (input[1] === 0x2a && input[2] === 0x4d)
  );
}

async function* pieces(bytes: Uint8Array, pieceLen: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceLen) yield bytes.subarray(at, at + pieceLen);
}

function report(name: string, input: Uint8Array, fault: unknown, tookMs: number, run: number): void {
  const path = join(tmpdir(), `firsthand-fuzz-${run}.bin`);
  writeFileSync(path, input);
  console.log(`fault in input ${run}, from ${name}, after ${tookMs.toFixed(0)} ms; the input is in ${path}`);
  console.log(fault);
  process.exitCode = 1;
}

const { values } = parseArgs({
  options: { seconds: { type: 'string' }, seed: { type: 'string' }, captures: { type: 'string' } },
});
await main(
  Number(values.seconds ?? 30),
  Number(values.seed ?? Date.now() % 2 ** 32),
  values.captures ?? join(import.meta.dirname, '../test/captures'),
);
