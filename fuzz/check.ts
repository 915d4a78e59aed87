/** What must hold for one input; whatever does not is a finding. */
import { rmSync, writeFileSync } from 'node:fs';
import { CaptureError } from '../src/capture/errors.ts';
import { readStream } from '../src/capture/read-stream.ts';
import { createCaptureReader, type PacketSink } from '../src/capture/reader.ts';
import { readCapture } from '../src/collect/read-capture.ts';
import { explain } from '../src/explain/explain.ts';
import { createLogReader } from '../src/explain/log/reader.ts';
import { renderLogJson } from '../src/explain/log/json.ts';
import { renderLogMarkdown } from '../src/explain/log/markdown.ts';
import { renderLogText } from '../src/explain/log/text.ts';
import { renderExplanation } from '../src/explain/text.ts';
import { createReading } from '../src/report/reading.ts';
import type { Report } from '../src/report/types.ts';
import { locate, newLayers, TCP } from '../src/wire/layers.ts';
import { newTcpOptions, readTcpOptions } from '../src/wire/tcp-options.ts';
import type { Input } from './input.ts';
import { createRandom, type Random } from './mutate.ts';
import { brokenPromises, comparable, readWhole } from './whole.ts';

/** What came of one input; `broken` is empty when all is well. */
export interface Checked {
  readonly packets: number;
  readonly rejected: boolean;
  readonly broken: readonly string[];
}

/** One input in so many is read in every way there is, which takes ten times as long; and one in so many is printed. */
const THOROUGH_EVERY = 50;
const PRINTED_EVERY = 3;

/** Checks bytes of a fixture in every way. */
export async function checkWhole(
  kind: Input['kind'],
  bytes: Uint8Array<ArrayBuffer>,
  scratch: string,
): Promise<Checked> {
  const random = createRandom(1);
  return kind === 'text' ? checkText(bytes, random) : checkEveryWay(bytes, random, scratch);
}

/** Checks one input. Throws what a reader must not throw. `scratch` is a file that may be overwritten. */
export async function check(input: Input, scratch: string): Promise<Checked> {
  if (input.kind === 'text') return checkText(input.bytes, input.random);
  const isThorough = input.random(THOROUGH_EVERY) === 0;
  if (isThorough || isCompressed(input.bytes)) return checkEveryWay(input.bytes, input.random, scratch);
  return checkTwoPasses(input.bytes, input.random);
}

/** The reading that most people get, in pieces of any size, without the detours that only a platform needs. */
function checkTwoPasses(bytes: Uint8Array<ArrayBuffer>, random: Random): Checked {
  const reading = createReading();
  const sum = { packets: 0, hash: 0 };
  try {
    feedAll(bytes, 1 + random(900), both(reading.surveySink, checkingSink(sum)));
    const info = feedAll(bytes, bytes.length, reading.traceSink());
    const report = reading.report('-', info, 'two-pass', '0');
    return {
      packets: sum.packets,
      rejected: false,
      broken: brokenPromises(report, [], random(PRINTED_EVERY) === 0 ? [random(5)] : []),
    };
  } catch (error) {
    if (CaptureError.is(error)) return { packets: 0, rejected: true, broken: [] };
    throw error;
  }
}

async function checkEveryWay(bytes: Uint8Array<ArrayBuffer>, random: Random, scratch: string): Promise<Checked> {
  const whole = await digest(bytes, Math.max(bytes.length, 1));
  const divided = await digest(bytes, 1 + random(700));
  const chunks = whole.text === divided.text ? [] : [`chunks matter: ${whole.text} against ${divided.text}`];
  const { report, broken } = await readWhole(bytes, !isCompressed(bytes));
  const file = isCompressed(bytes) ? [] : await brokenAsFile(bytes, report, scratch);
  return { packets: whole.packets, rejected: whole.rejected, broken: [...chunks, ...broken, ...file] };
}

/** A file may be scanned faster than a Blob, and must give the same report. */
async function brokenAsFile(bytes: Uint8Array, expected: Report | null, scratch: string): Promise<readonly string[]> {
  writeFileSync(scratch, bytes);
  let found: Report | null = null;
  try {
    found = await readCapture(scratch);
  } catch (error) {
    if (!CaptureError.is(error)) throw error;
  } finally {
    rmSync(scratch, { force: true });
  }
  return page(found) === page(expected) ? [] : ['a file and a Blob of the same bytes differ'];
}

function page(report: Report | null): string {
  if (report === null) return 'refused';
  return comparable({ ...report, inputs: report.inputs.map((input) => ({ ...input, path: '-' })) });
}

/** What a terminal obeys, but the end of a line; code points without a meaning are no commands. */
const OBEYED = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

function checkText(bytes: Uint8Array, random: Random): Checked {
  const text = new TextDecoder().decode(bytes);
  const pages: string[] = [];
  const found = explain(text);
  if ('causes' in found) pages.push(renderExplanation(found, { verbose: true, width: 80 }));
  const reports = [Math.max(bytes.length, 1), 1 + random(200)].map((pieceLen) => {
    const reader = createLogReader({ latestMs: 1.8e12 });
    for (let at = 0; at < bytes.length; at += pieceLen) reader.feed(bytes.subarray(at, at + pieceLen));
    return reader.end();
  });
  const [json = '', divided = ''] = reports.map(renderLogJson);
  pages.push(
    renderLogText(reports[0]!, { width: 80, detail: 'full' }),
    renderLogMarkdown(reports[0]!, { verbose: true }),
    json,
  );
  const unsafe = pages.map((printed) => OBEYED.exec(printed)?.[0]).filter((sign) => sign !== undefined);
  return {
    packets: 0,
    rejected: false,
    broken: [
      ...(json === divided ? [] : ['chunks of the log matter']),
      ...unsafe.map((sign) => `prints U+${sign.codePointAt(0)?.toString(16)}`),
    ],
  };
}

interface Digest {
  readonly text: string;
  readonly packets: number;
  readonly rejected: boolean;
}

/** What came out of one reading, as text to compare. */
async function digest(input: Uint8Array, pieceLen: number): Promise<Digest> {
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
    throw error;
  }
}

function feedAll(
  input: Uint8Array,
  pieceLen: number,
  sink: PacketSink,
): ReturnType<typeof createCaptureReader>['info'] {
  const reader = createCaptureReader(sink);
  for (let at = 0; at < input.length; at += pieceLen) reader.feed(input.subarray(at, at + pieceLen));
  reader.end();
  return reader.info;
}

function both(first: PacketSink, second: PacketSink): PacketSink {
  return {
    packet(...packet) {
      first.packet(...packet);
      second.packet(...packet);
    },
  };
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
