import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { run } from '../testing/run.ts';

const CASE = resolve(import.meta.dirname, '../../../test/host/unread-data');
const CAPTURE = join(CASE, 'capture.pcap');
const work = mkdtempSync(join(tmpdir(), 'firsthand-read-host-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(work, name);
  writeFileSync(path, content);
  return path;
}

async function refusal(path: string): Promise<string> {
  return (await run(['read', '--strace', path, CAPTURE])).err;
}

describe('firsthand read with host evidence', () => {
  it('lifts the verdict to proof, and names file and line', async () => {
    const { code, out } = await run(['read', '-vv', '--strace', join(CASE, 'strace.txt'), CAPTURE]);
    expect(code).toBe(0);
    expect(out).toMatch(/strace\.txt:\d+: pid \d+ let go of the socket with 500\s+bytes unread/);
    expect(out).toContain('proof');
    const { out: without } = await run(['read', '-vv', CAPTURE]);
    expect(without).not.toContain('proof');
  });

  it('refuses a file that holds nothing of its kind, with what to record', async () => {
    const words = file('words.txt', 'some\nwords\n');
    for (const [flag, remedy] of [
      ['--kernel', 'tracing/trace'],
      ['--strace', 'strace -f -ttt'],
      ['--ss', 'ss -tanp'],
      ['--journal', 'journalctl -o short-iso-precise'],
    ] as const) {
      const { code, out, err } = await run(['read', flag, words, CAPTURE]);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toMatch(
        new RegExp(`^firsthand: ${flag} .*words\\.txt: none of its 2 lines .*${remedy.replace(/[/]/g, '.')}.*\\n$`),
      );
    }
  });

  it('refuses what is empty, packed, missing or standard input', async () => {
    expect(await refusal(file('empty.txt', ''))).toContain('empty.txt: the file is empty');
    expect(await refusal(file('packed.gz', gzipSync('x')))).toContain('packed.gz: is compressed; unpack it first');
    expect(await refusal(join(work, 'none.txt'))).toContain('none.txt: no such file');
    expect(await refusal(work)).toContain('is a directory');
    expect(await refusal('-')).toContain('--strace -: standard input is for the capture');
  });

  it('does not write over them', async () => {
    const strace = file('log.txt', '7 10:00:00.000001 close(3) = 0\n');
    const { code, err } = await run(['read', '--strace', strace, '-o', strace, CAPTURE]);
    expect(code).toBe(2);
    expect(err).toContain('log.txt');
  });
});
