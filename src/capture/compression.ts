/**
 * Decompression of captures in any runtime, through bounded memory: gzip by the platform, zstd by fzstd.
 * A stream that breaks off or turns to nonsense ends there: what came before it is kept and the damage is told.
 */
import { Decompress } from 'fzstd';
import { createZstdFrames } from './zstd-frames.ts';

export type Compression = 'gzip' | 'zstd';

/** Told once when compressed data cannot be read to its end. */
export type OnCompressionDamage = (what: string) => void;

/** The decompressed bytes of a stream. Never throws on account of the data; an error of `chunks` itself passes through. */
export function decompress(
  format: Compression,
  chunks: AsyncIterable<Uint8Array>,
  onDamage: OnCompressionDamage,
): AsyncIterable<Uint8Array> {
  return format === 'gzip' ? gunzip(chunks, onDamage) : unzstd(chunks, onDamage);
}

/** Small pieces limit what a stream that fails takes with it, and what one write may inflate to: 16 MiB at most. */
const PIECE_LEN = 16 * 1024;

async function* gunzip(chunks: AsyncIterable<Uint8Array>, onDamage: OnCompressionDamage): AsyncGenerator<Uint8Array> {
  const { readable, writable } = new DecompressionStream('gzip');
  const reader: ReadableStreamDefaultReader<Uint8Array> = readable.getReader();
  const feeding = feed(chunks, writable.getWriter());
  try {
    for (;;) {
      const next = await reader.read().catch((error: unknown) => error);
      if (!isReadResult(next)) {
        onDamage(`gzip data damaged: ${messageOf(next)}`);
        break;
      }
      if (next.done) break;
      yield next.value;
    }
  } finally {
    // Frees the feeder, which may wait for room, and with it the source.
    await reader.cancel().catch(ignore);
  }
  const { sourceError } = await feeding;
  if (sourceError !== undefined) throw sourceError.reason;
}

interface Fed {
  /** Why `chunks` failed, as opposed to the data in it. */
  readonly sourceError?: { readonly reason: unknown };
}

async function feed(chunks: AsyncIterable<Uint8Array>, writer: WritableStreamDefaultWriter<Uint8Array>): Promise<Fed> {
  // A rejection here is the data's fault, which the reading side reports.
  writer.closed.catch(ignore);
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await iterator.next().catch((reason: unknown) => ({ reason }));
      if ('reason' in next) {
        await writer.abort(next.reason).catch(ignore);
        return { sourceError: next };
      }
      if (next.done) break;
      for (let at = 0; at < next.value.length; at += PIECE_LEN) {
        // Waiting for `ready` lets the output drain: an error would throw away what is still queued.
        await writer.ready;
        await writer.write(next.value.slice(at, at + PIECE_LEN));
      }
    }
    await writer.ready;
    await writer.close();
  } catch {
    await iterator.return?.();
  }
  return {};
}

async function* unzstd(chunks: AsyncIterable<Uint8Array>, onDamage: OnCompressionDamage): AsyncGenerator<Uint8Array> {
  const frames = createZstdFrames();
  let output: Uint8Array[] = [];
  let decompressor = new Decompress((data) => output.push(data));
  for await (const chunk of chunks) {
    frames.push(chunk);
    for (;;) {
      const failure = attempt(() => {
        const piece = frames.next();
        if (piece === undefined) return false;
        if (piece.isHeader) decompressor = new Decompress((data) => output.push(data));
        decompressor.push(piece.bytes, piece.isLast);
        return true;
      });
      const ready = output;
      output = [];
      yield* ready;
      if (failure === false) break;
      if (failure === true) continue;
      return onDamage(`zstd data damaged: ${messageOf(failure.error)}`);
    }
  }
  if (!frames.atBoundary()) onDamage('zstd data damaged: it ends within a frame');
}

function attempt<T>(action: () => T): T | { readonly error: unknown } {
  try {
    return action();
  } catch (error) {
    return { error };
  }
}

type ReadResult = Awaited<ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']>>;

function isReadResult(value: unknown): value is ReadResult {
  return typeof value === 'object' && value !== null && 'done' in value;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function ignore(): void {}
