/** Reads logs in Node: plain files in large synchronous reads into one buffer, pipes and compressed files as streams. */
import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { decompress } from '../capture/compression.ts';
import type { LogOptions, LogReport } from '../explain/log/define.ts';
import { toLogReport } from '../explain/log/join.ts';
import type { LogPart } from '../explain/log/part.ts';
import { createPartReader } from '../explain/log/reader.ts';

export interface LogFilesOptions extends Omit<LogOptions, 'path'> {
  /** Called now and then with the bytes of the log read so far, before decompression; null: the size is not known. */
  readonly onProgress?: (path: string, bytesRead: number, totalBytes: number | null) => void;
  readonly signal?: AbortSignal;
  /** What `-` reads; default standard input. */
  readonly stdin?: AsyncIterable<Uint8Array | string>;
}

export interface LogFiles {
  readonly report: LogReport;
  /** The whole text of a single log of at most 64 KiB; null for more. */
  readonly text: string | null;
}

/** Reads logs one after the other, gzip and zstd too, `-` for standard input, into one report. Throws when one cannot be opened. */
export async function explainLogs(paths: readonly string[], options: LogFilesOptions = {}): Promise<LogReport> {
  return (await readLogs(paths, options)).report;
}

/** As `explainLogs`, with the text if it is short. */
export async function readLogs(paths: readonly string[], options: LogFilesOptions = {}): Promise<LogFiles> {
  const { onProgress, signal, stdin = process.stdin, ...logOptions } = options;
  const parts: LogPart[] = [];
  const start = createStart();
  for (const path of paths) {
    signal?.throwIfAborted();
    const { mtimeMs, totalBytes } = path === '-' ? { mtimeMs: Date.now(), totalBytes: null } : toSizes(path);
    let bytesRead = 0;
    const onBytes = (count: number): void => {
      signal?.throwIfAborted();
      onProgress?.(path, (bytesRead += count), totalBytes);
    };
    const reader = createPartReader({ latestMs: mtimeMs, ...logOptions, path });
    const feed = (bytes: Uint8Array): void => {
      start.add(bytes);
      reader.feed(bytes);
    };
    const damage = await readLog(path, feed, onBytes, stdin);
    const part = reader.end();
    parts.push({ ...part, input: { ...part.input, damage } });
  }
  return { report: toLogReport(parts), text: paths.length === 1 ? start.whole() : null };
}

/** A year that a log leaves out is at the latest that of its last line. */
function toSizes(path: string): { readonly mtimeMs: number; readonly totalBytes: number | null } {
  const status = statSync(path);
  return { mtimeMs: status.mtimeMs, totalBytes: status.isFile() ? status.size : null };
}

const WHOLE_LEN = 64 * 1024;

/** Keeps the first bytes, which may be all. */
function createStart(): { add(bytes: Uint8Array): void; whole(): string | null } {
  const kept = new Uint8Array(WHOLE_LEN);
  let length = 0;
  return {
    add(bytes) {
      if (length < WHOLE_LEN) kept.set(bytes.subarray(0, WHOLE_LEN - length), length);
      length += bytes.length;
    },
    whole: () => (length > WHOLE_LEN ? null : new TextDecoder().decode(kept.subarray(0, length))),
  };
}

/** Larger reads overflow the processor's cache. */
const CHUNK_LEN = 256 * 1024;
/** Chunks between two turns of the event loop. */
const CHUNKS_PER_TURN = 64;
const SNIFFED_LEN = 4;

type OnBytes = (count: number) => void;
type Feed = (bytes: Uint8Array) => void;

/** Feeds one log; what was wrong with it. */
async function readLog(
  path: string,
  feed: Feed,
  onBytes: OnBytes,
  stdin: AsyncIterable<Uint8Array | string>,
): Promise<string[]> {
  const damage: string[] = [];
  if (path !== '-' && statSync(path).isFile() && packingOf(firstBytes(path)) === null) {
    await feedFile(path, feed, onBytes);
  } else {
    const stream = path === '-' ? stdin : createReadStream(path, { highWaterMark: CHUNK_LEN });
    await feedStream(stream, feed, onBytes, (what) => damage.push(what));
  }
  return damage;
}

function firstBytes(path: string): Uint8Array {
  const fd = openSync(path, 'r');
  try {
    const first = new Uint8Array(SNIFFED_LEN);
    return first.subarray(0, readSync(fd, first, 0, SNIFFED_LEN, 0));
  } finally {
    closeSync(fd);
  }
}

/** What has to be undone before there are lines. PowerShell writes UTF-16 where others write UTF-8. */
function packingOf(first: Uint8Array): 'gzip' | 'zstd' | 'utf-16le' | null {
  if (first[0] === 0x1f && first[1] === 0x8b) return 'gzip';
  if (first[0] === 0xff && first[1] === 0xfe) return 'utf-16le';
  const isZstd = first[0] === 0x28 && first[1] === 0xb5 && first[2] === 0x2f && first[3] === 0xfd;
  return isZstd ? 'zstd' : null;
}

async function feedFile(path: string, feed: Feed, onBytes: OnBytes): Promise<void> {
  const fd = openSync(path, 'r');
  try {
    const chunk = new Uint8Array(CHUNK_LEN);
    let unreported = 0;
    for (let chunks = 1; ; chunks++) {
      const count = readSync(fd, chunk, 0, CHUNK_LEN, null);
      if (count === 0) break;
      feed(chunk.subarray(0, count));
      unreported += count;
      if (chunks % CHUNKS_PER_TURN !== 0) continue;
      onBytes(unreported);
      unreported = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
    onBytes(unreported);
  } finally {
    closeSync(fd);
  }
}

async function feedStream(
  stream: AsyncIterable<Uint8Array | string>,
  feed: Feed,
  onBytes: OnBytes,
  onDamage: (what: string) => void,
): Promise<void> {
  const chunks = counted(stream, onBytes)[Symbol.asyncIterator]();
  let first: Uint8Array = new Uint8Array(0);
  while (first.length < SNIFFED_LEN) {
    const next = await chunks.next();
    if (next.done) break;
    first = Buffer.concat([first, next.value]);
  }
  const whole = startingWith(first, chunks);
  switch (packingOf(first)) {
    case 'gzip':
      return gunzip(whole, feed, onDamage);
    case 'zstd':
      for await (const bytes of decompress('zstd', whole, onDamage)) feed(bytes);
      return;
    case 'utf-16le':
      return fromUtf16(whole, feed);
    default:
      for await (const bytes of whole) feed(bytes);
  }
}

async function* counted(stream: AsyncIterable<Uint8Array | string>, onBytes: OnBytes): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
    onBytes(bytes.length);
    yield bytes;
  }
}

async function* startingWith(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  yield* { [Symbol.asyncIterator]: () => rest };
}

async function fromUtf16(chunks: AsyncIterable<Uint8Array>, feed: Feed): Promise<void> {
  const decoder = new TextDecoder('utf-16le');
  const encoder = new TextEncoder();
  for await (const bytes of chunks) feed(encoder.encode(decoder.decode(bytes, { stream: true })));
  feed(encoder.encode(decoder.decode()));
}

/** Fed from the event: iteration would throw away what waits in the stream's buffer when an error comes. */
function gunzip(chunks: AsyncIterable<Uint8Array>, feed: Feed, onDamage: (what: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const source = Readable.from(chunks, { objectMode: true });
    const inflate = createGunzip({ chunkSize: CHUNK_LEN });
    source.once('error', (error) => {
      inflate.destroy();
      reject(error);
    });
    inflate.on('data', feed);
    inflate.once('end', resolve);
    inflate.once('error', (error) => {
      source.destroy();
      onDamage(`gzip data damaged: ${error.message}`);
      resolve();
    });
    source.pipe(inflate);
  });
}
