/** `firsthand watch` over real resets on the loopback interface. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, watch } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePorts } from '../../lab/ports.ts';
import { createCaptureReader } from '../../src/capture/reader.ts';
import type { Report, Reset } from '../../src/report/types.ts';
import { BIN, firsthand, run, type Running, start, UNPRIVILEGED } from './bin.ts';
import { lacks } from './needs.ts';
import { processesWith } from './processes.ts';
import { readablePackage, scratch } from './scratch.ts';

describe.skipIf(lacks('firsthand watch on a live interface', ['root', 'tcpdump']))('firsthand watch', () => {
  it('tells each reset as it happens, then the whole, and keeps the packets', async () => {
    const { closed, open, filter } = await twoPorts();
    const kept = join(await scratch(), 'kept.pcap');
    const watching = await startWatch(['-i', 'lo', '-w', kept, filter]);

    await refuse(closed);
    expect(await watching.line('stdout', /^\d\d:\d\d:\d\d\.\d{3}Z {2}r1 /)).toMatch(
      new RegExp(`→ 127\\.0\\.0\\.1:${closed} +refused by the server`),
    );
    const client = await resetByServer(open);
    expect(await watching.line('stdout', /^\d\d:\d\d:\d\d\.\d{3}Z {2}r2 /)).toMatch(
      new RegExp(`127\\.0\\.0\\.1:${client} → 127\\.0\\.0\\.1:${open} +reset by the server`),
    );

    interrupt(watching);
    const { code, out } = await watching.ended;
    expect(code).toBe(0);
    expect(out).toMatch(/\n\n2 connections, /);
    expect(out).toContain('\nlo: pcap, EN10MB');
    expect(processesWith('cmdline', filter)).toEqual([]);

    const { out: again, code: status } = await firsthand(['read', '--json', kept]);
    expect(status).toBe(0);
    expect(toSenders(JSON.parse(again) as Report)).toEqual([closed, open]);
  });

  it('gives each reset as a record once, also when it is stopped at once', async () => {
    const { closed, open, filter } = await twoPorts();
    const kept = join(await scratch(), 'kept.pcap');
    const watching = await startWatch(['-i', 'lo', '--ndjson', '-w', kept, filter]);
    await refuse(closed);
    await watching.line('stdout', /"type":"reset"/);
    await resetByServer(open);
    await holdsPackets(kept, 6);
    interrupt(watching);
    const { code, out } = await watching.ended;
    expect(code).toBe(0);
    const records = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string } & Reset);
    const resets = records.filter(({ type }) => type === 'reset');
    expect(resets.map(({ sender }) => sender.port)).toEqual([closed, open]);
    expect(records.map(({ type }) => type)).toEqual(expect.arrayContaining(['header', 'input', 'summary']));
  });

  it('stops by itself after a count, with SIGTERM, and with its reader', async () => {
    const { closed, filter } = await twoPorts();
    const counted = await startWatch(['-i', 'lo', '--count', '1', filter]);
    await refuse(closed);
    expect(await counted.ended).toMatchObject({ code: 0 });

    const told = await startWatch(['-i', 'lo', filter]);
    told.child.kill('SIGTERM');
    expect(await told.ended).toMatchObject({ code: 0, out: expect.stringContaining('lo: pcap, EN10MB, 0 packets') });

    const unread = await startWatch(['-i', 'lo', filter]);
    unread.child.stdout?.destroy();
    await refuse(closed);
    expect(await unread.ended).toMatchObject({ code: 0 });
    expect(processesWith('cmdline', filter)).toEqual([]);
  });

  it('says in one line what is wrong with an interface or a filter', async () => {
    expect(await firsthand(['watch', '-i', 'nope0'])).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/^firsthand: no interface nope0: there are .*\blo\b.*\n$/),
    });
    const { code, err } = await firsthand(['watch', '-i', 'lo', 'tcp and and']);
    expect(code).toBe(2);
    expect(err).toMatch(/^firsthand: tcpdump rejects the filter 'tcp and and': .*\n$/);
  });
});

describe.skipIf(lacks('firsthand read of a live pipe', ['root', 'tcpdump']))('tcpdump | firsthand read -', () => {
  it('names who sent the resets', async () => {
    const { closed, open, filter } = await twoPorts();
    // Two packets of the refusal and four of the reset end tcpdump by themselves.
    const args = ['-i', 'lo', '-U', '-w', '-', '--immediate-mode', '-c', '6', filter];
    const tcpdump = spawn('tcpdump', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(() => void tcpdump.kill('SIGKILL'));
    const reading = spawn(process.execPath, [BIN, 'read', '--json', '-'], {
      stdio: [tcpdump.stdout, 'pipe', 'inherit'],
    });
    const text = textOf(reading);
    await listening(tcpdump);
    await refuse(closed);
    await resetByServer(open);
    const [code] = (await once(reading, 'close')) as [number];
    expect(code).toBe(0);
    const report = JSON.parse(text()) as Report;
    expect(toSenders(report)).toEqual([closed, open]);
    expect(report.inputs[0]).toMatchObject({ path: '-', packets: 6, strategy: 'one-pass', damage: [] });
    expect(processesWith('cmdline', filter)).toEqual([]);
  });
});

describe.skipIf(lacks('firsthand watch without rights', ['unprivileged-node', 'tcpdump', 'root']))(
  'firsthand watch without rights',
  () => {
    it('hands over the tcpdump command for somebody who has them', async () => {
      const root = await readablePackage();
      const { code, out, err } = await run(
        process.execPath,
        [join(root, 'bin/firsthand.js'), 'watch', '-i', 'lo', 'port', '443'],
        { ...UNPRIVILEGED, cwd: root },
      );
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toMatch(/^firsthand: no right to capture on lo\n/);
      expect(err).toMatch(/\n +sudo tcpdump -i lo -U -w capture\.pcap .*'port 443'\n/);
      expect(err).toContain("'port 443' | firsthand read -\n");
      expect(err).not.toMatch(/\n +at /);
    });
  },
);

/** A port where nothing listens, another one for a server, and a filter that sees only these two. */
async function twoPorts(): Promise<{ closed: number; open: number; filter: string }> {
  const [closed = 0, open = 0] = await freePorts(2);
  return { closed, open, filter: `tcp and (port ${closed} or port ${open})` };
}

/** Starts watching and waits until it does; killed, with its tcpdump, if the test ends before. */
async function startWatch(args: readonly string[]): Promise<Running> {
  const watching = start(process.execPath, [BIN, 'watch', ...args]);
  onTestFinished(() => interrupt(watching, 'SIGKILL'));
  await watching.line('stderr', /^watching lo: /);
  return watching;
}

/** Ctrl-C goes to the whole process group. */
function interrupt({ child }: Running, signal: NodeJS.Signals = 'SIGINT'): void {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) process.kill(-child.pid, signal);
}

async function refuse(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNREFUSED');
}

/** The server aborts with linger 0 as soon as it has accepted; resolves to the client's port. */
async function resetByServer(port: number): Promise<number> {
  let client = 0;
  const server = createServer((socket: Socket) => {
    client = socket.remotePort ?? 0;
    socket.resetAndDestroy();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  try {
    const socket = connect(port, '127.0.0.1');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
    return client;
  } finally {
    server.close();
  }
}

/** Resolves once the file that is being written holds so many packets. */
function holdsPackets(path: string, count: number): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(path, check);
    function check(): void {
      const reader = createCaptureReader({ packet: () => {} });
      reader.feed(readFileSync(path));
      if (reader.info.packets < count) return;
      watcher.close();
      resolve();
    }
    check();
  });
}

async function listening(tcpdump: ChildProcess): Promise<void> {
  let said = '';
  for await (const text of tcpdump.stderr?.setEncoding('utf8') ?? []) {
    said += text as string;
    if (/listening on .*\n/.test(said)) return;
  }
  throw new Error(`tcpdump ended: ${said}`);
}

function textOf(child: ChildProcess): () => string {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => (text += part));
  return () => text;
}

function toSenders({ resets }: Report): readonly number[] {
  return resets.map(({ sender }) => sender.port);
}
