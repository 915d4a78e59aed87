/**
 * Live packets through the system's tcpdump: no rights, drivers or native code of our own.
 * The child ends with this process, whatever happens to it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface LiveOptions {
  readonly interface: string;
  /** tcpdump filter words; default `tcp`. */
  readonly filter?: readonly string[];
  /** Bytes kept of each packet; default 256, enough for headers and a request line. */
  readonly snaplen?: number;
  /** Program to run; default `tcpdump`. */
  readonly tcpdump?: string;
}

export interface LiveCapture {
  /** The capture as tcpdump writes it: a pcap stream. */
  readonly packets: AsyncIterable<Uint8Array>;
  /** What tcpdump says it listens on. */
  readonly listening: string;
  /** Asks tcpdump to finish; the packets end soon after. */
  stop(): void;
  /** Resolves once tcpdump is gone, to its count of dropped packets. */
  readonly ended: Promise<{ readonly dropped: number }>;
}

export type LiveProblem = 'no-tcpdump' | 'no-rights' | 'no-device' | 'bad-filter' | 'failed';

/** Why tcpdump does not listen. */
export class LiveError extends Error {
  override readonly name = 'LiveError';
  readonly problem: LiveProblem;
  constructor(problem: LiveProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

const PROBLEMS: readonly { readonly problem: LiveProblem; readonly says: RegExp }[] = [
  { problem: 'no-rights', says: /don't have permission|not permitted|permission denied|CAP_NET_RAW|are you root/i },
  { problem: 'no-device', says: /no such device|device not found|doesn't exist|not up|invalid adapter/i },
  {
    problem: 'bad-filter',
    says: /filter expression|syntax error|unknown host|unknown port|unknown network|expression rejected/i,
  },
];

/** Bytes of tcpdump's own words that are kept. */
const STDERR_LIMIT = 8192;

/** Arguments for tcpdump; the same ones a user without rights hands to somebody who has them. */
export function toTcpdumpArguments({ interface: device, filter = [], snaplen = 256 }: LiveOptions): string[] {
  return ['-i', device, '-U', '-w', '-', '--immediate-mode', '-s', String(snaplen), '--', filter.join(' ') || 'tcp'];
}

/** Starts tcpdump and waits until it listens; throws a `LiveError` when it does not. */
export async function startLive(options: LiveOptions): Promise<LiveCapture> {
  const child = spawn(options.tcpdump ?? 'tcpdump', toTcpdumpArguments(options), { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const closed = once(child, 'close').finally(() => process.off('exit', kill));
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-STDERR_LIMIT);
      if (/listening on .*\n/.test(said)) resolve();
    });
    child.once('error', (error) => reject(toSpawnError(error)));
    closed.then(() => reject(toLiveError(said)), reject);
  });
  return {
    packets: child.stdout as AsyncIterable<Uint8Array>,
    listening: /listening on (\S+?),/.exec(said)?.[1] ?? options.interface,
    stop: () => void child.kill('SIGINT'),
    ended: closed.then(() => ({ dropped: Number(/(\d+) packets? dropped by kernel/.exec(said)?.[1] ?? 0) })),
  };
}

function toSpawnError(error: Error): LiveError {
  const code = 'code' in error ? error.code : '';
  if (code === 'ENOENT') return new LiveError('no-tcpdump', 'tcpdump is not installed');
  return new LiveError(code === 'EACCES' ? 'no-rights' : 'failed', `tcpdump does not start: ${error.message}`);
}

function toLiveError(said: string): LiveError {
  const problem = PROBLEMS.find(({ says }) => says.test(said))?.problem ?? 'failed';
  const first = said.split('\n').find((line) => line.trim() !== '') ?? 'tcpdump ended without a word';
  return new LiveError(problem, first.replace(/^\S*tcpdump: /, ''));
}
