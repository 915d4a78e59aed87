/**
 * The reader where there is no Node: over a Blob, in two passes, or over a stream of bytes, in one.
 * @module
 */
import { decompress } from './capture/compression.ts';
import { BYTES_TO_SNIFF, sniff } from './capture/detect.ts';
import type { PacketSink } from './capture/reader.ts';
import type { CaptureInfo } from './capture/info.ts';
import { readStream } from './capture/read-stream.ts';
import { createReading, type ReadingOptions } from './report/reading.ts';
import type { Report } from './report/types.ts';
import { VERSION } from './report/version.ts';

export { CaptureError, type CaptureErrorCode } from './capture/errors.ts';
export type * from './report/types.ts';
export type { RoleHint } from './evidence/roles.ts';

export interface BrowserReadOptions extends ReadingOptions {
  /** Name for the report; a File's own name by default. */
  readonly name?: string;
  readonly signal?: AbortSignal;
}

/** Bytes taken from a Blob at a time. */
const SLICE_BYTES = 4 * 1024 * 1024;

/** Reads a capture and gives the same report as `readCapture` in Node. Throws `CaptureError` when nothing can be read. */
export async function readCapture(
  input: Blob | ReadableStream<Uint8Array>,
  options: BrowserReadOptions = {},
): Promise<Report> {
  const reading = createReading(options);
  const name = options.name ?? ('name' in input && typeof input.name === 'string' ? input.name : '-');
  if (input instanceof Blob) {
    const first = new Uint8Array(await input.slice(0, BYTES_TO_SNIFF).arrayBuffer());
    const kind = sniff(first)?.kind;
    if (kind !== 'gzip' && kind !== 'zstd') {
      const info = await scanBlob(input, reading.surveySink, name, options.signal);
      await scanBlob(input, reading.traceSink(), name, options.signal);
      return reading.report(name, info, 'two-pass', VERSION);
    }
  }
  const chunks = input instanceof Blob ? slices(input) : chunksOf(input);
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const info = await readStream(chunks, reading.streamSink, { path: name, decompress, ...signal });
  return reading.report(name, info, 'one-pass', VERSION);
}

async function scanBlob(
  blob: Blob,
  sink: PacketSink,
  name: string,
  signal: AbortSignal | undefined,
): Promise<CaptureInfo> {
  return readStream(slices(blob), sink, { path: name, ...(signal === undefined ? {} : { signal }) });
}

async function* slices(blob: Blob): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < blob.size; at += SLICE_BYTES) {
    yield new Uint8Array(await blob.slice(at, at + SLICE_BYTES).arrayBuffer());
  }
}

async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.releaseLock();
  }
}
