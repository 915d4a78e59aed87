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

/** Starts a process, inside a network namespace when one is named, and registers its end. */
export async function startHelper(
  cleanup: CleanupStack,
  command: string,
  args: readonly string[],
  namespace?: string,
): Promise<Helper> {
  // `ip netns exec` replaces itself by the command, so the pid is the helper's own.
  const argv = namespace === undefined ? [command, ...args] : ['ip', 'netns', 'exec', namespace, command, ...args];
  const child = spawn(argv[0]!, argv.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
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
  await once(child, 'spawn');
  cleanup.defer(`stop ${command} (pid ${child.pid})`, () => stop());
  return { pid: child.pid!, child, stderr: () => stderr, stop, ended };
}

/** Runs a command to its end and returns its stdout; throws with its stderr when it fails. */
export async function runCommand(command: string, args: readonly string[], input?: string): Promise<string> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed with ${code}: ${stderr.trim()}`);
  return stdout;
}
