/** Reads host evidence from files, line by line: a log of gigabytes costs no more memory than what it tells. */
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { decompress } from '../capture/compression.ts';
import { sniff } from '../capture/detect.ts';
import { createJournalParser } from '../evidence/host/journal.ts';
import { createKernelTraceParser } from '../evidence/host/kernel-trace.ts';
import { JOURNAL, KERNEL_BEGIN, KERNEL_END, SOCKETS, straceOf } from '../evidence/host/recipes.ts';
import { createSocketTableParser } from '../evidence/host/sockets.ts';
import { LONGEST_LINE, type LineParser, type Understood } from '../evidence/host/source.ts';
import { createStraceParser } from '../evidence/host/strace.ts';
import type { HostEvidence, Source } from '../evidence/host/witness.ts';

/** Files of host evidence, each optional. */
export interface HostFiles {
  /** A tracefs log. */
  readonly kernel?: string;
  /** Output of strace. */
  readonly strace?: string;
  /** Output of ss. */
  readonly ss?: string;
  /** Output of journalctl or dmesg -T. */
  readonly journal?: string;
  /** Minutes east of UTC of times that name no zone; default 0. */
  readonly zoneMin?: number;
}

/** A line of a kernel's trace has some 150 bytes. */
const CHUNK_LEN = 256 * 1024;

/** What to record, where a file holds nothing of its kind. */
const WANTED: Readonly<Record<'kernel' | 'strace' | 'ss' | 'journal', string>> = {
  kernel: `a tracefs log; record one with: ${[...KERNEL_BEGIN, '…', ...KERNEL_END].join('; ')}`,
  strace: `strace output with times; record it with: ${straceOf('PID')}`,
  ss: `ss output; save it with: ${SOCKETS} > ss.txt`,
  journal: `a journal with times; save it with: ${JOURNAL} > journal.txt, or dmesg -T > journal.txt`,
};

/** A file that is not what its option says; the message names the file and the remedy. */
export class HostFileError extends Error {
  override readonly name = 'HostFileError';
  readonly option: keyof typeof WANTED;
  constructor(option: keyof typeof WANTED, message: string, options?: ErrorOptions) {
    super(message, options);
    this.option = option;
  }
}

/** Reads and parses the files. Throws `HostFileError` for one that cannot be read or holds nothing of its kind. */
export async function readHost({ kernel, strace, ss, journal, zoneMin }: HostFiles): Promise<HostEvidence> {
  return {
    ...(kernel === undefined ? {} : { kernel: await readSource('kernel', kernel, createKernelTraceParser()) }),
    ...(strace === undefined ? {} : { strace: await readSource('strace', strace, createStraceParser()) }),
    ...(ss === undefined ? {} : { sockets: await readSource('ss', ss, createSocketTableParser()) }),
    ...(journal === undefined ? {} : { journal: await readSource('journal', journal, createJournalParser()) }),
    ...(zoneMin === undefined ? {} : { zoneMin }),
  };
}

async function readSource<T extends Understood>(
  option: keyof typeof WANTED,
  path: string,
  parser: LineParser<T>,
): Promise<Source<T>> {
  if (path === '-') throw new HostFileError(option, `-: standard input is for the capture; name a file`);
  try {
    await feedLines(path, parser);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const words = WORDS[code] ?? (error instanceof Error ? error.message : String(error));
    throw new HostFileError(option, `${path}: ${words}`, { cause: error });
  }
  const log = parser.end();
  if (log.understood === 0) {
    const what = log.lines === 0 ? 'the file is empty' : `none of its ${log.lines} lines looks like it`;
    throw new HostFileError(option, `${path}: ${what}; wanted is ${WANTED[option]}`);
  }
  return { file: basename(path), log };
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'is a directory: name a file in it',
};

async function feedLines(path: string, parser: LineParser<unknown>): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of unpacked(path)) {
    const text = rest + decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      parser.line(text.slice(start, Math.min(end, start + LONGEST_LINE)).replace(/\r$/, ''));
      start = end + 1;
    }
    // What no line end follows may be the first part of a line without end.
    rest = text.slice(start, start + LONGEST_LINE);
  }
  if (rest !== '') parser.line(rest);
}

/** The file's bytes, gzip and zstd unpacked. Half a log would prove what a whole one may not: damage is an error. */
async function* unpacked(path: string): AsyncGenerator<Uint8Array> {
  const chunks = (createReadStream(path, { highWaterMark: CHUNK_LEN }) as AsyncIterable<Uint8Array>)[
    Symbol.asyncIterator
  ]();
  const { value: first, done } = await chunks.next();
  if (done) return;
  const whole = startingWith(first, chunks);
  const format = sniff(first);
  if (format?.kind === 'unsupported') throw new Error(`looks like ${format.name}; unpack it first`);
  if (format?.kind !== 'gzip' && format?.kind !== 'zstd') return yield* whole;
  let damage = '';
  yield* decompress(format.kind, whole, (what) => (damage = what));
  if (damage !== '') throw new Error(damage);
}

async function* startingWith(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* { [Symbol.asyncIterator]: () => rest };
}
