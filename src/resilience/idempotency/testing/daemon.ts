/** A server from a Debian package that tests start in a directory of its own, and that dies with them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

export interface Daemon {
  readonly port: number;
  readonly pid: number;
  /** Ends it and removes its directory. */
  stop(): Promise<void>;
}

/** A new directory in the system's temporary one, of this user or another. */
export function temporaryDirectory(name: string, uid?: number, gid?: number): string {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), `firsthand-${name}-`));
  if (uid !== undefined && gid !== undefined) fs.chownSync(directory, uid, gid);
  return directory;
}

/** Starts a program and waits for a line of its output; `signal` is what ends it cleanly. */
export async function startDaemon(
  command: readonly string[],
  readyLine: RegExp,
  port: number,
  directory: string,
  signal: NodeJS.Signals,
): Promise<Daemon> {
  // Dies with this process, however that ends.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  await waitForLine(child, readyLine, command.join(' '));
  return {
    port,
    pid: child.pid!,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await once(child, 'exit');
      }
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function waitForLine(child: ChildProcess, line: RegExp, name: string): Promise<void> {
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const look = (chunk: Buffer): void => {
      if (output.length < 65_536) output += chunk.toString();
      if (line.test(output)) resolve();
    };
    child.stdout!.on('data', look);
    child.stderr!.on('data', look);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${name} ended with ${String(code)}: ${output}`)));
  });
}
