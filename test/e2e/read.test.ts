/** `firsthand read` as a process: what it prints, where, and what it tells its caller. */
import { execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { chmod, chown, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { writePcap } from '../../src/capture/write.ts';
import type { Report } from '../../src/report/types.ts';
import { tcpFrame } from '../../src/wire/testing/frames.ts';
import { BIN, CAPTURES, firsthand, run, UNPRIVILEGED } from './bin.ts';
import { lacks } from './needs.ts';
import { toSchemaErrors } from './schema.ts';
import { readablePackage, scratch } from './scratch.ts';

const REFUSED = join(CAPTURES, 'refused/fires-closed-port-v4.pcap');
const LATE = join(CAPTURES, 'stale-reuse/fires-late.pcap');

async function all(): Promise<string[]> {
  const names = await readdir(CAPTURES, { recursive: true });
  return names
    .filter((name) => name.endsWith('.pcap'))
    .toSorted()
    .map((name) => join(CAPTURES, name));
}

/** What every refusal looks like: status 2, nothing on standard output, one line without a stack. */
async function refusal(args: readonly string[], stdin?: Uint8Array): Promise<string> {
  const { code, out, err } = await firsthand(args, stdin === undefined ? {} : { stdin });
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(/^firsthand: .+\n$/);
  expect(err.split('\n')).toHaveLength(2);
  return err.slice('firsthand: '.length, -1);
}

describe('firsthand read', () => {
  it('says in text who reset the connection and why', async () => {
    const { code, out, err } = await firsthand(['read', REFUSED]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^1 connection, refused by the server 127\.0\.0\.1:\d+/);
    expect(out).toContain('Who sent the RSTs\n');
    expect((await firsthand(['read', '--width', '500', REFUSED])).out).toContain(
      `${REFUSED}: pcap, EN10MB, 2 packets, read in two passes`,
    );
    expect(await firsthand([REFUSED])).toEqual({ code, out, err });
  });

  it('gives a report that fits its schema for every recorded capture', async () => {
    const { code, out } = await firsthand(['read', '--ndjson', ...(await all())]);
    expect(code).toBe(0);
    const reports = fromNdjson(out);
    // Those of one scenario at several places are one report.
    expect(reports.flatMap(({ inputs }) => inputs)).toHaveLength((await all()).length);
    expect(reports.flatMap(toSchemaErrors)).toEqual([]);
    const json = await firsthand(['read', '--json', LATE]);
    expect(toSchemaErrors(JSON.parse(json.out))).toEqual([]);
    expect(JSON.parse(json.out)).toEqual(fromNdjson((await firsthand(['read', '--ndjson', LATE])).out)[0]);
  });

  it('reads standard input, gzip and zstd as it reads the file', async () => {
    const folder = await scratch();
    const bytes = await readFile(LATE);
    const packed = join(folder, 'c.pcap.gz');
    await writeFile(packed, gzipSync(bytes));
    const file = await resetsOf(['read', '--json', LATE]);
    expect(file.length).toBeGreaterThan(0);
    expect(await resetsOf(['read', '--json', packed])).toEqual(file);
    expect(await resetsOf(['read', '--json', '-'], bytes)).toEqual(file);
    expect(await resetsOf(['--json', '-'], gzipSync(bytes))).toEqual(file);
    const piped = await run('sh', ['-c', 'cat "$1" | "$2" "$3" read --json -', 'sh', LATE, process.execPath, BIN]);
    expect((JSON.parse(piped.out) as Report).resets).toEqual(file);
  });

  it.skipIf(lacks('firsthand read of a zstd capture', ['zstd']))('reads what zstd has packed', async () => {
    const packed = join(await scratch(), 'c.pcap.zst');
    execFileSync('zstd', ['-q', LATE, '-o', packed]);
    const { out, err } = await firsthand(['read', '--json', packed]);
    expect(err).toBe('');
    const report = JSON.parse(out) as Report;
    expect(report.inputs[0]).toMatchObject({ format: 'pcap, zstd', strategy: 'two-pass' });
    expect(report.resets).toEqual(await resetsOf(['read', '--json', LATE]));
  });

  it('reads several captures one after the other, and goes on behind one that it cannot read', async () => {
    const { code, out, err } = await firsthand(['read', '-q', REFUSED, '/nowhere/c.pcap', LATE]);
    expect(code).toBe(2);
    expect(err).toBe('firsthand: /nowhere/c.pcap: no such file\n');
    expect(out.indexOf(`${REFUSED}\n\n1 connection, refused`)).toBe(0);
    expect(out).toContain(`\n\n${LATE}\n\n`);
  });

  it('exits 1 for findings only when asked to', async () => {
    expect((await firsthand(['read', '-q', '--fail-on', 'refused', REFUSED])).code).toBe(1);
    expect((await firsthand(['read', '-q', '--fail-on', 'injected', REFUSED])).code).toBe(0);
  });

  it('ends quietly when its reader has gone', async () => {
    const captures = await all();
    // More than a pipe holds, so that the writer meets the closed end.
    expect((await firsthand(['read', '-vv', ...captures])).out.length).toBeGreaterThan(200_000);
    const script = '"$@" | head -n 1; echo "${PIPESTATUS[0]}"';
    const { out, err } = await run('bash', ['-c', script, 'bash', process.execPath, BIN, 'read', '-vv', ...captures]);
    expect(out.split('\n').slice(-2)).toEqual(['0', '']);
    expect(err).toBe('');
  });
});

describe('firsthand read of what is damaged', () => {
  it('reads a capture that was cut in a packet, and says so', async () => {
    const bytes = await readFile(LATE);
    const cut = join(await scratch(), 'cut.pcap');
    await writeFile(cut, bytes.subarray(0, bytes.length - 7));
    const { code, out, err } = await firsthand(['read', '--json', cut]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { inputs } = JSON.parse(out) as Report;
    expect(inputs[0]?.damage).toHaveLength(1);
    const offset = inputs[0]?.damage[0]?.offset ?? 0;
    expect(offset).toBeGreaterThan(24);
    expect(offset).toBeLessThan(bytes.length - 7);
    expect((await firsthand(['read', cut])).out).toMatch(
      new RegExp(`damaged in one\\s+place \\(offset ${offset}: last record cut short`),
    );
  });

  it('says in one line what random bytes are not', async () => {
    const path = join(await scratch(), 'random.pcap');
    await writeFile(
      path,
      Uint8Array.from({ length: 5000 }, (_, at) => (at * 167 + 13) & 0xff),
    );
    const line = await refusal(['read', path]);
    expect(line).toBe(
      `${path}: not a capture: starts with 0d b4 5b 02 a9 50 f7 9e; pcap, pcapng and snoop are read, plain or compressed by gzip or zstd`,
    );
  });

  it('names format and offset when nothing of a capture can be read', async () => {
    const path = join(await scratch(), 'c.pcap');
    await writeFile(path, (await readFile(LATE)).subarray(0, 50));
    expect(await refusal(['read', path])).toMatch(/c\.pcap: damaged pcap file .* at byte 24; /);
  });

  it.each([
    [
      'a link type that is not decoded',
      'usb.pcap',
      writePcap([usbPacket()], { linkType: 220 }),
      /link type .*USB.* is not supported \(pcap/,
    ],
    ['an empty file', 'empty.pcap', new Uint8Array(0), /empty\.pcap: empty: no capture was written/],
    ['text', 'log.txt', new TextEncoder().encode('Error: read ECONNRESET\n'), /log\.txt: not a capture: is text;/],
    ['a broken gzip', 'c.gz', gzipSync(writePcap([])).subarray(0, 12), /c\.gz: /],
  ])('refuses %s', async (_, name, bytes, says) => {
    const path = join(await scratch(), name);
    await writeFile(path, bytes);
    expect(await refusal(['read', path])).toMatch(says);
    expect(await refusal(['read', '-'], bytes)).toMatch(/^standard input: /);
  });

  it('refuses folders, missing files and loops of links', async () => {
    const folder = await scratch();
    await symlink('loop', join(folder, 'loop'));
    expect(await refusal(['read', folder])).toBe(`${folder}: is a directory; name a capture in it`);
    expect(await refusal(['read', '/nowhere/c.pcap'])).toBe('/nowhere/c.pcap: no such file');
    expect(await refusal(['read', join(folder, 'loop')])).toMatch(/loop: cannot be opened/);
  });

  it('guesses what was mistyped, and shows the stack only with --debug', async () => {
    expect(await refusal(['read', '--jsno', REFUSED])).toBe("unknown option '--jsno', did you mean --json?");
    expect(await refusal(['raed', REFUSED])).toBe('unknown command raed, did you mean read?');
    expect(await refusal(['read'])).toBe("missing required argument 'capture'");
    expect(await refusal(['read', '--fail-on', 'refusd', REFUSED])).toContain('did you mean refused?');
    for (const args of [
      ['read', '--debug', '/nowhere/c.pcap'],
      ['read', '--jsno', REFUSED, '--debug'],
    ]) {
      const { code, err } = await firsthand(args);
      expect(code).toBe(2);
      expect(err).toMatch(/^firsthand: [^\n]+\n[^]*\n {4}at /);
    }
  });

  it('prints nothing that a terminal would obey, whatever the file is called', async () => {
    const path = join(await scratch(), 'a\u001b[31m\u202e.pcap');
    await writeFile(path, await readFile(REFUSED));
    for (const args of [
      ['read', path],
      ['read', '--json', path],
      ['read', path, path],
    ]) {
      const { code, out } = await firsthand(args);
      expect(code).toBe(0);
      expect(['\u001b', '\u202e'].filter((sign) => out.includes(sign))).toEqual([]);
    }
    await expect(refusal(['read', `${path}\n.gone`])).resolves.toContain('\\x1b[31m');
  });
});

describe('firsthand read -o', () => {
  it('writes the report whole, or nothing', async () => {
    const folder = await scratch();
    const path = join(folder, 'report.json');
    expect(await firsthand(['read', '--json', '-o', path, REFUSED])).toEqual({ code: 0, out: '', err: '' });
    expect(toSchemaErrors(JSON.parse(await readFile(path, 'utf8')))).toEqual([]);
    const before = await readFile(path, 'utf8');
    await refusal(['read', '-o', path, '/nowhere/c.pcap']);
    expect(await readFile(path, 'utf8')).toBe(before);
    expect(await readdir(folder)).toEqual(['report.json']);
  });

  it('says why it cannot write', async () => {
    expect(await refusal(['read', '-o', '/nowhere/r.txt', REFUSED])).toBe('-o /nowhere/r.txt: no such file');
    expect(await refusal(['read', '-o', '/dev/full', REFUSED])).toBe('-o /dev/full: no space left on the device');
  });

  it.skipIf(lacks('firsthand read -o on a full disk', ['root', 'mount']))(
    'keeps the old file on a full disk, and leaves no draft',
    async () => {
      const folder = await scratch();
      // The mount lives in the namespace of this shell and goes with it.
      const script = [
        'mount -t tmpfs -o size=16k tmpfs "$1" && echo old > "$1/report.json"',
        '"$2" "$3" read --ndjson -o "$1/report.json" "$4" "$4" "$4" "$4" "$4" "$4"',
        'echo "status $?"; ls "$1"; cat "$1/report.json"',
      ].join('\n');
      const args = ['--mount', 'sh', '-c', script, 'sh', folder, process.execPath, BIN, LATE];
      const { out, err } = await run('unshare', args);
      expect(out).toBe('status 2\nreport.json\nold\n');
      expect(err).toBe(`firsthand: -o ${folder}/report.json: no space left on the device\n`);
    },
  );
});

describe.skipIf(lacks('firsthand read without rights', ['unprivileged-node']))('firsthand read without rights', () => {
  it('reads, and writes where it may', async () => {
    const root = await readablePackage();
    const bin = join(root, 'bin/firsthand.js');
    const capture = join(root, 'test/captures/refused/fires-closed-port-v4.pcap');
    const own = join(root, 'own');
    await mkdir(own);
    if (UNPRIVILEGED.uid !== undefined) await chown(own, UNPRIVILEGED.uid, UNPRIVILEGED.gid ?? 0);
    const asNobody = (...args: string[]): ReturnType<typeof run> =>
      run(process.execPath, [bin, 'read', ...args], { ...UNPRIVILEGED, cwd: root });
    expect(await asNobody('-q', capture)).toMatchObject({ code: 0, out: expect.stringMatching(/refused/), err: '' });
    expect((await asNobody('--json', '-o', join(own, 'r.json'), capture)).code).toBe(0);
    expect(toSchemaErrors(JSON.parse(await readFile(join(own, 'r.json'), 'utf8')))).toEqual([]);

    const closed = join(root, 'closed');
    await mkdir(closed);
    await chmod(closed, 0o555);
    const there = join(closed, 'r.json');
    expect(await asNobody('-o', there, capture)).toEqual({
      code: 2,
      out: '',
      err: `firsthand: -o ${there}: permission denied\n`,
    });
    expect(await readdir(closed)).toEqual([]);

    const secret = join(own, 'secret.pcap');
    await writeFile(secret, await readFile(REFUSED));
    await chmod(secret, 0);
    const refused = await asNobody(secret);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toMatch(/^firsthand: .*secret\.pcap: permission denied; .*\n$/);
  });
});

it('reads a named pipe as it fills', async () => {
  const pipe = join(await scratch(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const reading = firsthand(['read', '-q', pipe]);
  await writeFile(pipe, createReadStream(REFUSED));
  expect(await reading).toMatchObject({ code: 0, out: expect.stringContaining('refused by the server'), err: '' });
});

function usbPacket(): { bytes: Uint8Array; seconds: number; nanos: number } {
  return { bytes: tcpFrame(), seconds: 1_700_000_000, nanos: 0 };
}

async function resetsOf(args: readonly string[], stdin?: Uint8Array): Promise<Report['resets']> {
  const { code, out, err } = await firsthand(args, stdin === undefined ? {} : { stdin });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return (JSON.parse(out) as Report).resets;
}

/** The reports again, from their records. */
function fromNdjson(text: string): readonly Report[] {
  const reports: Record<string, unknown>[] = [];
  const lists = { input: 'inputs', story: 'stories', reset: 'resets', silence: 'silences' } as const;
  for (const line of text.trimEnd().split('\n')) {
    const { type, ...record } = JSON.parse(line) as { type: 'header' | 'summary' | keyof typeof lists };
    if (type === 'header') reports.push({ ...record, inputs: [], stories: [], resets: [], silences: [] });
    else if (type === 'summary') reports.at(-1)!['summary'] = record;
    else (reports.at(-1)![lists[type]] as unknown[]).push(record);
  }
  return reports as unknown as readonly Report[];
}
