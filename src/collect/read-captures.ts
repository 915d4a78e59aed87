/** Reads several captures in Node: those of the same traffic together, the others each by itself. */
import type { CaptureInfo } from '../capture/info.ts';
import { CaptureError } from '../capture/errors.ts';
import type { PacketSink } from '../capture/reader.ts';
import { createJointReading } from '../report/joint-reading.ts';
import type { Report } from '../report/types.ts';
import { VERSION } from '../report/version.ts';
import { readCapture, type ReadOptions } from './read-capture.ts';
import { openCapture } from './source.ts';

/** A report on one capture or on several of the same traffic, or why there is none. */
export type CaptureOutcome =
  | { readonly paths: readonly string[]; readonly report: Report }
  | { readonly paths: readonly [string]; readonly error: unknown };

/**
 * Reads captures that may be of the same traffic, taken at several places: those that show connections in common become
 * one report, the others get a report each. Standard input and pipes cannot be read twice and stand alone.
 */
export async function readCaptures(
  paths: readonly string[],
  options: Omit<ReadOptions, 'onReset'> = {},
): Promise<CaptureOutcome[]> {
  const outcomes = new Map<string, CaptureOutcome>();
  await readTogether([...new Set(paths)].filter(canReadAgain), options, outcomes);
  for (const path of paths) {
    if (outcomes.has(path)) continue;
    try {
      outcomes.set(path, { paths: [path], report: await readCapture(path, options) });
    } catch (error) {
      outcomes.set(path, { paths: [path], error });
    }
  }
  // A report on several captures comes once, however many of them were named.
  const all = paths.map((path) => outcomes.get(path)!);
  return all.filter((outcome, at) => outcome.paths.length === 1 || all.indexOf(outcome) === at);
}

function canReadAgain(path: string): boolean {
  try {
    return path !== '-' && openCapture(path).rescannable;
  } catch {
    // Whoever reads it by itself says why.
    return false;
  }
}

/** Those that turn out to be of different traffic are read again, each part by itself. */
async function readTogether(
  paths: readonly string[],
  options: Omit<ReadOptions, 'onReset'>,
  outcomes: Map<string, CaptureOutcome>,
): Promise<void> {
  if (paths.length < 2) return;
  const joint = createJointReading(paths.length, options);
  const infos: CaptureInfo[] = [];
  const unreadable: string[] = [];
  for (const [input, path] of paths.entries()) {
    try {
      infos.push(await scan(path, joint.surveySink(input), options));
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!CaptureError.is(error)) throw error;
      outcomes.set(path, { paths: [path], error });
      unreadable.push(path);
    }
  }
  if (unreadable.length > 0) {
    const others = paths.filter((path) => !unreadable.includes(path));
    return readTogether(others, options, outcomes);
  }
  if (!joint.link()) return;
  for (const [input, path] of paths.entries()) await scan(path, joint.traceSink(input), options);
  const clusters = joint.clusters();
  if (clusters.length > 1) {
    for (const cluster of clusters) {
      await readTogether(
        cluster.map((input) => paths[input]!),
        options,
        outcomes,
      );
    }
    return;
  }
  const outcome = { paths, report: joint.report(paths, infos, VERSION) };
  for (const path of paths) outcomes.set(path, outcome);
}

function scan(path: string, sink: PacketSink, { signal, onProgress }: ReadOptions): Promise<CaptureInfo> {
  const source = openCapture(path);
  return source.scan(sink, {
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined
      ? {}
      : {
          onProgress: (bytes: number) => onProgress({ path, bytes, totalBytes: source.sizeBytes ?? null, packets: 0 }),
        }),
  });
}
