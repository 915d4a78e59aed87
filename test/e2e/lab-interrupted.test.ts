/** `firsthand lab`, interrupted at many moments and in every way, leaves nothing behind. */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { waitFor } from '../../lab/wait.ts';
import { BIN, ENV, ROOT, type Running, start } from './bin.ts';
import { lacks } from './needs.ts';
import { processesWith } from './processes.ts';
import { scratch } from './scratch.ts';

/** Three network namespaces, three captures, a second in the middle of the scenario. */
const SCENARIO = 'injected/both-ends';

/** Whether a moment of a run has come; asked again and again. */
type Moment = (lab: Lab) => boolean;

const TCPDUMP = /^tcpdump -i /;

/** In their order. */
const MOMENTS: Readonly<Record<string, Moment>> = {
  'the process that makes it starts': (lab) => runs(lab, /maker-process/),
  'the first namespace exists': (lab) => entries(`${rootOf(lab)}/run/netns`).includes('firsthand-1-client'),
  'one cable of two is plugged': (lab) => runs(lab, /wire\.py/),
  'it captures': (lab) => runs(lab, TCPDUMP),
  'the connection is under way': (lab) => capturedBytes(lab) > 2000,
};

describe.skipIf(lacks('firsthand lab, interrupted', ['root', 'tcpdump', 'mount']))('firsthand lab', () => {
  it.each(Object.entries(MOMENTS))(
    'removes everything on Ctrl-C, pressed again and again, when %s',
    async (_, moment) => {
      const lab = await startLab();
      await until(lab, moment);
      await waitFor('its end', () => {
        // As a terminal does: to every process of the group.
        if (!hasEnded(lab)) process.kill(-lab.pid, 'SIGINT');
        return hasEnded(lab);
      });
      const { code, err } = await lab.running.ended;
      expect({ code, err }).toEqual({
        code: 130,
        err: expect.stringMatching(/^(lab: removing what was made; .*\n)?$/),
      });
      await expectNothingLeft(lab);
    },
  );

  it('removes everything on Ctrl-C while it removes everything', async () => {
    const lab = await startLab();
    await until(lab, MOMENTS['the connection is under way']!);
    await waitFor('the end of the captures', () => hasEnded(lab) || !runs(lab, TCPDUMP));
    lab.running.child.kill('SIGINT');
    await lab.running.ended;
    await expectNothingLeft(lab);
  });

  it.each([
    ['SIGTERM', 143, 'the first namespace exists'],
    ['SIGHUP', 129, 'one cable of two is plugged'],
    ['SIGQUIT', 131, 'it captures'],
  ] as const)('removes everything on %s', async (signal, code, moment) => {
    const lab = await startLab();
    await until(lab, MOMENTS[moment]!);
    lab.running.child.kill(signal);
    expect(await lab.running.ended).toMatchObject({ code, err: '' });
    await expectNothingLeft(lab);
  });

  it('removes everything when nobody reads its output any more', async () => {
    const lab = await startLab();
    lab.running.child.stdout!.destroy();
    expect(await lab.running.ended).toMatchObject({ code: 0, err: '' });
    await expectNothingLeft(lab);
  });

  it('removes everything by itself when the shell that started it is killed', async () => {
    const lab = await startLab('sh', ['-c', '"$@"; :', 'sh', process.execPath, BIN, 'lab', SCENARIO]);
    await until(lab, MOMENTS['it captures']!);
    lab.running.child.kill('SIGKILL');
    await waitFor('the end of the lab', () => processesWith('environ', lab.mark).length === 0, 30_000);
    await expectNothingLeft(lab);
  });

  it('killed at any moment it takes everything with it but a folder, which the next run removes', async () => {
    const temporary = await scratch();
    for (const when of ['the first namespace exists', 'one cable of two is plugged', 'the connection is under way']) {
      const lab = await startLab(process.execPath, [BIN, 'lab', SCENARIO], temporary);
      await until(lab, MOMENTS[when]!);
      lab.running.child.kill('SIGKILL');
      await lab.running.ended;
      await waitFor('the end of its helpers', () => processesWith('environ', lab.mark).length === 0);
      expectSystemUntouched(lab);
    }
    const next = await startLab(process.execPath, [BIN, 'lab', 'refused'], temporary);
    expect(await next.running.ended).toMatchObject({ code: 0, err: '' });
    await expectNothingLeft(next);
  });

  it('killed, it leaves no worker of a server, which would outlive the server itself', async () => {
    const lab = await startLab(process.execPath, [BIN, 'lab', 'idle-timeout/nginx-slow-header']);
    await until(lab, () => runs(lab, /^nginx: worker/));
    const own = readlinkSync(`/proc/${below(lab.pid).at(-1)}/ns/pid`);
    lab.running.child.kill('SIGKILL');
    // nginx writes its title over its environment.
    await waitFor('the end of nginx', () => !namespacesOfProcesses().has(own));
    expectSystemUntouched(lab);
  });

  it('recording a whole set, it takes everything with it as well', async () => {
    const out = await scratch();
    const set = [join(ROOT, 'dist/lab/record-set.js'), '--all', '--seed', '1', '--out', out, '--jobs', '2'];
    const lab = await startLab(process.execPath, set);
    await until(lab, MOMENTS['it captures']!);
    process.kill(-lab.pid, 'SIGTERM');
    expect((await lab.running.ended).code).toBe(143);
    await expectNothingLeft(lab);
    const killed = await startLab(process.execPath, set, lab.temporary);
    await until(killed, MOMENTS['it captures']!);
    process.kill(-killed.pid, 'SIGKILL');
    await waitFor('the end of its helpers', () => processesWith('environ', killed.mark).length === 0);
    await expectNothingLeft(killed);
  });
});

interface Lab {
  readonly running: Running;
  readonly pid: number;
  /** In the environment of every process of this run. */
  readonly mark: string;
  /** Where it may put temporary files. */
  readonly temporary: string;
  readonly systemBefore: string;
}

async function startLab(
  command: string = process.execPath,
  args: readonly string[] = [BIN, 'lab', SCENARIO],
  temporary?: string,
): Promise<Lab> {
  const mark = randomUUID();
  const folder = temporary ?? (await scratch());
  const systemBefore = systemState();
  const running = start(command, args, { env: { ...ENV, TMPDIR: folder, FIRSTHAND_TEST: mark } });
  return { running, pid: running.child.pid!, mark, temporary: folder, systemBefore };
}

function until(lab: Lab, moment: Moment): Promise<void> {
  const look = (): boolean => {
    if (hasEnded(lab)) throw new Error('the lab ended before');
    return moment(lab);
  };
  return waitFor('the moment', look, 30_000);
}

function hasEnded({ running: { child } }: Lab): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function runs({ pid }: Lab, command: RegExp): boolean {
  return below(pid).some((one) => command.test(commandOf(one)));
}

/** The file system as the processes see it that make the scenario. */
function rootOf({ pid }: Lab): string {
  return `/proc/${below(pid).at(-1) ?? 'self'}/root`;
}

/** Bytes of the capture at the client. */
function capturedBytes(lab: Lab): number {
  const run = `${rootOf(lab)}/run`;
  const folder = entries(run).find((name) => name.startsWith('firsthand-lab-1-')) ?? '';
  return statSync(join(run, folder, 'client.pcap'), { throwIfNoEntry: false })?.size ?? 0;
}

/** Children and theirs, the youngest last. */
function below(pid: number): number[] {
  const children = textOf(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...below(child)]);
}

function commandOf(pid: number): string {
  return textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
}

/** Empty for what is gone meanwhile. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function namespacesOfProcesses(): ReadonlySet<string> {
  const links = entries('/proc').map((name) => {
    try {
      return readlinkSync(`/proc/${name}/ns/pid`);
    } catch {
      return '';
    }
  });
  return new Set(links);
}

async function expectNothingLeft(lab: Lab): Promise<void> {
  expect(processesWith('environ', lab.mark)).toEqual([]);
  expect(await readdir(lab.temporary)).toEqual([]);
  expectSystemUntouched(lab);
}

function expectSystemUntouched({ pid, systemBefore }: Lab): void {
  const left = entries('/run/netns').filter((name) => {
    const maker = /^firsthand-(\d+)-/.exec(name)?.[1];
    return maker !== undefined && (Number(maker) === pid || maker === '1' || !existsSync(`/proc/${maker}`));
  });
  expect(left).toEqual([]);
  expect(systemState()).toBe(systemBefore);
}

/** Of this machine's own network and tracing, what a lab might change. */
function systemState(): string {
  return [
    said('nft', 'list', 'ruleset'),
    said('ip', '-brief', 'link'),
    said('ip', 'route'),
    said('sysctl', 'net.ipv4.tcp_timestamps', 'net.ipv4.ip_default_ttl', 'net.ipv4.ip_forward'),
    entries('/sys/kernel/tracing/instances').join(),
  ].join('\n');
}

function said(command: string, ...args: readonly string[]): string {
  return spawnSync(command, args, { encoding: 'utf8' }).stdout ?? '';
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
