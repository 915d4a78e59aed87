/** Reads host evidence from files, line by line: a log of gigabytes costs no more memory than what it tells. */
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
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
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new HostFileError(option, `${path}: ${WORDS[code] ?? code}`, { cause: error });
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
  PACKED: 'is compressed; unpack it first',
};

async function feedLines(path: string, parser: LineParser<unknown>): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  let first = true;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Uint8Array>) {
    if (first && isPacked(chunk)) throw Object.assign(new Error('compressed'), { code: 'PACKED' });
    first = false;
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

function isPacked(bytes: Uint8Array): boolean {
  const [a, b] = bytes;
  return (
    (a === 0x1f && b === 0x8b) || (a === 0x28 && b === 0xb5) || (a === 0xfd && b === 0x37) || (a === 0x42 && b === 0x5a)
  );
}
