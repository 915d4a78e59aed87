import { link, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ReadOptions } from '../../collect/read-capture.ts';
import { sampleReport, sampleReset, sampleSilence } from '../../report/testing/sample.ts';
import type { Io } from '../io.ts';
import { readerOf, run } from '../testing/run.ts';
import { scratch } from '../testing/scratch.ts';

const unread = sampleReset({
  cause: { id: 'unread-data', level: 'possible', confidence: 0.5, group: ['unread-data', 'linger-zero'] },
  impact: 'request-unanswered',
});
const readCapture = readerOf({
  a: sampleReport([unread]),
  idle: sampleReport(),
  silent: sampleReport([], [sampleSilence()]),
  none: sampleReport([]),
});

describe('firsthand read', () => {
  it('gives the report object for one capture, and refuses several that have nothing in common', async () => {
    const { out } = await run(['read', '--json', 'a'], { readCapture });
    expect(JSON.parse(out)).toEqual(sampleReport([unread]));
    const two = await run(['read', '--json', 'a', 'idle'], { readCapture });
    expect(two).toEqual({
      code: 2,
      out: '',
      err: 'firsthand: --json gives one report, and these captures have no connection in common; use --ndjson, or read one at a time\n',
    });
  });

  it('gives several captures one after the other as records, each with its header', async () => {
    const { out } = await run(['read', '--ndjson', 'a', 'none'], { readCapture });
    const types = out
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types).toEqual(['header', 'input', 'summary', 'reset', 'header', 'input', 'summary']);
  });

  it('says that captures were not joined, where somebody reads it', async () => {
    const said = /\n\n\nThese captures show no connection in common, so each of them is told by itself\.\n$/;
    expect((await run(['read', 'a', 'idle'], { readCapture })).out).toMatch(said);
    for (const flag of ['-q', '--ndjson'])
      expect((await run(['read', flag, 'a', 'idle'], { readCapture })).out).not.toContain('in common');
    expect((await run(['read', 'a'], { readCapture })).out).not.toContain('in common');
    expect((await run(['read', 'a', 'gone'], { readCapture })).out).not.toContain('in common');
  });

  it('reads on after a capture that it cannot read, and exits with 2', async () => {
    const { code, out, err } = await run(['read', '-q', 'gone', 'none'], { readCapture });
    expect(code).toBe(2);
    expect(err).toBe('firsthand: gone: no such file\n');
    expect(out).toContain('No RST in this capture');
  });

  it.each([
    [[], 'a', 0],
    [['--fail-on', 'any'], 'idle', 1],
    [['--fail-on', 'any'], 'none', 0],
    [['--fail-on', 'any'], 'silent', 1],
    [['--fail-on', 'possible'], 'a', 1],
    [['--fail-on', 'likely'], 'a', 0],
    [['--fail-on', 'possible'], 'idle', 0],
    [['--fail-on', 'idle-timeout'], 'idle', 1],
    [['--fail-on', 'linger-zero'], 'a', 1],
    [['--fail-on', 'refused', '--fail-on', 'unread-data'], 'a', 1],
    [['--fail-on', 'refused'], 'a', 0],
    [['--fail-on', 'idle-dropped'], 'silent', 1],
  ])('with %j on %s exits %i', async (flags, capture, code) => {
    expect((await run(['read', ...flags, capture], { readCapture })).code).toBe(code);
  });

  it.each([
    [['--fail-on', 'idletimeout'], '--fail-on idletimeout: unknown, did you mean idle-timeout?'],
    [['--role', '10.0.0.5'], '--role 10.0.0.5: write ADDRESS=ROLE or ADDRESS=ROLE:NAME, such as 10.0.0.5=proxy:edge'],
    [['--role', '10.0.0.5=prxy'], /unknown role prxy, did you mean proxy\?; roles are client, server, proxy/],
    [['--role', '10.0.0/8=proxy'], '--role 10.0.0/8=proxy: 10.0.0/8 is neither an address nor a network'],
    [['--role', '10.0.0.0/33=proxy'], '--role 10.0.0.0/33=proxy: the prefix length is 0 to 32'],
    [['--json', '--ndjson'], '--json and --ndjson exclude each other'],
    [['--color', 'blue'], '--color blue: give auto, always, never'],
    [['--width', '20'], '--width 20: give a number from 60 to 1000'],
    [['--hosts', '/nowhere/hosts'], '--hosts /nowhere/hosts: no such file'],
  ])('refuses %j in one line', async (flags, message) => {
    const { code, out, err } = await run(['read', ...flags, 'a'], { readCapture });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err.replace('firsthand: ', '').trimEnd()).toEqual(
      message instanceof RegExp ? expect.stringMatching(message) : message,
    );
    expect(err.split('\n')).toHaveLength(2);
  });

  it('hands roles, hosts and --all-rsts to the reader', async () => {
    const hosts = join(await scratch(), 'hosts');
    await writeFile(hosts, '# ours\n10.0.0.5 edge edge.local\n2001:DB8:0::7\tdb\n\n10.0.0.5 other\n');
    let seen: ReadOptions | undefined;
    const flags = ['--role', '10.0.0.5=proxy:edge', '--role', '2001:db8::/32=client', '--hosts', hosts, '--all-rsts'];
    await run(['read', ...flags, 'a'], {
      readCapture: async (_, options) => {
        seen = options;
        return sampleReport();
      },
    });
    expect(seen).toMatchObject({
      allRsts: true,
      roles: [
        { cidr: '10.0.0.5/32', role: 'proxy', name: 'edge' },
        { cidr: '2001:db8::/32', role: 'client' },
      ],
      hosts: new Map([
        ['10.0.0.5', 'edge'],
        ['2001:db8::7', 'db'],
      ]),
    });
  });

  it('colours on a terminal, and elsewhere only when told to', async () => {
    expect(await coloured([], true)).toBe(true);
    expect(await coloured([], false)).toBe(false);
    expect(await coloured([], true, { NO_COLOR: '1' })).toBe(false);
    expect(await coloured([], true, { TERM: 'dumb' })).toBe(false);
    expect(await coloured(['--color', 'never'], true)).toBe(false);
    expect(await coloured(['--color', 'always'], false, { NO_COLOR: '1' })).toBe(true);
  });

  it('ends quietly when the reader of its output has gone', async () => {
    expect(await run(['read', 'a'], { readCapture, stdoutFails: 'EPIPE' })).toEqual({ code: 0, out: '', err: '' });
    expect(await run(['read', 'a'], { readCapture, stdoutFails: 'ENOSPC' })).toEqual({
      code: 2,
      out: '',
      err: 'firsthand: no space left on the device\n',
    });
  });

  it('draws progress only on a terminal, only after half a second, and erases it', async () => {
    expect(await reading(true, 501)).toBe('\r\u001b[Ka  45%  1,234 packets\r\u001b[K');
    expect(await reading(true, 499)).toBe('');
    expect(await reading(false, 501)).toBe('');
  });
});

describe('firsthand read -o', () => {
  it('writes the file whole and leaves nothing beside it', async () => {
    const folder = await scratch();
    const file = join(folder, 'report.json');
    await writeFile(file, 'old');
    expect(await run(['read', '--json', '-o', file, 'a'], { readCapture })).toEqual({ code: 0, out: '', err: '' });
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(sampleReport([unread]));
    expect(await readdir(folder)).toEqual(['report.json']);
  });

  it('keeps the old file when the capture cannot be read', async () => {
    const file = join(await scratch(), 'report.txt');
    await writeFile(file, 'old');
    expect((await run(['read', '-o', file, 'gone'], { readCapture })).code).toBe(2);
    expect(await readFile(file, 'utf8')).toBe('old');
  });

  it('never writes over a capture, whatever its other name', async () => {
    const folder = await scratch();
    const capture = join(folder, 'c.pcap');
    await writeFile(capture, 'packets');
    await link(capture, join(folder, 'same.pcap'));
    const { code, err } = await run(['read', '-o', join(folder, 'same.pcap'), capture], { readCapture });
    expect(code).toBe(2);
    expect(err).toContain(`is the capture ${capture} itself; choose another name`);
    expect(await readFile(capture, 'utf8')).toBe('packets');
  });

  it('says why it cannot write', async () => {
    const folder = await scratch();
    await mkdir(join(folder, 'x'));
    expect((await run(['read', '-o', join(folder, 'x'), 'a'], { readCapture })).err).toMatch(/x: is a directory\n$/);
    expect((await run(['read', '-o', join(folder, 'no/x'), 'a'], { readCapture })).err).toMatch(
      /no\/x: no such file\n$/,
    );
  });
});

async function coloured(flags: readonly string[], tty: boolean, env: Io['env'] = {}): Promise<boolean> {
  return (await run(['read', ...flags, 'a'], { readCapture, tty, env })).out.includes('\u001b[');
}

async function reading(tty: boolean, waitMs: number): Promise<string> {
  let now = 0;
  const { err } = await run(['read', 'a'], {
    tty,
    now: () => now,
    readCapture: async (_, options) => {
      now = waitMs;
      options?.onProgress?.({ path: 'a', bytes: 45, totalBytes: 100, packets: 1234 });
      return sampleReport();
    },
  });
  return err;
}
