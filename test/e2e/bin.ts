/** Runs the built program as users do: a process with arguments, standard streams and an exit code. */
import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** The project's own directory. */
export const ROOT: string = resolve(import.meta.dirname, '../..');
export const BIN: string = join(ROOT, 'bin/firsthand.js');
/** The recorded captures, a folder for each cause. */
export const CAPTURES: string = join(ROOT, 'test/captures');

/** Spawn options for a user without rights: nobody under root, else whoever runs the tests. */
export const UNPRIVILEGED: SpawnOptions = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

const { NO_COLOR: _, FORCE_COLOR: __, COLUMNS: ___, ...inherited } = process.env;
/** The environment without what would change the output. */
export const ENV: NodeJS.ProcessEnv = { ...inherited, TERM: 'dumb' };

export interface Ran {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions extends Omit<SpawnOptions, 'stdio'> {
  readonly stdin?: Uint8Array;
}

/** Runs a program to its end. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { stdin, ...rest } = options;
  const child = spawn(command, args, { env: ENV, ...rest, stdio: 'pipe' });
  // A program that ends before it has read its input breaks the pipe; its exit code tells why.
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out: out(), err: err() };
}

/** Runs `firsthand` to its end. */
export function firsthand(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return run(process.execPath, [BIN, ...args], options);
}

export interface Running {
  readonly child: ChildProcess;
  /** Resolves to the first line that matches, now or later; rejects when the program ends without one. */
  line(on: 'stdout' | 'stderr', pattern: RegExp): Promise<string>;
  /** Everything it printed, once it has ended. */
  readonly ended: Promise<Ran>;
}

/** Starts a program whose output is awaited line by line; in a process group of its own, as a shell would. */
export function start(command: string, args: readonly string[], options: SpawnOptions = {}): Running {
  const child = spawn(command, args, { env: ENV, stdio: ['pipe', 'pipe', 'pipe'], ...options, detached: true });
  const lines = { stdout: new Lines(child.stdout!), stderr: new Lines(child.stderr!) };
  const ended = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    out: lines.stdout.text(),
    err: lines.stderr.text(),
  }));
  return { child, line: (on, pattern) => lines[on].first(pattern), ended };
}

class Lines {
  readonly #seen: string[] = [];
  #waiting: { pattern: RegExp; resolve: (line: string) => void; reject: (error: Error) => void }[] = [];

  constructor(stream: NodeJS.ReadableStream) {
    createInterface({ input: stream })
      .on('line', (line) => {
        this.#seen.push(line);
        this.#waiting = this.#waiting.filter(({ pattern, resolve: found }) => {
          if (!pattern.test(line)) return true;
          found(line);
          return false;
        });
      })
      .on('close', () => {
        for (const { pattern, reject } of this.#waiting) reject(new Error(`ended without ${pattern}:\n${this.text()}`));
      });
  }

  first(pattern: RegExp): Promise<string> {
    const line = this.#seen.find((one) => pattern.test(one));
    if (line !== undefined) return Promise.resolve(line);
    return new Promise((found, reject) => this.#waiting.push({ pattern, resolve: found, reject }));
  }

  text(): string {
    return this.#seen.map((line) => `${line}\n`).join('');
  }
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const parts: string[] = [];
  stream.setEncoding('utf8').on('data', (text: string) => parts.push(text));
  return () => parts.join('');
}
