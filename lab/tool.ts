/** What the tools of this repository have in common: what was typed wrong is answered in one line, and with exit code 2. */
import { FAILED } from '../src/cli/exit-codes.ts';
import { Failure, toFailureLine } from '../src/cli/failure.ts';

/** Runs the tool with this process's arguments, or prints its usage. */
export async function runTool(
  name: string,
  usage: string,
  tool: (args: readonly string[]) => Promise<number>,
): Promise<void> {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  try {
    process.exitCode = await tool(args);
  } catch (error) {
    if (!(error instanceof Failure) && !isParseArgsError(error)) throw error;
    // What parseArgs adds is about its own rules.
    const line = error instanceof Failure ? toFailureLine(error) : error.message.split('. ')[0]!;
    process.stderr.write(`${name}: ${line}\n`);
    process.exitCode = FAILED;
  }
}

function isParseArgsError(error: unknown): error is Error {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}
