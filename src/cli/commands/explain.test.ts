import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sampleReport } from '../../report/testing/sample.ts';
import { readerOf, run } from '../testing/run.ts';
import { scratch } from '../testing/scratch.ts';

const PCAP = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');

const json = async (...words: string[]): Promise<unknown> =>
  JSON.parse((await run(['explain', '--json', ...words])).out);

const at = (second: number): string => `2026-11-20T10:00:${String(second).padStart(2, '0')}`;
const refused = (second: number): string => `${at(second)} Error: connect ECONNREFUSED 10.0.3.4:5432\n`;

/** What is said of an input that nothing can be done with. */
const say = async (...words: string[]): Promise<string> => {
  const { code, out, err } = await run(['explain', ...words]);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  return err;
};

describe('firsthand explain', () => {
  it('explains a line, a file, standard input, and gives the same for each', async () => {
    const path = join(await scratch(), 'trace.txt');
    await writeFile(path, 'Error: socket hang up\n');
    const given = await run(['explain', 'Error: socket hang up']);
    expect(given).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^Closed: a FIN/) });
    expect(await run(['explain', path])).toEqual(given);
    expect(await run([path])).toEqual(given);
    expect(
      await run(['explain', '-'], { stdin: Readable.from([Buffer.from('Error: socket '), Buffer.from('hang up\n')]) }),
    ).toEqual(given);
  });

  it('explains causes and topics, by name or by question', async () => {
    expect((await run(['explain', 'stale-reuse'])).out).toMatch(/^stale-reuse: the client reused a pooled connection/);
    expect((await run(['stale-reuse'])).out).toMatch(/^stale-reuse: /);
    expect((await run(['explain', 'idle-dropped'])).out).toMatch(/^idle-dropped: /);
    expect((await run(['explain', 'reset', 'or', 'refused?'])).out).toMatch(/^Reset or refused\?\n/);
  });

  it('gives JSON on request, of everything', async () => {
    expect(await json('read ECONNRESET')).toMatchObject({
      schemaVersion: 1,
      recognised: true,
      condition: 'reset',
      pattern: 'node/read-reset',
    });
    expect(await json('refused')).toMatchObject({ cause: 'refused', tellApart: expect.any(Array) });
    expect(await json('drain')).toMatchObject({ id: 'drain', answer: expect.any(Array) });
    expect((await run(['explain', '--json', 'read ECONNRESET \u202e\u009b'])).out).toContain('\\u202e\\u009b');
  });

  it('exits 2 with one line for a text that it does not know', async () => {
    expect(await run(['explain', 'password reset'])).toEqual({
      code: 2,
      out: '',
      err: 'firsthand: not recognised: password reset\n',
    });
    const near = await run(['explain', 'upstream closed the \u001b[31mconnection prematurely\nsecond line']);
    expect(near.code).toBe(2);
    expect(near.err).toMatch(
      /^firsthand: not recognised: upstream closed the \\x1b\[31mconnection prematurely; nearest known: .*\n$/,
    );
    expect(await run(['explain'])).toMatchObject({ code: 2, err: expect.stringContaining('nothing to explain') });
    expect(await run(['explain', '-'], { stdin: Readable.from([]) })).toMatchObject({
      code: 2,
      err: 'firsthand: not recognised: an empty text\n',
    });
  });
});

async function log(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(await scratch(), name);
  await writeFile(path, content);
  return path;
}

describe('firsthand explain with logs', () => {
  it('explains one failure, and tells several in the course of time as a story', async () => {
    const one = await log('one.log', `${at(1)} all is well\n${refused(2)}    at TCP.connect (node:net:1)\n`);
    expect((await run(['explain', one])).out).toMatch(/^Refused: a RST answered the SYN/);
    const several = await log('several.log', refused(1) + refused(9));
    const story = await run(['explain', several]);
    expect(story).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^2 failures in 2 lines\.\n/) });
    expect(await run([several])).toEqual(story);
    const crashed = await log('crashed.log', `${refused(1)}${at(2)} kernel: Out of memory: Killed process 9 (x)\n`);
    expect((await run(['explain', crashed])).out).toMatch(/^1 failure in 2 lines\./);
  });

  it('tells compressed logs and standard input, with and without the verb', async () => {
    const text = refused(1) + refused(9);
    const packed = await log('a.log.gz', gzipSync(text));
    const wide = ['--width', '500'];
    const { out } = await run(['explain', packed, ...wide]);
    expect(out).toMatch(/^2 failures/);
    expect((await run([packed, ...wide])).out).toBe(out);
    for (const argv of [['explain', '-'], ['-']]) {
      const stdin = Readable.from([gzipSync(text)], { objectMode: false });
      expect(await run([...argv, ...wide], { stdin })).toEqual({
        code: 0,
        err: '',
        out: out.replaceAll(packed, 'standard input'),
      });
    }
  });

  it('joins several logs, as text, JSON and Markdown, on the screen or in a file', async () => {
    const paths = [await log('hop1.log', refused(1)), await log('hop2.log', refused(2))];
    expect((await run(['explain', ...paths])).out).toContain('Together in more than one log');
    expect(await json(...paths)).toMatchObject({
      schemaVersion: 1,
      timeline: [{ shared: ['10.0.3.4', '10.0.3.4:5432'] }],
    });
    const saved = join(await scratch(), 'story.md');
    expect(await run(['explain', '--markdown', '-o', saved, ...paths])).toEqual({ code: 0, out: '', err: '' });
    expect(await readFile(saved, 'utf8')).toMatch(/^# 2 failures in 2 lines of 2 logs/);
    expect((await run(['explain', '-o', paths[0]!, ...paths])).err).toContain('itself');
    expect((await run(['explain', '--markdown', 'read ECONNRESET'])).out).toMatch(/^# 1 failure in 1 line\.\n\n## g1 /);
  });

  it('takes the zone of times that state none', async () => {
    const path = await log('zone.log', refused(1) + refused(9));
    const first = async (...flags: string[]): Promise<string> =>
      (await run(['explain', path, ...flags])).out.match(/first (\S+)/)?.[1] ?? '';
    expect(await first()).toBe('2026-11-20T10:00:01Z');
    expect(await first('--zone', '+01:00')).toBe('2026-11-20T09:00:01Z');
    expect(await first('--zone', '-0530')).toBe('2026-11-20T15:30:01Z');
    expect(await run(['explain', path, '--zone', 'Mars'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('+01:00'),
    });
  });

  it('says in one line why something is no log', async () => {
    const good = await log('good.log', refused(1));
    expect(await say(await scratch())).toMatch(/: is a directory: name a log in it\n$/);
    expect(await say(await log('x.bin', Buffer.from([1, 2, 0, 4, 5, 0])))).toMatch(/: is not a text\n$/);
    expect(await say(await log('x.pcap', PCAP))).toMatch(/: is a capture\n {2}firsthand read .*\n$/);
    expect(await say(await log('x.pcap.gz', gzipSync(PCAP)))).toMatch(/: is a capture\n/);
    expect(await say(await log('x.xz', Buffer.from('fd377a585a000004', 'hex')))).toMatch(/: xz is not supported/);
    expect(await say(await log('empty.log', ''))).toBe('firsthand: not recognised: an empty text\n');
    expect(await say(good, '/nowhere/b.log')).toBe('firsthand: /nowhere/b.log: no such file\n');
    expect(await say('-', '-')).toContain('only once');
  });

  it('says honestly that a log tells of no failed connection', async () => {
    const path = await log('well.log', `${at(1)} all is well\n`.repeat(5000));
    const err = 'firsthand: not recognised: None of 5,000 lines tells of a failed connection.\n';
    expect(await run(['explain', path])).toEqual({ code: 2, out: '', err });
    expect(await run(['explain', '--json', path])).toMatchObject({
      code: 2,
      err,
      out: expect.stringContaining('"groups": []'),
    });
    const damaged = await log('damaged.gz', gzipSync('x'.repeat(9000)).subarray(0, 20));
    expect((await run(['explain', damaged, damaged])).err).toMatch(/gzip data damaged/);
  });

  it('takes words for a text although one of them is a folder here', async () => {
    expect((await run(['explain', 'read', 'ECONNRESET', 'in', 'src'])).out).toMatch(/^Reset: /);
  });
});

describe('firsthand -', () => {
  it('reads what begins like a capture', async () => {
    const stdin = new PassThrough();
    const readCapture = readerOf({ '-': sampleReport() });
    const running = run(['-'], { stdin, readCapture });
    stdin.write(PCAP.subarray(0, 3));
    stdin.end(PCAP.subarray(3));
    expect((await running).out).toContain('reset by the server');
    expect(Buffer.concat(await stdin.toArray())).toEqual(PCAP);
  });

  it('explains everything else', async () => {
    const stdin = new PassThrough();
    const running = run(['-', '--json'], { stdin });
    stdin.write('EPI');
    stdin.end('PE');
    expect(JSON.parse((await running).out)).toMatchObject({ condition: 'broken-pipe' });
  });
});
