import { describe, expect, it } from 'vitest';
import { createCaptureReader } from '../capture/reader.ts';
import { writePcap, type WritablePacket } from '../capture/write.ts';
import { tcpFrame } from '../wire/testing/frames.ts';
import { MAX_SILENCES } from './followed.ts';
import { createReading, type ReadingOptions } from './reading.ts';
import type { Report } from './types.ts';

const SYN = 0x02;
const RST_ACK = 0x14;
const DATA = 0x18;

function syn(srcPort: number, at: number): WritablePacket {
  return { seconds: 1000 + at, nanos: 0, bytes: tcpFrame({ srcPort, flags: SYN, seq: srcPort }) };
}

/** A SYN that is refused. */
function refused(srcPort: number, at: number): WritablePacket[] {
  const rst = tcpFrame({ srcPort: 80, dstPort: srcPort, flags: RST_ACK, ack: srcPort + 1, window: 0 });
  return [syn(srcPort, at), { seconds: 1000 + at, nanos: 1000, bytes: swapped(rst) }];
}

/** Data that its receiver acknowledges no more: sent three times. */
function unanswered(srcPort: number, at: number): WritablePacket[] {
  const hello = swapped(tcpFrame({ srcPort: 80, dstPort: srcPort, flags: DATA, seq: 7, payload: Uint8Array.of(1) }));
  const data = tcpFrame({ srcPort, flags: DATA, seq: 9, payload: Uint8Array.of(1, 2, 3) });
  return [hello, data, data, data].map((frame, i) => ({ seconds: 1000 + at + i, nanos: 0, bytes: frame }));
}

/** The frame as the other host sends it. */
function swapped(frame: Uint8Array): Uint8Array {
  const copy = frame.slice();
  copy.set(frame.subarray(26, 30), 30);
  copy.set(frame.subarray(30, 34), 26);
  return copy;
}

function readTwice(packets: readonly WritablePacket[], options: ReadingOptions): Report {
  const bytes = writePcap(packets);
  const reading = createReading(options);
  const scan = (sink: Parameters<typeof createCaptureReader>[0]): ReturnType<typeof createCaptureReader> => {
    const reader = createCaptureReader(sink);
    reader.feed(bytes);
    reader.end();
    return reader;
  };
  const { info } = scan(reading.surveySink);
  scan(reading.traceSink());
  return reading.report('x.pcap', info, 'two-pass', '0');
}

function readOnce(packets: readonly WritablePacket[], options: ReadingOptions): Report {
  const reading = createReading(options);
  const reader = createCaptureReader(reading.streamSink);
  reader.feed(writePcap(packets));
  reader.end();
  return reading.report('-', reader.info, 'one-pass', '0');
}

const TEN_REFUSED = Array.from({ length: 10 }, (_, i) => refused(5000 + i, i)).flat();

describe('more resets than are told of one by one', () => {
  it('are all counted, the first of them told, and the report says how many are not', () => {
    const report = readTwice(TEN_REFUSED, { maxResets: 4 });
    expect(report.resets.map(({ connection }) => connection.client.port)).toEqual([5000, 5001, 5002, 5003]);
    expect(report.summary).toMatchObject({ resets: 10, rstPackets: 10, connections: 10 });
    expect(report.inputs[0]!.notes?.[0]).toMatch(/^6 more connections had a RST/);
  });

  it('are bounded in a stream too', () => {
    const report = readOnce(TEN_REFUSED, { maxResets: 4 });
    expect(report.resets).toHaveLength(4);
    expect(report.summary).toMatchObject({ resets: 10, rstPackets: 10 });
    expect(report.inputs[0]!.notes?.[0]).toMatch(/^6 more connections had a RST/);
  });

  it('are all told of when all RSTs are asked for, and without a note when none is left out', () => {
    expect(readTwice(TEN_REFUSED, { maxResets: 4, allRsts: true }).resets).toHaveLength(10);
    const report = readTwice(TEN_REFUSED, {});
    expect(report.resets).toHaveLength(10);
    expect(report.inputs[0]!.notes).toBeUndefined();
  });
});

describe('a flood of SYNs that nobody answers', () => {
  const beyond = 25;
  const flood = Array.from({ length: MAX_SILENCES + beyond }, (_, i) => syn(10_000 + i, 0));

  it('is bounded, and what carried data is told of before it', () => {
    const report = readTwice([...flood, ...unanswered(9000, 60)], {});
    expect(report.silences).toHaveLength(MAX_SILENCES);
    expect(report.silences.map(({ connection }) => connection.client.port)).toContain(9000);
    expect(report.inputs[0]!.notes).toEqual([`${beyond + 1} more connections fell silent; only the first are told of`]);
    expect(report.summary.connections).toBe(MAX_SILENCES + beyond + 1);
  });
});
