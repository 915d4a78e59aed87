/** Reads a capture in Node: a file in two passes, compressed or not, anything else in one. */
import { createReading, type ReadingOptions } from '../report/reading.ts';
import type { Report } from '../report/types.ts';
import { VERSION } from '../report/version.ts';
import { readStream } from '../capture/read-stream.ts';
import { recordFile } from './record-file.ts';
import { openCapture } from './source.ts';

export type { RoleHint } from '../evidence/roles.ts';

export interface ReadOptions extends ReadingOptions {
  readonly signal?: AbortSignal;
  /** Called now and then while reading; `totalBytes` is null for streams, and counts both passes for files. */
  readonly onProgress?: (progress: ReadProgress) => void;
}

export interface ReadProgress {
  readonly path: string;
  readonly bytes: number;
  readonly totalBytes: number | null;
  readonly packets: number;
}

/** How often a live stream is asked for resets that have settled while no packet came. */
const SETTLE_EVERY_MS = 500;

/**
 * Reads one capture and reports who reset its connections, and why.
 *
 * `input` is a path, `-` for standard input, the bytes of a capture, or a stream of them; gzip and zstd are unpacked.
 * Throws `CaptureError` when nothing of it can be read; damage inside is part of the report.
 * @example
 * const report = await readCapture('trace.pcap');
 * for (const { sender, cause } of report.resets) console.log(sender.address, cause.id);
 */
export async function readCapture(
  input: string | Uint8Array | AsyncIterable<Uint8Array>,
  options: ReadOptions = {},
): Promise<Report> {
  const reading = createReading(options);
  const { signal, onProgress } = options;
  if (typeof input !== 'string') {
    const chunks = input instanceof Uint8Array ? once(input) : input;
    const settling =
      options.onReset === undefined ? undefined : setInterval(() => reading.settle(Date.now() / 1000), SETTLE_EVERY_MS);
    settling?.unref();
    try {
      const info = await readStream(chunks, reading.streamSink, {
        path: '-',
        ...(signal === undefined ? {} : { signal }),
        ...(onProgress === undefined
          ? {}
          : { onProgress: (bytes) => onProgress({ path: '-', bytes, totalBytes: null, packets: 0 }) }),
      });
      return reading.report('-', info, 'one-pass', VERSION);
    } finally {
      clearInterval(settling);
    }
  }
  const source = openCapture(input);
  const total = source.sizeBytes === undefined ? null : source.sizeBytes * (source.rescannable ? 2 : 1);
  let done = 0;
  const scanOptions = {
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined
      ? {}
      : {
          onProgress: (bytes: number) =>
            onProgress({ path: input, bytes: done + bytes, totalBytes: total, packets: 0 }),
        }),
  };
  if (!source.rescannable) {
    return reading.report(input, await source.scan(reading.streamSink, scanOptions), 'one-pass', VERSION);
  }
  const records = recordFile(input);
  const quick = await records?.scan(reading.surveySink, scanOptions);
  const again = quick === undefined ? createReading(options) : reading;
  const info = quick ?? (await source.scan(again.surveySink, scanOptions));
  done = source.sizeBytes ?? 0;
  const sink = again.traceSink();
  if (quick === undefined) await source.scan(sink, scanOptions);
  else await records?.scan(sink, scanOptions);
  return again.report(input, info, 'two-pass', VERSION);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
