/**
 * Records host evidence beside a capture: tcpdump, the kernel's trace, strace and ss at once, of real programs.
 * `npx tsx lab/host-evidence.ts [CASE…]` as root writes test/host/<case>/. Everything happens in a network and a mount
 * namespace that end with the process; of the trace, which is the whole kernel's, only the case's own lines are kept.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CleanupStack, withCleanup } from './cleanup.ts';
import { runCommand, startHelper, type Helper } from './helper.ts';
import { memoryGroup } from './memory-group.ts';
import { waitFor } from './wait.ts';

const PLAY = resolve(import.meta.dirname, 'host-evidence/play.py');
const OUT = resolve(import.meta.dirname, '../test/host');
const EVENTS = [
  'tcp/tcp_send_reset',
  'tcp/tcp_receive_reset',
  'tcp/tcp_destroy_sock',
  'sock/inet_sock_set_state',
  'sched/sched_process_exit',
  'oom/mark_victim',
];

interface HostCase {
  readonly name: string;
  readonly port: number;
  /** The side that runs under strace: the one that sends the RST, or the only one there is. */
  readonly traced: 'server' | 'client';
  /** How strace writes time and descriptors; the forms that users choose differ. */
  readonly strace: readonly string[];
  /** What happens to the traced process once it is ready. */
  readonly act?: (stage: Stage) => Promise<void>;
}

interface Stage {
  readonly port: number;
  /** The traced program itself, not strace. */
  readonly pid: number;
  readonly server: Helper;
  readonly cleanup: CleanupStack;
}

/** Not a wrapper that sets the real one up: it would be under strace too. */
const PYTHON = (await runCommand('python3', ['-c', 'import sys; print(sys.executable)'])).trim();
const CALLS = 'trace=network,read,readv,write,writev,close,dup,dup2,dup3';
const goOn = async ({ server }: Stage): Promise<void> => void server.child.stdin!.write('\n');

const CASES: readonly HostCase[] = [
  { name: 'unread-data', port: 8081, traced: 'server', strace: ['-tt', '-yy', '-T'], act: goOn },
  { name: 'linger-zero', port: 8082, traced: 'server', strace: ['-ttt'], act: goOn },
  {
    name: 'process-crash',
    port: 8083,
    traced: 'server',
    strace: ['-tt', '-yy'],
    act: async ({ pid }) => void process.kill(pid, 'SIGKILL'),
  },
  {
    name: 'shutdown-in-flight',
    port: 8084,
    traced: 'server',
    strace: ['-ttt', '-yy'],
    act: async ({ pid }) => void process.kill(pid, 'SIGTERM'),
  },
  {
    name: 'out-of-memory',
    port: 8090,
    traced: 'server',
    strace: ['-ttt'],
    act: async (stage) => {
      memoryGroup(stage.cleanup, 64 * 2 ** 20)(stage.pid);
      await goOn(stage);
    },
  },
  { name: 'other-thread', port: 8085, traced: 'server', strace: ['-tt', '-T'] },
  {
    name: 'dead-peer',
    port: 8086,
    traced: 'server',
    strace: ['-tt', '-yy'],
    act: async ({ port }) => {
      await runCommand(
        'nft',
        ['-f', '-'],
        `table ip cut {\nchain out {\ntype filter hook output priority 0\ntcp dport ${port} drop\n}\n}\n`,
      );
    },
  },
  { name: 'refused', port: 8087, traced: 'client', strace: ['-tt', '-yy'] },
  {
    name: 'killed',
    port: 8088,
    traced: 'server',
    strace: ['-tt', '-yy'],
    act: async ({ port }) => void (await runCommand('ss', ['-K', 'state', 'established', 'sport', '=', `:${port}`])),
  },
  { name: 'policy-abort', port: 8091, traced: 'server', strace: ['-tt', '-yy'] },
  {
    name: 'forked-worker',
    port: 8092,
    traced: 'server',
    strace: ['-tt'],
    act: async ({ pid }) => void process.kill(childOf(pid), 'SIGKILL'),
  },
  { name: 'stale-reuse', port: 8089, traced: 'server', strace: ['-tt', '-yy'] },
];

if (process.env['FIRSTHAND_HOST_EVIDENCE'] === undefined) {
  const { status } = spawnSync(
    'unshare',
    ['--net', '--mount', process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    {
      stdio: 'inherit',
      env: { ...process.env, FIRSTHAND_HOST_EVIDENCE: '1' },
    },
  );
  process.exitCode = status ?? 1;
} else {
  await withCleanup(async (cleanup) => {
    const wanted = process.argv.slice(2);
    await runCommand('ip', ['link', 'set', 'lo', 'up']);
    const tracing = await mountTracing(cleanup);
    for (const one of CASES) {
      if (wanted.length > 0 && !wanted.includes(one.name)) continue;
      const undo = new CleanupStack();
      cleanup.defer(one.name, () => undo.run());
      await recordCase(one, tracing, undo);
      await undo.run();
    }
  });
}

/** The mount is seen by this process and its children only. */
async function mountTracing(cleanup: CleanupStack): Promise<string> {
  const at = mkdtempSync(join(tmpdir(), 'firsthand-tracing-'));
  cleanup.defer(`remove ${at}`, () => rmdirSync(at));
  await runCommand('mount', ['-t', 'tracefs', 'none', at]);
  cleanup.defer(`unmount ${at}`, () => runCommand('umount', [at]));
  // An instance is the whole kernel's: that of a killed run is still there.
  for (const name of readdirSync(join(at, 'instances'))) {
    const pid = /^firsthand-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmdirSync(join(at, 'instances', name));
  }
  return at;
}

async function recordCase(
  { name, port, traced, strace, act }: HostCase,
  tracing: string,
  cleanup: CleanupStack,
): Promise<void> {
  const out = join(OUT, name);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'firsthand-host-'));
  cleanup.defer(`remove ${work}`, () => rmSync(work, { recursive: true, force: true }));
  const capture = join(work, 'capture.pcap');
  const calls = join(work, 'strace.txt');
  const tcpdump = await startHelper(cleanup, 'tcpdump', [
    '-i',
    'lo',
    '-n',
    '-U',
    '-s',
    '256',
    '--immediate-mode',
    '-Z',
    'root',
    '-w',
    capture,
    `tcp port ${port}`,
  ]);
  await waitFor('tcpdump to listen', () => tcpdump.stderr().includes('listening on'));
  const instance = startTrace(tracing, cleanup);
  const play = (role: string): readonly string[] => [PYTHON, '-I', '-S', PLAY, role, name, String(port)];
  const start = async (role: 'server' | 'client'): Promise<Helper> => {
    const traceIt = role === traced ? ['strace', '-f', ...strace, '-e', CALLS, '-o', calls] : [];
    const [command, ...args] = [...traceIt, ...play(role)];
    return startHelper(cleanup, command!, args);
  };
  const server = await start('server');
  const said = listen(server);
  await waitFor(`${name} to listen`, () => said().includes('listening'));
  const client = await start('client');
  const answered = listen(client);
  if (name !== 'refused') await waitFor(`${name} to be ready`, () => said().includes('ready'));
  const sockets = await runCommand('ss', ['-tanpoi']);
  writeFileSync(join(out, 'ss.txt'), sockets.replaceAll(/ +$/gm, ''));
  const pid = (helper: Helper): number =>
    helper === (traced === 'server' ? server : client) ? childOf(helper.pid) : helper.pid;
  if (act !== undefined) await act({ port, pid: pid(server), server, cleanup });
  await waitFor(`the RST of ${name}`, async () => (await resets(capture)) > 0, 20_000);
  if (name !== 'dead-peer') await waitFor(`${name} to end`, () => answered().includes('done') || client.ended());
  await client.stop('SIGKILL');
  if (!server.ended()) {
    server.child.stdin!.end();
    await Promise.race([once(server.child, 'exit'), new Promise((done) => setTimeout(done, 2000).unref())]);
  }
  await tcpdump.stop();
  writeFileSync(join(out, 'capture.pcap'), readFileSync(capture));
  const pids = new Set([...readFileSync(calls, 'utf8').matchAll(/^\d+/gm)].map(([one]) => Number(one)));
  if (traced === 'server') pids.add(client.pid);
  writeFileSync(join(out, 'kernel.txt'), ownLines(endTrace(instance), port, pids));
  writeFileSync(join(out, 'strace.txt'), ownCalls(readFileSync(calls, 'utf8')));
  const journal = (await runCommand('dmesg', ['-T']))
    .split('\n')
    .filter((line) => [...pids].some((own) => /oom|Out of memory|Killed/i.test(line) && line.includes(String(own))));
  if (journal.length > 0) writeFileSync(join(out, 'journal.txt'), `${journal.join('\n')}\n`);
  process.stdout.write(`${name}\n`);
}

function listen(helper: Helper): () => string {
  let text = '';
  helper.child.stdout!.setEncoding('utf8').on('data', (more: string) => (text += more));
  return () => text;
}

function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0]);
}

async function resets(capture: string): Promise<number> {
  const lines = await runCommand('tcpdump', ['-n', '-r', capture, 'tcp[tcpflags] & tcp-rst != 0']);
  return lines.split('\n').filter(Boolean).length;
}

/** A private instance: nobody else's tracing is touched. */
function startTrace(tracing: string, cleanup: CleanupStack): string {
  const instance = join(tracing, 'instances', `firsthand-${process.pid}`);
  mkdirSync(instance);
  cleanup.defer(`remove ${instance}`, () => rmdirSync(instance));
  for (const event of EVENTS) writeFileSync(join(instance, 'events', event, 'enable'), '1');
  markClock(instance);
  return instance;
}

/** The wall clock as a line of the trace, which counts from the boot of the machine. */
function markClock(instance: string): void {
  const seconds = (performance.timeOrigin + performance.now()) / 1000;
  appendFileSync(join(instance, 'trace_marker'), `firsthand-clock ${seconds.toFixed(6)}\n`);
}

function endTrace(instance: string): string {
  // An exit that has nothing to do with the case: it shows that exits were recorded at all.
  spawnSync('true');
  markClock(instance);
  return readFileSync(join(instance, 'trace'), 'utf8');
}

function ownLines(trace: string, port: number, pids: ReadonlySet<number>): string {
  const lines = trace.split('\n').filter((line) => {
    if (line.startsWith('#') || line.includes('firsthand-clock')) return true;
    if (/sched_process_exit|mark_victim/.test(line))
      return /comm=true /.test(line) || [...pids].some((pid) => line.includes(`pid=${pid} `));
    return new RegExp(`[:=]${port}\\b`).test(line);
  });
  return `${lines.join('\n')}\n`;
}

/** From the first socket on: what the interpreter reads at its start is of no use. */
function ownCalls(text: string): string {
  const lines = text.split('\n');
  return lines
    .slice(
      Math.max(
        0,
        lines.findIndex((line) => / socket\(AF_INET/.test(line)),
      ),
    )
    .join('\n');
}
