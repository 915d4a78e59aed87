/** The command line: arguments in, exit code out. */
import { CommanderError } from 'commander';
import { toCommandWords } from './command-words.ts';
import { DONE, FAILED } from './exit-codes.ts';
import { Failure, toFailureLine } from './failure.ts';
import { type Io, processIo } from './io.ts';
import { toProgram } from './program.ts';

/** Runs one command line, without node and script, and resolves to its exit code; never throws. */
export async function main(argv: readonly string[], io: Io = processIo()): Promise<number> {
  const debug = argv.slice(0, endOfFlags(argv)).includes('--debug');
  const words = debug ? argv.filter((word, at) => word !== '--debug' || at > endOfFlags(argv)) : argv;
  let exitCode: number = DONE;
  try {
    const command = words.length === 0 ? { words, io } : await toCommandWords(words, io);
    const program = toProgram({ ...command.io, debug }, (code) => (exitCode = code));
    if (words.length === 0) program.outputHelp();
    else await program.parseAsync(command.words, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return DONE;
    io.stderr.write(`firsthand: ${toLine(error)}\n`);
    if (error instanceof Failure) for (const hint of error.hints) io.stderr.write(`  ${hint}\n`);
    if (debug && error instanceof Error) io.stderr.write(`${error.stack}\n`);
    return FAILED;
  }
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
