/** Helper processes: started in the foreground, stopped by pid. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { CleanupStack } from './cleanup.ts';

export interface Helper {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Everything the process wrote to stderr so far. */
  stderr(): string;
  /** Ends the process (SIGTERM unless named) and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** True once the process has ended. */
  ended(): boolean;
}

/** The environment of what the lab runs: `su` leaves out where Debian puts nginx, nft and sysctl. */
export const LAB_ENV: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin`,
};

/** Starts a process, inside a network namespace when one is named, and registers its end. */
export async function startHelper(
  cleanup: CleanupStack,
  command: string,
  args: readonly string[],
  namespace?: string,
): Promise<Helper> {
  // setpriv and `ip netns exec` replace themselves by the command, so the pid is the helper's own.
  const inside = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace];
  const argv = ['--pdeathsig', 'KILL', ...inside, command, ...args];
  // A group of its own: Ctrl-C is for the lab, which then ends its helpers in their order.
  const child = spawn('setpriv', argv, { env: LAB_ENV, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => {});
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    if (ended()) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    const force = setTimeout(() => child.kill('SIGKILL'), 3000);
    await exit;
    clearTimeout(force);
  };
  const spawned = once(child, 'spawn');
  // Before anything is waited for: a signal may come at any moment.
  if (child.pid !== undefined) cleanup.defer(`stop ${command} (pid ${child.pid})`, () => stop());
  await spawned;
  return { pid: child.pid!, child, stderr: () => stderr, stop, ended };
}

/** Commands that have not come to their end. */
const running = new Set<Promise<unknown>>();

/** Waits until no command runs; true when one did. */
export async function commandsDone(): Promise<boolean> {
  const anyRan = running.size > 0;
  while (running.size > 0) await Promise.allSettled(running);
  return anyRan;
}

/** Runs a command to its end and returns its stdout; throws with its stderr when it fails. */
export function runCommand(command: string, args: readonly string[], input?: string): Promise<string> {
  const result = toItsEnd(command, args, input);
  running.add(result);
  const forget = (): void => void running.delete(result);
  result.then(forget, forget);
  return result;
}

async function toItsEnd(command: string, args: readonly string[], input: string | undefined): Promise<string> {
  const child = spawn(command, args, { env: LAB_ENV, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  // Ctrl-C reaches a child in the moment before it has a group of its own; nothing has been done then.
  if (signal === 'SIGINT' || signal === 'SIGQUIT' || signal === 'SIGHUP') return toItsEnd(command, args, input);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed with ${code}: ${stderr.trim()}`);
  return stdout;
}
