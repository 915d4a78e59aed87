import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { makeCapture } from './make-capture.ts';

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-test-'));
});

afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

test('the same seed gives the same bytes, another seed gives others', () => {
  const first = fs.readFileSync(makeCapture(3000, 7, folder).file);
  fs.rmSync(folder, { recursive: true });
  expect(fs.readFileSync(makeCapture(3000, 7, folder).file).equals(first)).toBe(true);
  expect(fs.readFileSync(makeCapture(3000, 8, folder).file).equals(first)).toBe(false);
});

test('a whole capture is reused and a cut one is written again', () => {
  const { file, truth } = makeCapture(3000, 7, folder);
  expect(makeCapture(3000, 7, folder).reused).toBe(true);
  fs.truncateSync(file, truth.bytes - 1);
  expect(makeCapture(3000, 7, folder).reused).toBe(false);
  expect(fs.statSync(file).size).toBe(truth.bytes);
});

test('records are in the order of time, 54 to 96 bytes long, and as many as asked for', () => {
  const frames = readFrames(makeCapture(40_000, 7, folder).file);
  expect(frames).toHaveLength(40_000);
  const lengths = frames.map(({ frame }) => frame.byteLength);
  expect(Math.min(...lengths)).toBeGreaterThanOrEqual(54);
  expect(Math.max(...lengths)).toBe(96);
  expect(frames.every(({ atUs }, i) => i === 0 || atUs >= frames[i - 1]!.atUs)).toBe(true);
});

test('IPv4 headers and uncut TCP segments of both families carry right checksums', () => {
  const frames = readFrames(makeCapture(20_000, 7, folder).file);
  const seen = { v4: 0, v6: 0 };
  for (const { frame, wireLen } of frames) {
    const isV4 = frame.getUint16(12) === 0x0800;
    if (isV4) expect(onesSum(frame, 14, 34)).toBe(0xffff);
    if (frame.byteLength !== wireLen) continue;
    const [addresses, tcp] = isV4 ? [26, 34] : [22, 54];
    const pseudo = onesSum(frame, addresses, tcp) + 6 + (wireLen - tcp);
    expect(carry(pseudo + onesSum(frame, tcp, wireLen))).toBe(0xffff);
    seen[isV4 ? 'v4' : 'v6']++;
  }
  expect(seen.v4).toBeGreaterThan(5000);
  expect(seen.v6).toBeGreaterThan(500);
});

test('the stated RSTs by sender are those in the file', () => {
  const { file, truth } = makeCapture(150_000, 7, folder);
  const counts: Record<string, number> = {};
  for (const { frame } of readFrames(file)) {
    const isV4 = frame.getUint16(12) === 0x0800;
    if ((frame.getUint8((isV4 ? 34 : 54) + 13) & 4) === 0) continue;
    const sender = isV4 ? [26, 27, 28, 29].map((at) => frame.getUint8(at)).join('.') : ipv6Text(frame, 22);
    counts[sender] = (counts[sender] ?? 0) + 1;
  }
  expect(truth.rstBySender).toEqual(counts);
  expect(Object.keys(counts).some((sender) => sender.includes(':'))).toBe(true);
});

function readFrames(file: string): { atUs: number; wireLen: number; frame: DataView }[] {
  const bytes = fs.readFileSync(file);
  const frames = [];
  for (let at = 24; at < bytes.length;) {
    const capturedLen = bytes.readUInt32LE(at + 8);
    frames.push({
      atUs: bytes.readUInt32LE(at) * 1e6 + bytes.readUInt32LE(at + 4),
      wireLen: bytes.readUInt32LE(at + 12),
      frame: new DataView(bytes.buffer, bytes.byteOffset + at + 16, capturedLen),
    });
    at += 16 + capturedLen;
  }
  return frames;
}

/** RFC 1071: 0xffff over data that includes its own checksum. */
function onesSum(frame: DataView, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at++) sum += (at - start) % 2 === 0 ? frame.getUint8(at) * 256 : frame.getUint8(at);
  return carry(sum);
}

function carry(sum: number): number {
  return sum > 0xffff ? carry((sum % 0x10000) + Math.floor(sum / 0x10000)) : sum;
}

function ipv6Text(frame: DataView, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => frame.getUint16(at + 2 * i).toString(16));
  return groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::');
}
