/** The outside world as the commands see it; tests put their own in its place. */
import type { Readable, Writable } from 'node:stream';
import type { readCapture } from '../collect/read-capture.ts';
import type { readCaptures } from '../collect/read-captures.ts';

export interface Screen extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Io {
  /** Standard input; default the process's. */
  readonly stdin?: Readable;
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
  /** Aborted when whoever reads standard output has gone. */
  readonly signal: AbortSignal;
  /** Print the stacks of errors. */
  readonly debug?: boolean;
  /** Replaces the reader; default is the real one, loaded when needed. */
  readonly readCapture?: typeof readCapture;
  readonly readCaptures?: typeof readCaptures;
  /** Replaces the tcpdump program; default `tcpdump`. */
  readonly tcpdump?: string;
}

/** Writes and waits until the stream takes more; false once the reader has gone. */
export function write(screen: Screen, text: string | Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    screen.write(text, (error) => {
      if (!error) resolve(true);
      else if (isClosedPipe(error)) resolve(false);
      else reject(error);
    });
  });
}

/** True for the error of writing to a reader that has gone. */
export function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED');
}

/** The real process: standard streams, environment, clock. */
export function processIo(): Io {
  const gone = new AbortController();
  // Without a listener an EPIPE would end the process with a stack trace.
  process.stdout.on('error', (error) => {
    if (!isClosedPipe(error)) throw error;
    gone.abort();
  });
  process.stderr.on('error', () => {});
  const { stdout, stderr, env } = process;
  return { stdout, stderr, env, now: () => performance.now(), signal: gone.signal };
}
