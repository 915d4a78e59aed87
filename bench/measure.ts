/**
 * One run of a shell command as a whole process: wall time by our clock, CPU and peak memory by GNU time,
 * which sees every process of a pipeline.
 */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

export interface Run {
  readonly wallS: number;
  /** User and system seconds of all processes, in steps of 10 ms; absent without GNU time. */
  readonly cpuS?: number;
  /** Peak resident memory of the largest process; absent without GNU time. */
  readonly peakRssBytes?: number;
}

const SHELL = '/bin/sh';
const GNU_TIME = '/usr/bin/time';
const GNU_TIME_OPTIONS = ['-f', '%U %S %M', '-o'];

/** Runs the command with its standard output in `stdoutPath`; throws with its last error lines when it fails. */
export function runOnce(command: string, stdoutPath: string): Run {
  const usageFile = path.join(os.tmpdir(), `firsthand-bench-usage-${process.pid}`);
  const shell = ['-c', command];
  const measured = hasGnuTime();
  const stdout = fs.openSync(stdoutPath, 'w');
  try {
    const startNs = process.hrtime.bigint();
    const ended = spawnSync(
      measured ? GNU_TIME : SHELL,
      measured ? [...GNU_TIME_OPTIONS, usageFile, SHELL, ...shell] : shell,
      { stdio: ['ignore', stdout, 'pipe'], env: plainEnvironment() },
    );
    const wallS = Number(process.hrtime.bigint() - startNs) / 1e9;
    if (ended.status !== 0) throw new Error(failure(command, ended.status ?? ended.signal, ended.stderr));
    return !measured ? { wallS } : { wallS, ...decodeUsage(fs.readFileSync(usageFile, 'utf8')) };
  } finally {
    fs.closeSync(stdout);
    fs.rmSync(usageFile, { force: true });
  }
}

/** Whether `/usr/bin/time` is the one that knows `-f`. */
export function hasGnuTime(): boolean {
  gnuTime ??= spawnSync(GNU_TIME, ['-f', '%M', 'true']).status === 0;
  return gnuTime;
}
let gnuTime: boolean | undefined;

/** Reads `%U %S %M` of GNU time: seconds, seconds, KiB. */
export function decodeUsage(text: string): { cpuS: number; peakRssBytes: number } {
  const [userS, systemS, peakKib] = text.trim().split('\n').at(-1)!.split(' ').map(Number) as [number, number, number];
  return { cpuS: userS + systemS, peakRssBytes: peakKib * 1024 };
}

/** What a user's shell would have: npm and tsx leave settings that slow a child Node down. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => name !== 'NODE_OPTIONS' && !name.startsWith('npm_'));
  return Object.fromEntries(entries);
}

function failure(command: string, status: number | string | null, stderr: Buffer): string {
  const tail = stderr.toString().trim().split('\n').slice(-3).join('\n');
  return `exit ${status} of: ${command}\n${tail}`;
}
