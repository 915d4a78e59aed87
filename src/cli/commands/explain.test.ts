import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { sampleReport } from '../../report/testing/sample.ts';
import { readerOf, run } from '../testing/run.ts';

const PCAP = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');

const json = async (...words: string[]): Promise<unknown> =>
  JSON.parse((await run(['explain', '--json', ...words])).out);

describe('firsthand explain', () => {
  it('explains a line, a file, standard input, and gives the same for each', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'firsthand-')), 'trace.txt');
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
