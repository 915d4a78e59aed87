import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectingSink, readAll, type Collected } from '../capture/testing/collect.ts';
import { writePcap } from '../capture/write.ts';
import { concat } from '../wire/bytes.ts';
import { tcpFrame } from '../wire/testing/frames.ts';
import { openCapture, type CaptureSource } from './source.ts';

const CAPTURE = writePcap(
  Array.from({ length: 5000 }, (_, index) => ({
    bytes: tcpFrame({ seq: index, payload: new Uint8Array(index % 1400).fill(index) }),
    seconds: 1_700_000_000 + index,
    nanos: index,
  })),
);
const EXPECTED = readAll(CAPTURE).packets;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'firsthand-source-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

async function scan(source: CaptureSource): Promise<readonly Collected[]> {
  const packets: Collected[] = [];
  await source.scan(collectingSink(packets));
  return packets;
}

describe('openCapture', () => {
  it('scans a plain file as often as asked', async () => {
    const source = openCapture(fileWith('plain.pcap', CAPTURE));
    expect(source).toMatchObject({ rescannable: true, sizeBytes: CAPTURE.length });
    expect(await scan(source)).toEqual(EXPECTED);
    expect(await scan(source)).toEqual(EXPECTED);
  });

  it.each([
    ['gzip', gzipSync(CAPTURE)],
    ['gzip in two members', concat([gzipSync(CAPTURE.subarray(0, 77_777)), gzipSync(CAPTURE.subarray(77_777))])],
    ['zstd', execFileSync('zstd', ['-cq'], { input: CAPTURE, maxBuffer: 1 << 26 })],
  ])('inflates %s as often as asked', async (name, bytes) => {
    const source = openCapture(fileWith(name, bytes));
    expect(source).toMatchObject({ rescannable: true, sizeBytes: bytes.length });
    expect(await scan(source)).toEqual(EXPECTED);
    expect(await scan(source)).toEqual(EXPECTED);
  });

  it('keeps what came before the end of cut gzip data', async () => {
    const bytes = gzipSync(CAPTURE);
    const source = openCapture(fileWith('cut.gz', bytes.subarray(0, bytes.length - 10)));
    const packets: Collected[] = [];
    const info = await source.scan(collectingSink(packets));
    expect(packets.length).toBeGreaterThan(4900);
    expect(packets).toEqual(EXPECTED.slice(0, packets.length));
    expect(info.damage.at(-1)?.what).toContain('gzip data damaged');
  });

  it('keeps all but the last moment before garbage behind gzip data', async () => {
    const source = openCapture(fileWith('garbage.gz', concat([gzipSync(CAPTURE), new Uint8Array(50).fill(0x55)])));
    const packets: Collected[] = [];
    const info = await source.scan(collectingSink(packets));
    // At most 64 KiB of output go with the call of zlib that finds the garbage.
    const kept = packets.length;
    expect(packets).toEqual(EXPECTED.slice(0, kept));
    expect(EXPECTED.slice(kept).reduce((sum, { bytes }) => sum + bytes.length + 16, 0)).toBeLessThan(64 * 1024);
    expect(info.damage.at(-1)?.what).toContain('gzip data damaged');
  });

  it('streams a named pipe without opening it twice', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const plain = fileWith('for-pipe.pcap', CAPTURE);
    const source = openCapture(path);
    expect(source.rescannable).toBe(false);
    const writer = spawn('sh', ['-c', 'cat "$1" > "$2"', 'sh', plain, path], { stdio: 'ignore' });
    const exited = new Promise((resolve) => writer.once('exit', resolve));
    expect(await scan(source)).toEqual(EXPECTED);
    expect(await exited).toBe(0);
  });

  it('reports progress up to the size of the file and heeds the signal', async () => {
    const source = openCapture(fileWith('progress.pcap', CAPTURE));
    const seen: number[] = [];
    await source.scan(collectingSink([]), { onProgress: (bytesRead) => seen.push(bytesRead) });
    expect(seen.at(-1)).toBe(CAPTURE.length);
    const reason = new Error('enough');
    await expect(source.scan(collectingSink([]), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('says why a path cannot be read', async () => {
    expect(() => openCapture(join(folder, 'missing.pcap'))).toThrow(/missing\.pcap: no such file$/);
    expect(() => openCapture(folder)).toThrow(expect.objectContaining({ code: 'ERR_FIRSTHAND_CANNOT_OPEN' }));
    await expect(scan(openCapture(fileWith('empty.pcap', new Uint8Array(0))))).rejects.toThrow(/empty\.pcap: empty/);
    await expect(scan(openCapture(fileWith('a.txt', Buffer.from('Error: socket hang up'))))).rejects.toThrow(
      /a\.txt: not a capture/,
    );
  });
});
