/** Runs the command line in process and keeps what it printed. */
import { Writable } from 'node:stream';
import type { Report } from '../../report/types.ts';
import type { Io, Screen } from '../io.ts';
import { main } from '../main.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions extends Partial<Omit<Io, 'stdout' | 'stderr'>> {
  readonly tty?: boolean;
  readonly columns?: number;
  /** Standard output fails with this code at the first write. */
  readonly stdoutFails?: string;
}

/** The exit code and both outputs of one command line. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { tty = false, columns = 100, stdoutFails, ...io } = options;
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(argv, {
    env: {},
    now: () => 0,
    signal: new AbortController().signal,
    ...(io.readCapture === undefined ? {} : { readCaptures: apart(io.readCapture) }),
    ...io,
    stdout: toScreen(out, tty, columns, stdoutFails),
    stderr: toScreen(err, tty, columns),
  });
  return { code, out: out.join(''), err: err.join('') };
}

/** Reads captures one by one, as those are that have nothing in common. */
function apart(readCapture: NonNullable<Io['readCapture']>): NonNullable<Io['readCaptures']> {
  return (paths, options) =>
    Promise.all(
      paths.map(async (path) => {
        try {
          return { paths: [path], report: await readCapture(path, options) };
        } catch (error) {
          return { paths: [path], error } as const;
        }
      }),
    );
}

/** A reader that knows the given reports by path, and that fails on every other path. */
export function readerOf(reports: Readonly<Record<string, Report>>): NonNullable<Io['readCapture']> {
  return async (input) => {
    const report = typeof input === 'string' ? reports[input] : undefined;
    if (!report)
      throw Object.assign(new Error(`ENOENT: no such file or directory, open '${String(input)}'`), { code: 'ENOENT' });
    return report;
  };
}

function toScreen(kept: string[], isTTY: boolean, columns: number, fails?: string): Screen {
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (fails) return done(Object.assign(new Error(`write ${fails}`), { code: fails }));
      kept.push(chunk.toString());
      done();
    },
  });
  stream.on('error', () => {});
  return Object.assign(stream, { isTTY, columns });
}
