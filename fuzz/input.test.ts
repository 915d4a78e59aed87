import { describe, expect, it } from 'vitest';
import { createCaptureReader } from '../src/capture/reader.ts';
import { writePcap, writePcapng } from '../src/capture/write.ts';
import { tcpFrame } from '../src/wire/testing/frames.ts';
import { createInputs } from './input.ts';
import { hotBytes, recordsOf } from './records.ts';

const PACKETS = Array.from({ length: 120 }, (_, index) => ({
  bytes: tcpFrame({ seq: index, payload: new Uint8Array(index % 7) }),
  seconds: 1_700_000_000 + index,
  nanos: 0,
}));
const CAPTURES = [
  { name: 'pcap', bytes: writePcap(PACKETS) },
  { name: 'pcapng', bytes: writePcapng(PACKETS) },
];

describe('inputs', () => {
  it('are the same for the same seed and number, whatever was read before', () => {
    const all = createInputs(7, CAPTURES, ['read ECONNRESET']);
    const again = createInputs(7, CAPTURES, ['read ECONNRESET']);
    const first = Array.from({ length: 40 }, (_, index) => all.at(index).bytes);
    expect(again.at(39).bytes).toEqual(first[39]);
    expect(again.at(0).bytes).toEqual(first[0]);
    expect(new Set(first.map((bytes) => bytes.join())).size).toBeGreaterThan(35);
    expect(createInputs(8, CAPTURES, []).at(39).bytes).not.toEqual(first[39]);
  });

  it('are both captures and text, and mostly small', () => {
    const inputs = createInputs(7, CAPTURES, ['read ECONNRESET']);
    const made = Array.from({ length: 300 }, (_, index) => inputs.at(index));
    expect(new Set(made.map(({ kind }) => kind))).toEqual(new Set(['capture', 'text']));
    const whole = CAPTURES[0]!.bytes.length;
    expect(made.filter(({ bytes }) => bytes.length < whole / 2).length).toBeGreaterThan(150);
  });
});

describe('records', () => {
  it.each(CAPTURES)('of $name start where the reader says that the packets are', ({ bytes }) => {
    const frames: number[] = [];
    const reader = createCaptureReader({ packet: (_view, start, end) => void frames.push(end - start) });
    reader.feed(bytes);
    reader.end();
    const records = recordsOf(bytes)!;
    expect(records.starts).toHaveLength(frames.length);
    const [first = 0] = records.starts;
    const frame = first + records.recordHeadLen;
    expect(bytes.subarray(frame, frame + 14)).toEqual(PACKETS[0]!.bytes.subarray(0, 14));
    expect(hotBytes(bytes, records)).toContain(frame + 13);
  });

  it('of anything else are none', () => {
    expect(recordsOf(new Uint8Array(40))).toBeNull();
    expect(recordsOf(new Uint8Array(3))).toBeNull();
  });
});
