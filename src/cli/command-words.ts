/** Supplies the verb where the user left it out: a capture is read, any other text or file explained. */
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { sniff } from '../capture/detect.ts';
import { Failure } from './failure.ts';
import type { Io } from './io.ts';
import { toNearest } from './nearest.ts';
import { VERBS } from './program.ts';
import { sniffInput } from './sniff-input.ts';

export interface CommandWords {
  readonly words: readonly string[];
  /** As given, or with standard input as it was before its first bytes were looked at. */
  readonly io: Io;
}

const OWN_FLAGS = new Set(['-h', '--help', '-V', '--version']);

/** The words with a verb in front. Throws `Failure` for a mistyped verb or a capture that does not exist. */
export async function toCommandWords(words: readonly string[], io: Io): Promise<CommandWords> {
  const [first = '', ...rest] = words;
  if (first === 'read' && isErrorCode(rest)) return { words: ['explain', words.join(' ')], io };
  if (OWN_FLAGS.has(first) || VERBS.some((verb) => verb === first)) return { words, io };
  if (words.includes('-') && !words.some((word) => existsSync(word))) {
    const { isCapture, input } = await sniffInput(io.stdin ?? process.stdin);
    return { words: [isCapture ? 'read' : 'explain', ...words], io: { ...io, stdin: input } };
  }
  return { words: [await toVerb(words), ...words], io };
}

/** `firsthand read ECONNRESET`, its quotes forgotten. */
function isErrorCode(words: readonly string[]): boolean {
  const [word = ''] = words;
  return words.length === 1 && /^E[A-Z]{3,}$/.test(word) && !existsSync(word);
}

async function toVerb(words: readonly string[]): Promise<'explain' | 'read'> {
  const [first = ''] = words;
  if (!first.startsWith('-') && !existsSync(first)) checkTyping(first, words.slice(1));
  const file = words.find((word) => existsSync(word));
  if (file !== undefined) return (await isText(file)) ? 'explain' : 'read';
  if (first.startsWith('-')) return /\s/.test(words.at(-1) ?? '') ? 'explain' : 'read';
  return 'explain';
}

const CAPTURE_NAME = /\.(pcap|pcapng|cap|gz|zst)$/i;

/** What looks like a verb or a file is not taken for an error message. */
function checkTyping(first: string, rest: readonly string[]): void {
  if (/\s/.test(first)) return;
  const isSentence = rest.some((word) => !word.startsWith('-') && !CAPTURE_NAME.test(word));
  const near = isSentence ? null : toNearest(first, VERBS);
  if (near) throw new Failure(`unknown command ${first}, did you mean ${near}?`);
  if (CAPTURE_NAME.test(first) || (!isSentence && /^[.~]?[/\\]/.test(first)))
    throw new Failure(`${first}: no such file`);
}

/** A file of text, as a log is. What cannot be opened is left to the reader, which says why. */
async function isText(path: string): Promise<boolean> {
  const { BYTES_TO_LOOK_INSIDE, lookInside } = await import('./look-inside.ts');
  const file = await open(path).catch(() => null);
  if (file === null) return false;
  try {
    if (!(await file.stat()).isFile()) return false;
    const { buffer, bytesRead } = await file.read(new Uint8Array(BYTES_TO_LOOK_INSIDE), 0, BYTES_TO_LOOK_INSIDE, 0);
    const format = sniff(lookInside(buffer.subarray(0, bytesRead)));
    return format?.kind === 'not-a-capture' && format.name.endsWith('text');
  } finally {
    await file.close();
  }
}
