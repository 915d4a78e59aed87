import { escapeText } from '../report/escape.ts';

/** What could not be done, in one line for the person who asked; hints are further lines, such as commands to copy. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly hints: readonly string[];
  constructor(message: string, hints: readonly string[] = []) {
    super(message);
    this.hints = hints;
  }
}

const SYSTEM_WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'is a directory: name a file in it',
  ENOSPC: 'no space left on the device',
  EMFILE: 'too many open files',
};

/** One line about an error, the file it concerns in front. */
export function toFailureLine(error: unknown, file?: string): string {
  const message = error instanceof Error ? toMessage(error) : String(error);
  const line = file === undefined || message.startsWith(`${file}: `) ? message : `${file}: ${message}`;
  return escapeText(line.replaceAll('\n', ' '));
}

function toMessage(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return SYSTEM_WORDS[code] ?? error.message;
}
