/** `npm run bench -- NAME [options]`: runs one bench in this process. */
import * as client from './client.ts';
import * as decode from './decode.ts';
import * as explain from './explain.ts';
import * as idempotency from './idempotency.ts';
import * as makeCapture from './make-capture-command.ts';
import * as read from './read.ts';
import * as register from './register.ts';
import { UsageError } from './options.ts';

interface Bench {
  readonly about: string;
  readonly help: string;
  readonly run: (args: readonly string[]) => void | Promise<void>;
}

const BENCHES: Readonly<Record<string, Bench>> = {
  read,
  decode,
  'make-capture': makeCapture,
  register,
  explain,
  client,
  idempotency,
};

const list = Object.entries(BENCHES)
  .map(([name, { about }]) => `  ${name.padEnd(14)}${about}`)
  .join('\n');
const usage = `npm run bench -- NAME [options]\n\n${list}\n\nnpm run bench -- NAME --help shows the options.`;

process.exitCode = await main(process.argv.slice(2));

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === '--help' || name === '-h') return say(usage);
  const bench = name !== undefined && Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
  if (bench === undefined) return complain(`${name === undefined ? 'no name' : `no bench ${name}`}\n\n${usage}`);
  if (args.includes('--help') || args.includes('-h')) return say(bench.help);
  try {
    await bench.run(args);
    return 0;
  } catch (error) {
    if (error instanceof UsageError || isParseArgsError(error)) return complain(`${error.message}\n\n${bench.help}`);
    return complain(error instanceof Error ? error.message : String(error));
  }
}

function isParseArgsError(error: unknown): error is Error {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}

function say(text: string): number {
  console.log(text);
  return 0;
}

function complain(text: string): number {
  console.error(`bench: ${text}`);
  return 2;
}
