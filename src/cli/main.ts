/** The command line: arguments in, exit code out. */
import { existsSync } from 'node:fs';
import { CommanderError } from 'commander';
import { DONE, FAILED } from './exit-codes.ts';
import { Failure, toFailureLine } from './failure.ts';
import { type Io, processIo } from './io.ts';
import { toNearest } from './nearest.ts';
import { toProgram, VERBS } from './program.ts';

const OWN_FLAGS = new Set(['-h', '--help', '-V', '--version']);

/** Runs one command line, without node and script, and resolves to its exit code; never throws. */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  const debug = argv.slice(0, endOfFlags(argv)).includes('--debug');
  const words = debug ? argv.filter((word, at) => word !== '--debug' || at > endOfFlags(argv)) : argv;
  let exitCode: number = DONE;
  try {
    const program = toProgram({ ...io, debug }, (code) => (exitCode = code));
    if (words.length === 0) program.outputHelp();
    else await program.parseAsync(toCommandWords(words), { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return DONE;
    io.stderr.write(`firsthand: ${toLine(error)}\n`);
    if (error instanceof Failure) for (const hint of error.hints) io.stderr.write(`  ${hint}\n`);
    if (debug && error instanceof Error) io.stderr.write(`${error.stack}\n`);
    return FAILED;
  }
}

/** Supplies the verb where the user left it out: `firsthand FILE` and `firsthand --json FILE` read. */
function toCommandWords(words: readonly string[]): string[] {
  const [first = ''] = words;
  if (OWN_FLAGS.has(first) || VERBS.some((verb) => verb === first)) return [...words];
  if (first.startsWith('-') || existsSync(first)) return ['read', ...words];
  const near = toNearest(first, VERBS);
  if (near) throw new Failure(`unknown command ${first}, did you mean ${near}?`);
  if (/^[^\s]+$/.test(first) && /[/\\]|\.(pcap|pcapng|cap|gz|zst)$/i.test(first))
    throw new Failure(`${first}: no such file`);
  throw new Failure(`${first}: neither a command nor a file; give a capture, such as: firsthand read capture.pcap`);
}

function endOfFlags(words: readonly string[]): number {
  const end = words.indexOf('--');
  return end < 0 ? words.length : end;
}

function toLine(error: unknown): string {
  return toFailureLine(error)
    .replace(/^error: /, '')
    .replace(/\s+\(Did you mean (.+?)\?\)/, ', did you mean $1?');
}
