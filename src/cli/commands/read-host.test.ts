import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

function zstd(content: Uint8Array): Uint8Array {
  return execFileSync('zstd', ['-cq'], { input: content });
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
      ['--kernel', 'firsthand-clock'],
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

  it.each([
    ['gz', gzipSync],
    ['zst', zstd],
  ] as const)('reads the same from a file packed as %s', async (ending, pack) => {
    const sources = ['kernel', 'strace', 'ss'] as const;
    const flags = (toFile: (name: string) => string): string[] =>
      sources.flatMap((name) => [`--${name}`, toFile(`${name}.txt`)]);
    const plain = await run(['read', '--json', ...flags((name) => join(CASE, name)), CAPTURE]);
    const packed = (name: string): string => file(`${name}.${ending}`, pack(readFileSync(join(CASE, name))));
    const { code, out, err } = await run(['read', '--json', ...flags(packed), CAPTURE]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.replaceAll(`.txt.${ending}`, '.txt')).toBe(plain.out);
    expect(out).toContain('"proof"');
  });

  it('refuses what is packed and broken off, whose rest might say the contrary', async () => {
    const whole = gzipSync(readFileSync(join(CASE, 'strace.txt')));
    expect(await refusal(file('half.gz', whole.subarray(0, whole.length / 2)))).toMatch(/half\.gz: gzip data damaged/);
    expect(await refusal(file('half.zst', zstd(readFileSync(join(CASE, 'strace.txt'))).subarray(0, 200)))).toMatch(
      /half\.zst: zstd data/,
    );
  });

  it('refuses what is empty, packed, missing or standard input', async () => {
    expect(await refusal(file('empty.txt', ''))).toContain('empty.txt: the file is empty');
    expect(await refusal(file('packed.xz', new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])))).toContain(
      'packed.xz: looks like xz; unpack it first',
    );
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
