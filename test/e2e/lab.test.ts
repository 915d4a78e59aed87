/** `firsthand lab`: truth beside verdict, live and from the shipped recording; interrupted, it leaves nothing behind. */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { waitFor } from '../../lab/wait.ts';
import { BIN, CAPTURES, ENV, firsthand, run, type Running, start, UNPRIVILEGED } from './bin.ts';
import { lacks } from './needs.ts';
import { processesWith } from './processes.ts';
import { readablePackage, scratch } from './scratch.ts';

/** Namespaces, two captures, half a second in the middle of the scenario. */
const SCENARIO = 'injected/both-ends';

describe('firsthand lab', () => {
  it('lists every recorded scenario', async () => {
    const { code, out } = await firsthand(['lab']);
    expect(code).toBe(0);
    for (const cause of (await readdir(CAPTURES)).filter((name) => !name.includes('.'))) {
      expect(out).toMatch(new RegExp(`^${cause}  `, 'm'));
    }
    expect(out).toMatch(/^ {2}both-ends {2,}A middlebox resets both ends/m);
    expect(out).toMatch(/^≠ real-abort-through-nat/m);
    expect(out).toContain('namespaces, at client and router and server');
  });

  it.each([
    ['refusd', 'the lab has no cause refusd, did you mean refused?'],
    ['tcpkill', 'the lab has no cause tcpkill, did you mean injected/tcpkill?'],
    ['kiled/ss-kill', 'the lab has no cause kiled, did you mean killed/ss-kill?'],
    ['killed/ss-kil', 'the lab has no scenario killed/ss-kil, did you mean killed/ss-kill?'],
  ])('says what %s may have meant', async (asked, line) => {
    const { code, out, err } = await firsthand(['lab', asked]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err.split('\n')[0]).toBe(`firsthand: ${line}`);
  });
});

describe.skipIf(lacks('firsthand lab without rights', ['unprivileged-node']))('firsthand lab without rights', () => {
  it('shows the shipped recording, says so first, and keeps it where nothing is', async () => {
    const root = await readablePackage();
    const home = join(root, 'home');
    await mkdir(home);
    if (UNPRIVILEGED.uid !== undefined) await chown(home, UNPRIVILEGED.uid, UNPRIVILEGED.gid ?? 0);
    const lab = (...words: string[]): ReturnType<typeof run> =>
      run(process.execPath, [join(root, 'bin/firsthand.js'), 'lab', ...words], {
        cwd: root,
        env: { ...ENV, HOME: home },
        ...UNPRIVILEGED,
      });
    const { code, out, err } = await lab(SCENARIO, '--keep', home);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n')[0]).toMatch(
      /^From the recording shipped with firsthand \(Linux \S+\), because making it needs root, and what sh lab\/packages\.sh installs\.$/,
    );
    expect(out).toMatch(/^ {2}done {2,}server {2,}forged {2,}injected$/m);
    expect(out).toMatch(/^ {2}at the client {2,}server, possible/m);
    expect(out).toMatch(/^ {2}together {2,}middlebox as server, proof {2,}forged {2,}injected, likely/m);
    const shipped = await readFile(join(CAPTURES, 'injected/fires-both-ends@router.pcap'));
    expect(await readFile(join(home, 'injected-both-ends@router.pcap'))).toEqual(shipped);
    await writeFile(join(home, 'injected-both-ends@router.pcap'), 'mine');
    expect(await lab(SCENARIO, '--keep', home)).toMatchObject({ code: 2, out: '' });
    expect(await readFile(join(home, 'injected-both-ends@router.pcap'), 'utf8')).toBe('mine');
  });
});

type Moment = (lab: Lab) => boolean;

/** Events of a run, in their order. */
const MOMENTS: Readonly<Record<string, Moment>> = {
  'the first namespace exists': ({ pid }) => namespacesOf(pid).length > 0,
  'tcpdump runs': ({ mark }) => processesWith('environ', mark).some((one) => / tcpdump /.test(one)),
  'the connection is under way': ({ temporary }) => captured(temporary) > 2000,
};

describe.skipIf(lacks('firsthand lab, live', ['root', 'tcpdump']))('firsthand lab with rights', () => {
  it('makes the cause live and removes everything', async () => {
    const lab = await startLab('refused');
    const { code, out, err } = await lab.running.ended;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^Made live on this machine, just now: refused\/closed-port-v4\.\n/);
    expect(out).toMatch(/^ {2}loopback {2,}server, possible \d+% {2,}syn-answer {2,}refused, likely/m);
    await expectNothingLeft(lab);
  });

  it.each(Object.entries(MOMENTS))('undoes all on Ctrl-C, pressed again and again, when %s', async (_, moment) => {
    const lab = await startLab(SCENARIO);
    await until(lab, moment);
    await waitFor('its end', () => {
      // As a terminal does: to every process of the group.
      if (!hasEnded(lab)) process.kill(-lab.pid, 'SIGINT');
      return hasEnded(lab);
    });
    const { code, err } = await lab.running.ended;
    expect({ code, err }).toEqual({ code: 130, err: '' });
    await expectNothingLeft(lab);
  });

  it.each(['SIGTERM', 'SIGHUP'] as const)('undoes all on %s', async (signal) => {
    const lab = await startLab(SCENARIO);
    await until(lab, MOMENTS['tcpdump runs']!);
    lab.running.child.kill(signal);
    expect(await lab.running.ended).toMatchObject({ code: signal === 'SIGHUP' ? 129 : 143, err: '' });
    await expectNothingLeft(lab);
  });

  it('undoes all when nobody reads its output any more', async () => {
    const lab = await startLab(SCENARIO);
    lab.running.child.stdout!.destroy();
    expect(await lab.running.ended).toMatchObject({ code: 0, err: '' });
    await expectNothingLeft(lab);
  });

  it.each([
    ...Object.entries(MOMENTS).map(([when, moment]) => [SCENARIO, when, moment] as const),
    [
      'idle-timeout/nginx-slow-header',
      'nginx has a worker',
      ({ temporary }: Lab) => holding(temporary).length > 2,
    ] as const,
  ])('%s, killed when %s: its helpers die with it, the next run removes the rest', async (scenario, _, moment) => {
    const lab = await startLab(scenario);
    await until(lab, moment);
    lab.running.child.kill('SIGKILL');
    await lab.running.ended;
    await waitFor('the end of the helpers', () => processesWith('environ', lab.mark).length === 0);
    await (
      await startLab('refused', lab.temporary)
    ).running.ended;
    await expectNothingLeft(lab);
  });
});

interface Lab {
  readonly running: Running;
  readonly pid: number;
  /** In the environment of every process of this run. */
  readonly mark: string;
  readonly temporary: string;
}

async function startLab(scenario: string, temporary?: string): Promise<Lab> {
  const mark = randomUUID();
  const folder = temporary ?? (await scratch());
  const env = { ...ENV, TMPDIR: folder, FIRSTHAND_TEST: mark };
  const running = start(process.execPath, [BIN, 'lab', scenario], { env });
  return { running, pid: running.child.pid!, mark, temporary: folder };
}

function until(lab: Lab, moment: Moment): Promise<void> {
  return waitFor(
    'the moment',
    () => {
      if (hasEnded(lab)) throw new Error('the lab ended before');
      return moment(lab);
    },
    30_000,
  );
}

function hasEnded({ running: { child } }: Lab): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function expectNothingLeft({ pid, mark, temporary }: Lab): Promise<void> {
  expect(namespacesOf(pid)).toEqual([]);
  expect(processesWith('environ', mark)).toEqual([]);
  expect(holding(temporary)).toEqual([]);
  expect((await readdir(temporary)).filter((name) => name.startsWith('firsthand'))).toEqual([]);
}

function namespacesOf(pid: number): string[] {
  return entries('/run/netns').filter((name) => name.startsWith(`firsthand-${pid}-`));
}

/** Bytes of the first capture in a temporary folder. */
function captured(temporary: string): number {
  const files = entries(temporary).flatMap((name) =>
    entries(join(temporary, name)).map((file) => join(temporary, name, file)),
  );
  const capture = files.find((file) => file.endsWith('.pcap'));
  return capture === undefined ? 0 : (statSync(capture, { throwIfNoEntry: false })?.size ?? 0);
}

/** Processes with a file below a folder open, by pid. */
function holding(folder: string): string[] {
  return entries('/proc')
    .filter(
      (pid) =>
        /^\d+$/.test(pid) &&
        entries(`/proc/${pid}/fd`).some((fd) => {
          try {
            return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith(`${folder}/`);
          } catch {
            return false;
          }
        }),
    )
    .map((pid) => `${pid} ${commandOf(pid)}`);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
