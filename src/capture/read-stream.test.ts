import { gzipSync } from 'node:zlib';
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { tcpFrame } from '../wire/testing/frames.ts';
import { concat } from '../wire/bytes.ts';
import type { CaptureInfo } from './info.ts';
import { readStream, type ReadStreamOptions } from './read-stream.ts';
import { collectingSink, readAll, type Collected } from './testing/collect.ts';
import { writePcap } from './write.ts';

const CAPTURE = writePcap(
  Array.from({ length: 3000 }, (_, index) => ({
    bytes: tcpFrame({ seq: index * 2_654_435_761, payload: new Uint8Array(index % 97).fill(index) }),
    seconds: 1_700_000_000 + index,
    nanos: index,
  })),
);
const ZSTD = execFileSync('zstd', ['-c', '-q'], { input: CAPTURE });

async function* pieces(bytes: Uint8Array, pieceLen: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceLen) yield bytes.subarray(at, at + pieceLen);
}

async function read(
  bytes: Uint8Array,
  pieceLen = 10_000,
  options: ReadStreamOptions = {},
): Promise<{ packets: readonly Collected[]; info: CaptureInfo }> {
  const packets: Collected[] = [];
  const info = await readStream(pieces(bytes, pieceLen), collectingSink(packets), options);
  return { packets, info };
}

const EXPECTED = readAll(CAPTURE).packets;

describe('readStream', () => {
  it.each([
    ['pcap (nanoseconds)', CAPTURE],
    ['pcap (nanoseconds), gzip', gzipSync(CAPTURE)],
    ['pcap (nanoseconds), gzip', concat([gzipSync(CAPTURE.subarray(0, 9999)), gzipSync(CAPTURE.subarray(9999))])],
    ['pcap (nanoseconds), zstd', ZSTD],
    [
      'pcap (nanoseconds), zstd',
      concat([zstd(CAPTURE.subarray(0, 9999)), skippable(), zstd(CAPTURE.subarray(9999), '--check', '-19')]),
    ],
  ])('reads %s in pieces of any size', async (format, bytes) => {
    for (const pieceLen of [7, 4096, bytes.length]) {
      const { packets, info } = await read(bytes, pieceLen);
      expect(info).toMatchObject({ format, packets: 3000, bytes: CAPTURE.length, damage: [] });
      expect(packets).toEqual(EXPECTED);
    }
  });

  it('reports the bytes of the stream as progress', async () => {
    const seen: number[] = [];
    await read(ZSTD, 1000, { onProgress: (bytesRead) => seen.push(bytesRead) });
    expect(seen.at(-1)).toBe(ZSTD.length);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  it('stops when aborted', async () => {
    const controller = new AbortController();
    const stop = new Error('enough');
    const reading = read(CAPTURE, 1000, { signal: controller.signal, onProgress: () => controller.abort(stop) });
    await expect(reading).rejects.toBe(stop);
  });

  it('passes an error of the source on', async () => {
    const broken = new Error('disk');
    for (const bytes of [CAPTURE, gzipSync(CAPTURE), ZSTD]) {
      const chunks = (async function* () {
        yield bytes.subarray(0, 5000);
        throw broken;
      })();
      await expect(readStream(chunks, collectingSink([]))).rejects.toBe(broken);
    }
  });

  it('names the path in errors', async () => {
    await expect(read(new Uint8Array(0), 1, { path: 'x.pcap' })).rejects.toThrow(/^x\.pcap: empty/);
    await expect(read(Buffer.from('no capture here, only text'), 5, { path: '-' })).rejects.toThrow(
      /^standard input: not a/,
    );
    await expect(read(gzipSync('no capture here, only text'), 5)).rejects.toThrow(/is text/);
  });
});

describe('compressed data that breaks off', () => {
  it.each([
    ['gzip', gzipSync(CAPTURE)],
    ['zstd', zstd(CAPTURE, '--no-check')],
  ])('%s keeps what came before', async (format, bytes) => {
    const { packets, info } = await read(bytes.subarray(0, bytes.length - 9), 1000);
    expect(packets.length).toBeGreaterThan(format === 'gzip' ? 2900 : 100);
    expect(packets).toEqual(EXPECTED.slice(0, packets.length));
    expect(info.damage.at(-1)?.what).toMatch(`${format} data damaged`);
  });

  it.each([
    ['gzip', gzipSync(CAPTURE)],
    ['zstd', ZSTD],
  ])('%s with garbage behind it keeps everything', async (format, bytes) => {
    const { packets, info } = await read(concat([bytes, new Uint8Array(50).fill(0x55)]), 1000);
    // The platform throws away what the piece with the garbage in it had inflated to.
    expect(packets.length).toBeGreaterThan(format === 'gzip' ? 2900 : 2999);
    expect(packets).toEqual(EXPECTED.slice(0, packets.length));
    expect(info.damage.at(-1)).toMatchObject({ what: expect.stringContaining(`${format} data damaged`) });
  });

  it.each([
    ['gzip', gzipSync(CAPTURE)],
    ['zstd', ZSTD],
  ])('%s of which nothing can be read is an error', async (_format, bytes) => {
    await expect(read(bytes.subarray(0, 12))).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_FIRSTHAND_DAMAGED' }),
    );
  });

  it('a zstd window that would cost too much memory is refused', async () => {
    const greedy = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00, ...new Uint8Array(20));
    await expect(read(greedy)).rejects.toThrow(/window of 2048 MiB/);
  });
});

function zstd(bytes: Uint8Array, ...options: string[]): Uint8Array {
  return execFileSync('zstd', ['-c', '-q', ...options], { input: bytes });
}

function skippable(): Uint8Array {
  return Uint8Array.of(0x53, 0x2a, 0x4d, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5);
}
