/** The system calls that keepAlive() makes, on each line of Node; and a connection through a NAT that forgets. */
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { withCleanup } from '../../lab/cleanup.ts';
import { missingNeeds } from '../../lab/needs.ts';
import { idleThroughNat, NEEDS } from '../../prove/keep-alive.ts';
import type { KeepAliveResult } from '../../src/resilience/socket/index.ts';
import { run } from './bin.ts';
import { nodeOfLine } from './node-versions.ts';
import { scratch } from './scratch.ts';

const ASKED = { TCP_KEEPIDLE: 7, TCP_KEEPINTVL: 3, TCP_KEEPCNT: 4, TCP_USER_TIMEOUT: 19_500 };
/** The Node that runs the tests, and the lines it stands between: with and without interval and count of their own. */
const LINES = ['this', 22, 24, 26] as const;
/** What libuv sets where Node passes neither interval nor count. */
const LIBUV = { TCP_KEEPINTVL: 1, TCP_KEEPCNT: 10 };

const noStrace = lacksStrace();

describe.skipIf(noStrace).each(LINES)('keepAlive on Node %s, seen by strace', (line) => {
  // A bound for the download, which only the first run makes.
  beforeAll(() => binaryOf(line), 300_000);

  it.each(['before', 'after'])('sets all four with koffi, called %s the connection is there', async (when) => {
    const { last, result } = await trace(line, [when]);
    expect(last).toEqual({ SO_KEEPALIVE: 1, ...ASKED });
    expect(result).toMatchObject({ complete: true, userTimeoutMs: { value: 19_500, how: 'koffi', verified: true } });
  });

  it('sets what Node itself can without koffi, and says what is missing', async () => {
    const { last, result, takesProbes } = await trace(line, ['before'], ['--require', WITHOUT_KOFFI]);
    const { TCP_USER_TIMEOUT: _, ...ofNode } = ASKED;
    expect(last).toEqual({ SO_KEEPALIVE: 1, ...ofNode, ...(takesProbes ? {} : LIBUV) });
    expect(result).toMatchObject({
      complete: false,
      idleMs: { value: 7000, how: 'native', verified: false },
      count: takesProbes ? { value: 4, how: 'native' } : { value: null, how: 'unavailable' },
      userTimeoutMs: { value: null, how: 'unavailable', why: expect.stringContaining('npm install koffi') },
    });
  });
});

const missing = await missingNeeds(NEEDS);
if (missing.length > 0) process.stderr.write(`\nSKIPPED: keep-alive through a NAT: needs ${missing.join(', ')}\n`);

describe.skipIf(missing.length > 0)('a NAT that forgets connections after three seconds', () => {
  it('loses a quiet one, and keeps one with keepAlive()', async () => {
    const rows = await withCleanup((cleanup) => idleThroughNat(cleanup, 8000));
    const outcome = Object.fromEntries(rows.map(({ way, answered, error }) => [way, answered ? 'alive' : error]));
    expect(outcome).toMatchObject({ nothing: 'ECONNRESET', firsthand: 'alive' });
  });
});

const WITHOUT_KOFFI = join(import.meta.dirname, 'without-koffi.cjs');

interface Traced {
  /** The last value that each option of the client's socket was set to. */
  readonly last: Readonly<Record<string, number>>;
  readonly result: KeepAliveResult;
  /** Whether this Node takes an interval and a count. */
  readonly takesProbes: boolean;
}

async function trace(
  line: (typeof LINES)[number],
  args: readonly string[],
  flags: readonly string[] = [],
): Promise<Traced> {
  const node = await binaryOf(line);
  const file = join(await scratch(), 'calls');
  const program = [...flags, join(import.meta.dirname, 'keep-alive-once.mjs'), ...args];
  const { code, out, err } = await run('strace', ['-f', '-qq', '-e', 'trace=setsockopt', '-o', file, node, ...program]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const { fd, result } = JSON.parse(out) as { fd: number; result: KeepAliveResult };
  const last: Record<string, number> = {};
  for (const [, at, name, value] of (await readFile(file, 'utf8')).matchAll(SETSOCKOPT)) {
    if (Number(at) === fd) last[name!] = Number(value);
  }
  const version = spawnSync(node, ['-p', 'net.Socket.prototype.setKeepAlive.length'], { encoding: 'utf8' });
  return { last, result, takesProbes: version.stdout.trim() === '4' };
}

async function binaryOf(line: (typeof LINES)[number]): Promise<string> {
  return line === 'this' ? process.execPath : nodeOfLine(line);
}

/** As in `setsockopt(20, SOL_TCP, TCP_KEEPIDLE, [7], 4) = 0`. */
const SETSOCKOPT = /setsockopt\((\d+), SOL_\w+, (SO_KEEPALIVE|TCP_KEEP\w+|TCP_USER_TIMEOUT), \[(\d+)\], 4\) = 0/g;

function lacksStrace(): boolean {
  if (spawnSync('strace', ['-qq', '-e', 'trace=none', 'true']).status === 0) return false;
  process.stderr.write(
    '\nSKIPPED: keep-alive seen by strace: needs strace (apt install strace) and the right to trace\n',
  );
  return true;
}
