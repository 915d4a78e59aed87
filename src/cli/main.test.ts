import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sampleReport } from '../report/testing/sample.ts';
import { readerOf, run } from './testing/run.ts';
import { scratch } from './testing/scratch.ts';

describe('firsthand', () => {
  it('prints help with examples first when called without anything', async () => {
    const { code, out, err } = await run([]);
    expect(code).toBe(0);
    expect(err).toBe('');
    expect(out.indexOf('firsthand capture.pcapng')).toBeGreaterThan(-1);
    expect(out.indexOf('firsthand capture.pcapng')).toBeLessThan(out.indexOf('Usage:'));
    expect(await run(['--help'])).toEqual({ code, out, err });
  });

  it('prints the version of the package', async () => {
    expect(await run(['--version'])).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  it('explains its exit codes and its verbs', async () => {
    expect((await run(['help', 'exit-codes'])).out).toMatch(/^Exit codes\n\n {2}0 {2}done\n/);
    expect((await run(['help', 'read'])).out).toContain('--fail-on <what>');
    expect((await run(['help', 'read'])).out).toContain('firsthand read client.pcap server.pcap ');
    expect((await run(['help', 'read'])).out.replaceAll(/\s+/g, ' ')).toContain('of the same traffic are joined');
    expect((await run(['watch', '--help'])).out).toContain('--duration <seconds>');
  });

  it('guesses what was mistyped', async () => {
    expect(await run(['raed', 'x.pcap'])).toEqual({
      code: 2,
      out: '',
      err: 'firsthand: unknown command raed, did you mean read?\n',
    });
    expect((await run(['read', '--jsn', 'x'])).err).toBe("firsthand: unknown option '--jsn', did you mean --json?\n");
  });

  it('reads a file that is named without a verb', async () => {
    const path = join(await scratch(), 'c.pcap');
    await writeFile(path, '');
    const readCapture = readerOf({ [path]: sampleReport() });
    const named = await run(['read', path], { readCapture });
    expect(named.out).toContain('reset by the server');
    expect(await run([path], { readCapture })).toEqual(named);
    expect((await run(['--json', path], { readCapture })).out).toMatch(/^\{\n/);
  });

  it('explains an error message that is given without a verb, even with its quotes forgotten', async () => {
    const quoted = await run(['read ECONNRESET']);
    expect(quoted).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^Reset: a RST/) });
    expect(await run(['read', 'ECONNRESET'])).toEqual(quoted);
    expect(await run(['explain', 'read', 'ECONNRESET'])).toEqual(quoted);
  });

  it('says in one line what is missing for anything else', async () => {
    expect(await run(['/nowhere/c.pcap'])).toEqual({
      code: 2,
      out: '',
      err: 'firsthand: /nowhere/c.pcap: no such file\n',
    });
    expect(await run(['it does not work'])).toEqual({
      code: 2,
      out: '',
      err: 'firsthand: not recognised: it does not work\n',
    });
  });

  it('prints a stack only with --debug, wherever that stands', async () => {
    const plain = await run(['read', '--width', 'x', 'c']);
    expect(plain).toEqual({ code: 2, out: '', err: 'firsthand: --width x: give a number from 60 to 1000\n' });
    expect((await run(['read', '--width', 'x', 'c', '--debug'])).err).toMatch(
      /^firsthand: --width x: .*\n.*Failure: --width x: [^]*\n +at /,
    );
  });

  it('escapes what it was given', async () => {
    expect((await run(['\u001b[31m/x.pcap'])).err).toBe('firsthand: \\x1b[31m/x.pcap: no such file\n');
  });
});
