/** Captures recorded together with the kernel's trace, strace, ss and the kernel's log: what each source adds, and what it must not. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readCapture } from '../src/collect/read-capture.ts';
import { readCaptures } from '../src/collect/read-captures.ts';
import { readHost, type HostFiles } from '../src/collect/read-host.ts';
import type { Report, Reset } from '../src/report/types.ts';

const HOST = resolve(import.meta.dirname, 'host');
const work = mkdtempSync(join(tmpdir(), 'firsthand-host-test-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

type Kind = 'kernel' | 'strace' | 'ss' | 'journal';

/** `sender` and `cause` are levels. */
interface Verdict {
  readonly sender: string;
  readonly id: string;
  readonly cause: string;
  readonly process?: string;
}

const GENERIC: Verdict = { sender: 'likely', id: 'unread-data', cause: 'possible' };

/** What was done is in lab/host-evidence/play.py under the same name. */
const TRUTH: Readonly<Record<string, Readonly<Partial<Record<Kind | 'none' | 'all', Verdict>>>>> = {
  'unread-data': {
    none: GENERIC,
    kernel: { sender: 'proof', id: 'unread-data', cause: 'proof', process: 'python3' },
    strace: { sender: 'proof', id: 'unread-data', cause: 'proof' },
    ss: { ...GENERIC, process: 'python3' },
    all: { sender: 'proof', id: 'unread-data', cause: 'proof', process: 'python3' },
  },
  'linger-zero': {
    none: GENERIC,
    // TCP_STATE is any abort: SO_LINGER is what strace sees.
    kernel: { sender: 'proof', id: 'linger-zero', cause: 'likely', process: 'python3' },
    strace: { sender: 'proof', id: 'linger-zero', cause: 'proof' },
    all: { sender: 'proof', id: 'linger-zero', cause: 'proof', process: 'python3' },
  },
  'other-thread': {
    none: GENERIC,
    kernel: { sender: 'proof', id: 'unread-data', cause: 'proof', process: 'python3' },
    strace: { sender: 'proof', id: 'unread-data', cause: 'proof' },
    all: { sender: 'proof', id: 'unread-data', cause: 'proof', process: 'python3' },
  },
  'process-crash': {
    none: GENERIC,
    // The trace shows that it ended, not why.
    kernel: { sender: 'proof', id: 'process-crash', cause: 'possible', process: 'python3' },
    strace: { sender: 'proof', id: 'process-crash', cause: 'proof' },
    all: { sender: 'proof', id: 'process-crash', cause: 'proof', process: 'python3' },
  },
  'out-of-memory': {
    none: GENERIC,
    kernel: { sender: 'proof', id: 'process-crash', cause: 'proof', process: 'python3' },
    strace: { sender: 'proof', id: 'process-crash', cause: 'proof' },
    journal: GENERIC,
    all: { sender: 'proof', id: 'process-crash', cause: 'proof', process: 'python3' },
  },
  'shutdown-in-flight': {
    none: GENERIC,
    kernel: { sender: 'proof', id: 'process-crash', cause: 'possible', process: 'python3' },
    strace: { sender: 'proof', id: 'shutdown-in-flight', cause: 'proof' },
    all: { sender: 'proof', id: 'shutdown-in-flight', cause: 'proof', process: 'python3' },
  },
  'forked-worker': {
    none: GENERIC,
    kernel: { sender: 'proof', id: 'process-crash', cause: 'possible', process: 'python3' },
    // The parent's close is not the last one; of the child strace shows nothing but its end.
    strace: GENERIC,
    all: { sender: 'proof', id: 'process-crash', cause: 'possible', process: 'python3' },
  },
  'policy-abort': {
    none: GENERIC,
    // SO_LINGER 0 is how; an abort without any answer may follow a rule.
    kernel: { sender: 'proof', id: 'linger-zero', cause: 'possible', process: 'python3' },
    strace: { sender: 'proof', id: 'linger-zero', cause: 'possible' },
  },
  'dead-peer': {
    none: { sender: 'likely', id: 'dead-peer', cause: 'likely' },
    kernel: { sender: 'proof', id: 'dead-peer', cause: 'proof' },
    strace: { sender: 'likely', id: 'dead-peer', cause: 'likely' },
    all: { sender: 'proof', id: 'dead-peer', cause: 'proof', process: 'python3' },
  },
  killed: {
    none: GENERIC,
    kernel: { sender: 'proof', id: 'killed', cause: 'proof', process: 'ss' },
    // The process closed the socket 10 ms later, with nothing to do with it.
    strace: GENERIC,
    all: { sender: 'proof', id: 'killed', cause: 'proof', process: 'ss' },
  },
  refused: {
    none: { sender: 'possible', id: 'refused', cause: 'likely' },
    kernel: { sender: 'proof', id: 'refused', cause: 'proof' },
    strace: { sender: 'possible', id: 'refused', cause: 'likely' },
  },
  'stale-reuse': {
    none: { sender: 'likely', id: 'stale-reuse', cause: 'likely' },
    // The kernel proves an answer to late data; whose fault the data was is told by the packets.
    kernel: { sender: 'proof', id: 'stale-reuse', cause: 'likely' },
    strace: { sender: 'likely', id: 'stale-reuse', cause: 'likely' },
  },
};

function fileOf(name: string, kind: Kind): string {
  return join(HOST, name, `${kind}.txt`);
}

function kindsOf(name: string, wanted: Kind | 'none' | 'all'): HostFiles {
  const there = readdirSync(join(HOST, name));
  const kinds = (['kernel', 'strace', 'ss', 'journal'] as const).filter((kind) => there.includes(`${kind}.txt`));
  return Object.fromEntries(
    kinds.filter((kind) => wanted === 'all' || wanted === kind).map((kind) => [kind, fileOf(name, kind)]),
  );
}

async function judge(name: string, files: HostFiles): Promise<Report> {
  return readCapture(join(HOST, name, 'capture.pcap'), { host: await readHost(files) });
}

async function only(name: string, files: HostFiles): Promise<Reset> {
  const { resets } = await judge(name, files);
  expect(resets).toHaveLength(1);
  return resets[0]!;
}

/** The case's own file, rewritten. */
function altered(name: string, kind: Kind, change: (text: string) => string): HostFiles {
  const before = readFileSync(fileOf(name, kind), 'utf8');
  const after = change(before);
  expect(after).not.toBe(before);
  const path = join(work, `${name}-${kind}-${Math.random().toString(36).slice(2)}.txt`);
  writeFileSync(path, after);
  return { [kind]: path };
}

describe.each(Object.entries(TRUTH))('%s', (name, sources) => {
  it.each(Object.entries(sources))('with %s', async (kind, { sender, id, cause, process }) => {
    const reset = await only(name, kindsOf(name, kind as Kind));
    expect({ sender: reset.sender.level, id: reset.cause.id, cause: reset.cause.level }).toEqual({ sender, id, cause });
    expect(reset.sender.process?.command).toBe(process);
    const sum = reset.alternatives.reduce((total, other) => total + other.confidence, reset.cause.confidence);
    expect(sum).toBeCloseTo(1, 5);
    if (cause === 'proof') {
      expect(reset.cause).toMatchObject({ confidence: 0.99 });
      expect(reset.cause.group).toBeUndefined();
      expect(reset.evidence[0]?.text).toMatch(/^(?:kernel|strace)\.txt:\d+: /);
    }
  });
});

describe('beside captures from two hosts, whose clocks differ by minutes,', () => {
  const cases = Object.keys(TRUTH).flatMap((name) => [
    { name, order: 'the own host first' },
    { name, order: 'the own host last' },
  ]);
  it.each(cases)('$name is judged as beside one, $order', async ({ name, order }) => {
    const files = kindsOf(name, 'all');
    const far = join(work, `${name}-far.pcap`);
    writeFileSync(far, laterBy(100, readFileSync(join(HOST, name, 'capture.pcap'))));
    const near = join(HOST, name, 'capture.pcap');
    const paths = order === 'the own host first' ? [near, far] : [far, near];
    const outcomes = await readCaptures(paths, { host: await readHost(files) });
    expect(outcomes).toHaveLength(1);
    const [outcome] = outcomes;
    if (outcome === undefined || !('report' in outcome)) throw new Error('no report');
    expect(outcome.paths).toEqual(paths);
    const alone = await only(name, files);
    const { sender, cause, evidence } = outcome.report.resets[0]!;
    expect(outcome.report.resets).toHaveLength(1);
    expect({ sender, cause }).toEqual({ sender: alone.sender, cause: alone.cause });
    expect(saidByHost(evidence)).toEqual(saidByHost(alone.evidence));
  });
});

function saidByHost(evidence: Reset['evidence']): string[] {
  return evidence.map(({ text }) => text).filter((text) => /^(?:kernel|strace|ss|journal)\.txt:/.test(text));
}

/** A capture by a clock that is ahead: classic pcap, little endian. */
function laterBy(seconds: number, capture: Uint8Array): Uint8Array {
  const view = new DataView(Uint8Array.from(capture).buffer);
  for (let at = 24; at + 16 <= view.byteLength; at += 16 + view.getUint32(at + 8, true)) {
    view.setUint32(at, view.getUint32(at, true) + seconds, true);
  }
  return new Uint8Array(view.buffer);
}

it('has a truth for every recorded case, and no address or name of the machine that recorded it', () => {
  const cases = readdirSync(HOST);
  expect(cases.toSorted()).toEqual(Object.keys(TRUTH).toSorted());
  for (const name of cases) {
    for (const file of readdirSync(join(HOST, name)).filter((one) => one.endsWith('.txt'))) {
      const text = readFileSync(join(HOST, name, file), 'utf8');
      expect(text).not.toMatch(/\/(?:root|home|work|usr)\b/);
      for (const [address] of text.matchAll(/\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b/g)) {
        expect(['127.0.0.1', '0.0.0.0']).toContain(address);
      }
    }
  }
});

it('proves nothing from sources that do not speak of the reset', async () => {
  const names = Object.keys(TRUTH);
  for (const name of names) {
    const none = await only(name, {});
    const other = names[(names.indexOf(name) + 1) % names.length]!;
    const reset = await only(name, kindsOf(other, 'all'));
    expect({ ...reset.sender, ...reset.cause }).toEqual({ ...none.sender, ...none.cause });
  }
});

describe('no proof', () => {
  const proven = Object.entries(TRUTH).flatMap(([name, sources]) =>
    (['kernel', 'strace'] as const).filter((kind) => sources[kind]?.sender === 'proof').map((kind) => ({ name, kind })),
  );
  const changes: readonly (readonly [string, (text: string) => string])[] = [
    [
      'another client port',
      (text) =>
        text.replaceAll(
          /(127\.0\.0\.1:|sport=|dport=|htons\()([3-6]\d{4})\b/g,
          (_, before, port) => `${before}${Number(port) - 1}`,
        ),
    ],
    ['an hour before', (text) => shifted(text, -3600)],
    ['an hour later', (text) => shifted(text, 3600)],
    ['three seconds before', (text) => shifted(text, -3)],
    ['three seconds later', (text) => shifted(text, 3)],
  ];
  it.each(proven.flatMap((one) => changes.map(([what, change]) => ({ ...one, what, change }))))(
    '$name from $kind with $what',
    async ({ name, kind, change }) => {
      const reset = await only(name, altered(name, kind, change));
      const none = await only(name, {});
      expect({ ...reset.sender, ...reset.cause }).toEqual({ ...none.sender, ...none.cause });
    },
  );

  it('of a cause from a trace without exits: the process may have died', async () => {
    const reset = await only(
      'unread-data',
      altered('unread-data', 'kernel', (text) => text.replaceAll(/^.*sched_process_exit.*\n/gm, '')),
    );
    expect(reset.sender.level).toBe('proof');
    expect(reset.cause).toMatchObject({
      id: 'unread-data',
      level: 'possible',
      group: ['unread-data', 'process-crash'],
    });
  });

  it('of a cause from a trace whose own end of the process is missing, unless the trace is whole', async () => {
    const ownExit = /^.*python3-(\d+).*sched_process_exit.*\n/gm;
    const without = altered('unread-data', 'kernel', (text) => text.replaceAll(ownExit, ''));
    expect((await only('unread-data', without)).cause.level).toBe('possible');
    const whole = altered('unread-data', 'kernel', (text) => {
      const left = text.replaceAll(ownExit, '');
      const events = left.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
      return left.replace(/written: \d+\/\d+/, `written: ${events}/${events}`);
    });
    expect((await only('unread-data', whole)).cause.level).toBe('proof');
    const lossy = altered('unread-data', 'kernel', (text) =>
      text.replaceAll(ownExit, '').replace(/written: \d+\/\d+/, 'written: 18/999999'),
    );
    const report = await judge('unread-data', lossy);
    expect(report.resets[0]!.cause.level).toBe('possible');
    expect(report.inputs[0]!.notes?.join()).toContain('lost events');
  });

  it('from one event alone: nothing ties its clock to the capture', async () => {
    const single = altered('killed', 'kernel', (text) =>
      text.replaceAll(/^.*(?:firsthand-clock|sock_set_state).*\n/gm, ''),
    );
    const reset = await only('killed', single);
    expect(reset.sender.level).toBe('likely');
    expect(reset.cause).toMatchObject({ id: 'killed', level: 'likely' });
    expect(reset.cannotTell.join()).toContain('firsthand-clock');
  });

  it('where the kernel sent an answer and the packet is an abort', async () => {
    const answer = altered('unread-data', 'kernel', (text) =>
      text.replace(/skbaddr=0{16} (skaddr=\S+) (src=127\.0\.0\.1:8081)/, 'skbaddr=00000000c703d625 $1 $2'),
    );
    const reset = await only('unread-data', answer);
    expect(reset.sender.level).toBe('likely');
    expect(reset.cannotTell.join()).toContain('disagree');
  });

  it('from a close that came after the RST', async () => {
    const alone = await only('killed', kindsOf('killed', 'strace'));
    expect(alone.cannotTell.join()).toMatch(/by these clocks the close came \d+\.\d ms after the RST\./);
    const beside = await only('killed', kindsOf('killed', 'all'));
    expect(beside.cannotTell.join()).not.toContain('caused the RST');
  });

  it('of unread data where reads were not traced', async () => {
    const unread = altered('unread-data', 'strace', (text) => text.replaceAll(/^.* read\(.*\n/gm, ''));
    const reset = await only('unread-data', unread);
    expect(reset.sender.level).toBe('likely');
    expect(reset.cannotTell.join()).toContain('readv');
  });

  it('of unread data where strace came later than the connection', async () => {
    const reset = await only(
      'unread-data',
      altered('unread-data', 'strace', (text) => text.replace(/^.*accept4.*\n/m, '')),
    );
    expect(reset.sender.level).toBe('likely');
    expect(reset.cause.level).toBe('possible');
  });

  it('of unread data that was read after all', async () => {
    const read = altered('unread-data', 'strace', (text) =>
      text.replace(
        /^(\d+ +\d\d:\d\d:\d\d\.\d+) close\(4<TCP(.*?)>\) = 0/m,
        '$1 recvfrom(4<TCP$2>, "GET"..., 65536, 0, NULL, NULL) = 500\n$&',
      ),
    );
    const reset = await only('unread-data', read);
    expect(reset.cause.level).toBe('possible');
  });

  it('from a close behind a call that had failed: the connection had ended before', async () => {
    const failed = altered('linger-zero', 'strace', (text) =>
      text.replace(
        /^(\d+ +\d+\.\d+) setsockopt\(4, SOL_SOCKET, SO_LINGER/m,
        '$1 recvfrom(4, 0x55, 99, 0, NULL, NULL) = -1 ECONNRESET (Connection reset by peer)\n$&',
      ),
    );
    const reset = await only('linger-zero', failed);
    expect(reset.sender.level).toBe('likely');
    expect(reset.cause.level).toBe('possible');
  });

  it('of SO_LINGER 0 that was taken back', async () => {
    const back = altered('linger-zero', 'strace', (text) =>
      text.replace(
        /^(\d+ +\d+\.\d+) close\(4\)/m,
        '$1 setsockopt(4, SOL_SOCKET, SO_LINGER, {l_onoff=0, l_linger=0}, 8) = 0\n$&',
      ),
    );
    expect((await only('linger-zero', back)).cause.level).toBe('possible');
  });
});

describe('the clock of a trace', () => {
  it('is found from events of the connection where no line marks it', async () => {
    const reset = await only('unread-data', altered('unread-data', 'kernel', unmarked));
    expect(reset.sender.level).toBe('proof');
    expect(reset.evidence[0]!.text).toContain('found by addresses and order');
  });

  it('is not found where the time between the events does not fit', async () => {
    const slower = altered('unread-data', 'kernel', (text) =>
      unmarked(text).replaceAll(
        / (\d+\.\d{6}): (inet_sock_set_state.*newstate=TCP_ESTABLISHED)/g,
        (_, at: string, rest: string) => ` ${(Number(at) - 0.4).toFixed(6)}: ${rest}`,
      ),
    );
    expect((await only('unread-data', slower)).sender.level).toBe('likely');
  });
});

describe('the zone of strace', () => {
  it('is asked for where the times lie whole hours away', async () => {
    const report = await judge('unread-data', inBerlin());
    expect(report.inputs[0]!.notes?.join()).toContain('--zone +01:00');
  });

  it('counts where it is given', async () => {
    const reset = await only('unread-data', { ...inBerlin(), zoneMin: 60 });
    expect(reset.cause).toMatchObject({ id: 'unread-data', level: 'proof' });
  });
});

it('ties an out-of-memory kill in the journal to the connection by the pid that ss names', async () => {
  const files = kindsOf('out-of-memory', 'all');
  const { strace: _, kernel: __, ...rest } = files;
  const reset = await only('out-of-memory', rest);
  expect(reset.cause).toMatchObject({ id: 'process-crash', level: 'proof' });
  const { ss: ___, ...alone } = rest;
  const untied = await only('out-of-memory', alone);
  expect(untied.cause.level).toBe('possible');
  expect(untied.evidence.map(({ fact }) => fact)).toContain('host-event');
});

it('tells of a close under a reader, with both lines', async () => {
  const reset = await only('other-thread', kindsOf('other-thread', 'strace'));
  const told = reset.evidence.find(({ fact }) => fact === 'closed-under-reader');
  expect(told?.text).toMatch(
    /^strace\.txt:\d+: pid \d+ closed the socket while pid \d+ was reading from it \(line \d+\)/,
  );
});

/** The same log at another time: of strace every line, of a trace the lines that mark the wall clock. */
function shifted(text: string, seconds: number): string {
  return text
    .replaceAll(
      /firsthand-clock (\d+\.\d+)/g,
      (_, at: string) => `firsthand-clock ${(Number(at) + seconds).toFixed(6)}`,
    )
    .replaceAll(
      /^(\d+ +)(\d{10}\.\d{6})/gm,
      (_, pid: string, at: string) => `${pid}${(Number(at) + seconds).toFixed(6)}`,
    )
    .replaceAll(/^(\d+ +)(\d\d):(\d\d):(\d\d\.\d{6})/gm, (_, pid: string, h: string, m: string, s: string) => {
      const at = Number(h) * 3600 + Number(m) * 60 + Number(s) + seconds;
      return `${pid}${two(at / 3600)}:${two((at % 3600) / 60)}:${(at % 60).toFixed(6).padStart(9, '0')}`;
    });
}

function unmarked(text: string): string {
  return text.replaceAll(/^.*firsthand-clock.*\n/gm, '');
}

function inBerlin(): HostFiles {
  return altered('unread-data', 'strace', (text) => shifted(text, 3600));
}

function two(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}
