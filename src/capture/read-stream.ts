/** Reads a capture from a stream of bytes: detects compression and format, decompresses, parses. */
import { decompress, type Compression } from './compression.ts';
import { BYTES_TO_SNIFF, sniff } from './detect.ts';
import { CaptureError } from './errors.ts';
import { addDamage, type CaptureInfo, type Damage, type MutableCaptureInfo } from './info.ts';
import { createCaptureReader, type PacketSink } from './reader.ts';

export interface ReadStreamOptions {
  /** As the user named the source; only for messages. */
  readonly path?: string;
  /** Called now and then with the bytes taken from the stream, before decompression. */
  readonly onProgress?: (bytesRead: number) => void;
  readonly signal?: AbortSignal;
  /** Replaces the decompressor, where a platform has a faster one. */
  readonly decompress?: typeof decompress;
}

/** Gives the packets of the capture to the sink. Throws `CaptureError` when nothing of it can be read. */
export async function readStream(
  chunks: AsyncIterable<Uint8Array>,
  sink: PacketSink,
  options: ReadStreamOptions = {},
): Promise<CaptureInfo> {
  const reader = createCaptureReader(sink);
  const { compression, whole } = await unwrap(watched(chunks, options));
  let damage: string | undefined;
  const unpack = options.decompress ?? decompress;
  const plain = compression === undefined ? whole : unpack(compression, whole, (what) => (damage = what));
  try {
    for await (const chunk of plain) {
      options.signal?.throwIfAborted();
      reader.feed(chunk);
    }
    if (damage !== undefined && reader.info.bytes === 0) throw new CaptureError('ERR_FIRSTHAND_DAMAGED', damage);
    reader.end();
  } catch (error) {
    throw CaptureError.is(error) ? error.withPath(options.path ?? '') : error;
  }
  const info = compression === undefined ? reader.info : namingCompression(reader.info, compression);
  return damage === undefined ? info : withDamage(info, { offset: info.bytes, what: damage });
}

/** Reports progress and heeds the signal between chunks. */
async function* watched(chunks: AsyncIterable<Uint8Array>, options: ReadStreamOptions): AsyncGenerator<Uint8Array> {
  let bytesRead = 0;
  for await (const chunk of chunks) {
    options.signal?.throwIfAborted();
    bytesRead += chunk.length;
    options.onProgress?.(bytesRead);
    yield chunk;
  }
}

interface Unwrapped {
  readonly compression: Compression | undefined;
  /** The stream from its first byte, sniffed ones included. */
  readonly whole: AsyncIterable<Uint8Array>;
}

async function unwrap(chunks: AsyncGenerator<Uint8Array>): Promise<Unwrapped> {
  let first: Uint8Array = new Uint8Array(0);
  while (first.length < BYTES_TO_SNIFF) {
    const next = await chunks.next();
    if (next.done === true) break;
    first = joined(first, next.value);
  }
  const kind = sniff(first)?.kind;
  return { compression: kind === 'gzip' || kind === 'zstd' ? kind : undefined, whole: withFirst(first, chunks) };
}

async function* withFirst(first: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  yield* rest;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a, 0);
  both.set(b, a.length);
  return both;
}

function namingCompression(info: CaptureInfo, compression: Compression): CaptureInfo {
  return { ...info, format: `${info.format}, ${compression}` };
}

function withDamage(info: CaptureInfo, added: Damage): CaptureInfo {
  const copy: MutableCaptureInfo = {
    ...info,
    linkTypes: new Set(info.linkTypes),
    damage: [...info.damage],
    interfaces: [...info.interfaces],
  };
  addDamage(copy, added.offset, added.what);
  return copy;
}
