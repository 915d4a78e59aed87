/** `npm run prove -- NAME [options]`: real processes, peers side by side; exit 1 when our own row misses its claim. */
import { UsageError } from '../bench/options.ts';
import { readable } from './readable.ts';

/** What a file of this folder exports when it is a proof. */
interface Proof {
  /** One line of what it shows. */
  readonly about: string;
  /** The command with its options; a proof without takes none. */
  readonly help?: string;
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** Loaded when asked for: each brings other packages with it. */
const PROOFS: Readonly<Record<string, () => Promise<Proof>>> = {
  'exactly-once': () => import('./exactly-once.ts'),
  'stale-reuse': () => import('./stale-reuse.ts'),
  drain: () => import('./drain.ts'),
  'keep-alive': () => import('./keep-alive.ts'),
};

// Processes of a proof that broke off would hold this one.
process.exit(await main(process.argv.slice(2)));

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === '--help' || name === '-h') return say(await usage());
  const load = name !== undefined && Object.hasOwn(PROOFS, name) ? PROOFS[name] : undefined;
  if (load === undefined) return complain(`${name === undefined ? 'no name' : `no proof ${name}`}\n\n${await usage()}`);
  try {
    const { about, help = `npm run prove -- ${name}`, run } = await load();
    if (args.includes('--help') || args.includes('-h')) return say(`${help}\n\nShows ${about}.`);
    return await run(args).catch((error: unknown) => {
      if (error instanceof UsageError || isParseArgsError(error)) return complain(`${error.message}\n\n${help}`);
      throw error;
    });
  } catch (error) {
    return complain(readable(error));
  }
}

async function usage(): Promise<string> {
  const lines = Object.entries(PROOFS).map(async ([name, load]) => `  ${name.padEnd(14)}${(await load()).about}`);
  return `npm run prove -- NAME [options]

${(await Promise.all(lines)).join('\n')}

npm run prove -- NAME --help shows the options. Exit 0: the claim holds; 1: it does not; 2: it could not be tried.`;
}

function isParseArgsError(error: unknown): error is Error {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}

function say(text: string): number {
  console.log(text);
  return 0;
}

function complain(text: string): number {
  console.error(`prove: ${text}`);
  return 2;
}
