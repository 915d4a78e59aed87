/** Opens captures in Node: plain files in large synchronous reads, compressed files and pipes as streams. */
import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { decompress, type OnCompressionDamage } from '../capture/compression.ts';
import { BYTES_TO_SNIFF, sniff } from '../capture/detect.ts';
import { CaptureError } from '../capture/errors.ts';
import type { CaptureInfo } from '../capture/info.ts';
import { createCaptureReader, type PacketSink } from '../capture/reader.ts';
import { readStream } from '../capture/read-stream.ts';

export interface ScanOptions {
  /** Called now and then with the bytes read from the file or pipe, before decompression. */
  readonly onProgress?: (bytesRead: number) => void;
  readonly signal?: AbortSignal;
}

/** A capture that was opened, not yet read. */
export interface CaptureSource {
  /** As the user named it; `-` is standard input. */
  readonly path: string;
  /** Size in bytes as stored; undefined for pipes. */
  readonly sizeBytes: number | undefined;
  /** True when `scan` may be called again and gives the same packets. */
  readonly rescannable: boolean;
  /** Gives all packets to the sink. Throws `CaptureError` when nothing can be read. */
  scan(sink: PacketSink, options?: ScanOptions): Promise<CaptureInfo>;
}

/** Opens a file, or standard input for `-`. Throws `CaptureError` when the path cannot be opened. */
export function openCapture(path: string): CaptureSource {
  if (path === '-') return streamSource(path, undefined, () => process.stdin);
  const { sizeBytes, isFile, first } = inspect(path);
  const kind = sniff(first)?.kind;
  if (!isFile || kind === 'gzip' || kind === 'zstd') {
    return streamSource(path, isFile ? sizeBytes : undefined, () =>
      createReadStream(path, { highWaterMark: CHUNK_LEN }),
    );
  }
  return {
    path,
    sizeBytes,
    rescannable: true,
    scan: (sink, options = {}) => scanFile(path, sink, options),
  };
}

/** Measured on 82 MB in the page cache: 8 ms in chunks of 128 KiB, 33 ms from 512 KiB on, which overflow the processor's cache. */
const CHUNK_LEN = 128 * 1024;
/** Chunks between two turns of the event loop: some 20 ms. */
const CHUNKS_PER_TURN = 256;

interface Inspected {
  readonly sizeBytes: number;
  readonly isFile: boolean;
  readonly first: Uint8Array;
}

function inspect(path: string): Inspected {
  const stat = orCannotOpen(path, () => statSync(path));
  if (stat.isDirectory()) throw cannotOpen(path, 'is a directory; name a capture in it');
  // Opening a named pipe twice would break it for its writer.
  if (!stat.isFile()) return { sizeBytes: 0, isFile: false, first: new Uint8Array(0) };
  const fd = open(path);
  try {
    const first = new Uint8Array(BYTES_TO_SNIFF);
    return { sizeBytes: stat.size, isFile: true, first: first.subarray(0, readSync(fd, first, 0, first.length, 0)) };
  } finally {
    closeSync(fd);
  }
}

async function scanFile(path: string, sink: PacketSink, options: ScanOptions): Promise<CaptureInfo> {
  const fd = open(path);
  try {
    const reader = createCaptureReader(sink);
    let bytesRead = 0;
    for (let chunks = 1; ; chunks++) {
      const room = reader.space(CHUNK_LEN).subarray(0, CHUNK_LEN);
      const count = readSync(fd, room, 0, room.length, null);
      if (count === 0) break;
      reader.commit(count);
      bytesRead += count;
      if (chunks % CHUNKS_PER_TURN !== 0) continue;
      options.onProgress?.(bytesRead);
      await new Promise((resolve) => setImmediate(resolve));
      options.signal?.throwIfAborted();
    }
    options.signal?.throwIfAborted();
    reader.end();
    options.onProgress?.(bytesRead);
    return reader.info;
  } catch (error) {
    throw CaptureError.is(error) ? error.withPath(path) : error;
  } finally {
    closeSync(fd);
  }
}

function streamSource(
  path: string,
  sizeBytes: number | undefined,
  openStream: () => AsyncIterable<Uint8Array>,
): CaptureSource {
  return {
    path,
    sizeBytes,
    // What is compressed in a file is inflated again: that costs less than to follow every connection in one pass.
    rescannable: sizeBytes !== undefined,
    scan: (sink, options = {}) => readStream(openStream(), sink, { ...options, path, decompress: decompressInNode }),
  };
}

/** zlib's own stream inflates 400 MB/s where DecompressionStream, around the same code, does 80 (Node 20). */
function decompressInNode(
  format: 'gzip' | 'zstd',
  chunks: AsyncIterable<Uint8Array>,
  onDamage: OnCompressionDamage,
): AsyncIterable<Uint8Array> {
  return format === 'gzip' ? gunzip(chunks, onDamage) : decompress(format, chunks, onDamage);
}

async function* gunzip(chunks: AsyncIterable<Uint8Array>, onDamage: OnCompressionDamage): AsyncGenerator<Uint8Array> {
  const inflate = createGunzip({ chunkSize: OUTPUT_LEN });
  let ready: Uint8Array[] = [];
  // Taken from the event, not by iteration: an error would throw away what still waits in the stream's buffer.
  inflate.on('data', (data: Uint8Array) => ready.push(data));
  const failed = new Promise<Error>((resolve) => inflate.once('error', resolve));
  const ended = new Promise<undefined>((resolve) => inflate.once('end', () => resolve(undefined)));
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += PIECE_LEN) {
        const written = new Promise<undefined>((resolve) => {
          inflate.write(chunk.subarray(at, at + PIECE_LEN), () => resolve(undefined));
        });
        const error = await Promise.race([failed, written]);
        yield* ready;
        ready = [];
        if (error !== undefined) return onDamage(`gzip data damaged: ${error.message}`);
      }
    }
    inflate.end();
    const error = await Promise.race([failed, ended]);
    yield* ready;
    if (error !== undefined) onDamage(`gzip data damaged: ${error.message}`);
  } finally {
    inflate.destroy();
  }
}

/** zlib drops the output of the call in which it fails: small outputs keep that loss small. */
const OUTPUT_LEN = 64 * 1024;
/** Inflates to 64 MiB at most. */
const PIECE_LEN = 64 * 1024;

function open(path: string): number {
  return orCannotOpen(path, () => openSync(path, 'r'));
}

function orCannotOpen<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw cannotOpen(path, OPEN_ERRORS[code] ?? `cannot be opened: ${String(error)}`, error);
  }
}

const OPEN_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied; tcpdump writes captures as another user, see its option -Z',
};

function cannotOpen(path: string, problem: string, cause?: unknown): CaptureError {
  return new CaptureError('ERR_FIRSTHAND_CANNOT_OPEN', problem, { path, cause });
}
