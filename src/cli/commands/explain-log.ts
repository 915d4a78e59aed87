/** Which words name logs, and how the story of logs is printed. */
import { open, stat } from 'node:fs/promises';
import { sniff } from '../../capture/detect.ts';
import type { LogFiles } from '../../collect/read-log.ts';
import type { LogReport } from '../../explain/log/define.ts';
import { renderLogJson } from '../../explain/log/json.ts';
import { renderLogMarkdown } from '../../explain/log/markdown.ts';
import { renderLogText } from '../../explain/log/text.ts';
import { Failure, toFailureLine } from '../failure.ts';
import type { ExplainFlags } from '../flags.ts';
import type { Io } from '../io.ts';
import { toTextOptions } from '../page.ts';
import { startProgress } from '../progress.ts';
import { BYTES_TO_LOOK_INSIDE, lookInside } from '../look-inside.ts';

/** The files that the words name; null when they are a text. Throws for files beside one that does not exist. */
export async function toLogPaths(words: readonly string[]): Promise<readonly string[] | null> {
  const exist = await Promise.all(
    words.map(async (word) => word === '-' || (await stat(word).catch(() => null)) !== null),
  );
  if (words.length === 1) return exist[0] ? words : null;
  if (!exist.includes(true) || !words.every((word, at) => exist[at] || /[/\\]|\.\w{1,5}$/.test(word))) return null;
  if (words.filter((word) => word === '-').length > 1) throw new Failure('standard input (-) can be read only once');
  const missing = words.find((_, at) => !exist[at]);
  if (missing !== undefined) throw new Failure(`${missing}: no such file`);
  return words;
}

/** Reads the logs; throws `Failure` for one that is no text or that cannot be read. */
export async function readLogFiles(paths: readonly string[], flags: ExplainFlags, io: Io): Promise<LogFiles> {
  for (const path of paths) if (path !== '-') await checkLog(path);
  const { readLogs } = await import('../../collect/read-log.ts');
  const progress = startProgress(io);
  let current = paths[0];
  try {
    return await readLogs(paths, {
      ...(io.stdin && { stdin: io.stdin }),
      ...(flags.zone !== undefined && { zoneOffsetMin: flags.zone }),
      signal: io.signal,
      onProgress: (path, bytes, totalBytes) =>
        progress.update({ path: (current = path), bytes, totalBytes, packets: 0 }),
    });
  } catch (error) {
    throw io.signal.aborted ? error : new Failure(toFailureLine(error, current === '-' ? 'standard input' : current));
  } finally {
    progress.end();
  }
}

async function checkLog(path: string): Promise<void> {
  const first = await readFirst(path).catch((error: unknown) => {
    throw error instanceof Failure ? error : new Failure(toFailureLine(error, path));
  });
  if (!first) return;
  const inside = lookInside(first);
  const format = sniff(inside);
  if (format?.kind === 'pcap' || format?.kind === 'pcapng')
    throw new Failure(`${path}: is a capture`, [`firsthand read ${path}`]);
  if (format?.kind === 'unsupported')
    throw new Failure(`${path}: ${format.name} is not supported; ${format.advice ?? 'decompress it first'}`);
  if (format?.kind === 'not-a-capture' && !format.name.endsWith('text'))
    throw new Failure(`${path}: is ${format.name}, not a text`);
  if (!isUtf16(inside) && inside.subarray(0, LOOKED_AT_LEN).includes(0)) throw new Failure(`${path}: is not a text`);
}

const LOOKED_AT_LEN = 4096;

/** Zero bytes stand in no other text. */
function isUtf16(first: Uint8Array): boolean {
  return first[0] === 0xff && first[1] === 0xfe;
}

/** Null for a pipe, which would be robbed of what is read here. */
async function readFirst(path: string): Promise<Uint8Array | null> {
  const status = await stat(path);
  if (status.isDirectory()) throw new Failure(`${path}: is a directory: name a log in it`);
  if (!status.isFile()) return null;
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(BYTES_TO_LOOK_INSIDE), 0, BYTES_TO_LOOK_INSIDE, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/**
 * True when a text is told as a story instead of being explained as one failure: several logs, a long one, or one with
 * a history, which takes times and more than one event.
 */
export function isStory({ report, text }: LogFiles): boolean {
  const [input, ...others] = report.inputs;
  if (!input || others.length > 0 || text === null) return true;
  return input.from !== null && input.recognised > 0 && input.recognised + report.nearby.length > 1;
}

/** The story in the form that the flags ask for. */
export function renderStory(report: LogReport, flags: ExplainFlags, io: Io): string {
  if (flags.json) return renderLogJson(report);
  if (flags.markdown) return renderLogMarkdown(report, { verbose: flags.verbose > 0 });
  const { detail, ...look } = toTextOptions(flags, io, flags.output !== undefined);
  return renderLogText(report, { ...look, detail: detail === 'quiet' || detail === 'normal' ? detail : 'full' });
}
