/** Whole readings of hostile captures: nothing is thrown but `CaptureError`, and every report keeps its promises. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkWhole } from '../fuzz/check.ts';
import { readWhole } from '../fuzz/whole.ts';
import { readCapture as readInBrowser } from '../src/browser.ts';
import { createCaptureReader } from '../src/capture/reader.ts';
import { readCapture } from '../src/collect/read-capture.ts';
import { type WritablePacket, writePcap, writePcapng } from '../src/capture/write.ts';
import {
  ethernetFrame,
  ipv4Packet,
  ipv6Packet,
  type TcpFields,
  tcpFrame,
  tcpSegment,
} from '../src/wire/testing/frames.ts';

/** The same captures in every run; `npm run fuzz` looks for new ones. */
const SEED = 1;
/** For a machine under load; a tenth of it is usual. */
const BOUND_MS = 60_000;

const CAPTURES = resolve(import.meta.dirname, 'captures');
const FIXTURES = resolve(import.meta.dirname, '../fuzz/fixtures');

/** Ends of flags, sequence space and time, where arithmetic goes wrong. */
const SEQS = [0, 1, 1000, 1001, 1500, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff];
const FLAGS = [0x02, 0x12, 0x10, 0x18, 0x11, 0x04, 0x14, 0x00, 0x29];
const PAYLOADS = [
  '',
  'GET / HTTP/1.1\r\nHost: \u001b[31m\u202e\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc',
  'HTTP/1.1 99999999999999999999\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n',
  'POST /\u0000\u009b HTTP/1.0\r\nContent-Length: -1\r\nServer: \u007f\r\n\r\n',
  '\u0016\u0003\u0001\u0002\u0000\u0001',
].map((text) => new TextEncoder().encode(text));

const arbitraryPacket: fc.Arbitrary<WritablePacket> = fc
  .record({
    swap: fc.boolean(),
    port: fc.constantFrom(0, 80, 443, 40_000, 65_535),
    version: fc.constantFrom(4, 4, 4, 6),
    flags: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...FLAGS) }, fc.integer({ min: 0, max: 0x1ff })),
    seq: fc.oneof(fc.constantFrom(...SEQS), fc.integer({ min: 0, max: 0xffff_ffff })),
    ack: fc.oneof(fc.constantFrom(...SEQS), fc.integer({ min: 0, max: 0xffff_ffff })),
    window: fc.constantFrom(0, 1, 502, 65_535),
    options: fc.oneof(
      fc.constant([]),
      fc.constant([1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 7]),
      fc
        .array(fc.integer({ min: 0, max: 255 }), { maxLength: 10 })
        .map((bytes) => [...bytes, ...bytes, ...bytes, ...bytes]),
    ),
    payload: fc.oneof(fc.constantFrom(...PAYLOADS), fc.uint8Array({ maxLength: 60 })),
    ttl: fc.integer({ min: 0, max: 255 }),
    id: fc.constantFrom(0, 1, 2, 0xffff),
    seconds: fc.oneof(fc.integer({ min: 1_700_000_000, max: 1_700_000_100 }), fc.integer({ min: 0, max: 0xffff_ffff })),
    nanos: fc.integer({ min: 0, max: 999_999_999 }),
    cut: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 60 })),
  })
  .map(({ swap, port, version, flags, seq, ack, window, options, payload, ttl, id, seconds, nanos, cut }) => {
    const ports = swap ? { srcPort: port, dstPort: 40_001 } : { srcPort: 40_001, dstPort: port };
    const segment = tcpSegment({ ...ports, flags, seq, ack, window, options, payload });
    const frame =
      version === 4
        ? ethernetFrame([0x0800], swapped(ipv4Packet(segment, { ttl, id }), swap, 12, 4))
        : ethernetFrame([0x86dd], swapped(ipv6Packet(6, segment), swap, 8, 16));
    return {
      bytes: frame.subarray(0, frame.length - Math.min(cut, frame.length)),
      wireLen: frame.length,
      seconds,
      nanos,
    };
  });

/** The same IP packet the other way: its two addresses, each `len` bytes from `at`, exchanged. */
function swapped(packet: Uint8Array, swap: boolean, at: number, len: number): Uint8Array {
  if (swap) packet.set([...packet.slice(at + len, at + 2 * len), ...packet.slice(at, at + len)], at);
  return packet;
}

/** Recorded captures as packets, so that records can be moved about as a whole. */
const RECORDED = readdirSync(CAPTURES, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.pcap'))
  .toSorted()
  .map((name) => toPackets(readFileSync(join(CAPTURES, name))))
  .filter((packets) => packets.length <= 200);

function toPackets(capture: Uint8Array): readonly WritablePacket[] {
  const packets: WritablePacket[] = [];
  const reader = createCaptureReader({
    packet: (view, start, end, wireLen, _linkType, seconds, nanos) =>
      void packets.push({ bytes: new Uint8Array(view.buffer.slice(start, end)), wireLen, seconds, nanos }),
  });
  reader.feed(capture);
  reader.end();
  return packets;
}

type Damage = (packets: readonly WritablePacket[]) => readonly WritablePacket[];

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

const arbitraryDamage: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(place, place, fc.integer({ min: 0, max: 7 })).map(
    ([where, byte, bit]): Damage =>
      (packets) =>
        packets.map((packet, index) => {
          if (index !== Math.floor(where * packets.length)) return packet;
          const bytes = packet.bytes.slice();
          const at = Math.floor(byte * bytes.length);
          if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
          return { ...packet, bytes };
        }),
  ),
  fc.tuple(place, place).map(
    ([where, end]): Damage =>
      (packets) =>
        packets.map((packet, index) =>
          index === Math.floor(where * packets.length)
            ? {
                ...packet,
                wireLen: packet.wireLen ?? packet.bytes.length,
                bytes: packet.bytes.subarray(0, Math.floor(end * packet.bytes.length)),
              }
            : packet,
        ),
  ),
  fc.tuple(place, place).map(([from, to]): Damage => (packets) => {
    const moved = packets[Math.floor(from * packets.length)];
    if (moved === undefined) return packets;
    const rest = packets.filter((packet) => packet !== moved);
    return rest.toSpliced(Math.floor(to * (rest.length + 1)), 0, moved);
  }),
  fc.tuple(place, fc.integer({ min: 1, max: 70 })).map(([where, times]): Damage => (packets) => {
    const at = Math.floor(where * packets.length);
    const one = packets[at];
    return one === undefined ? packets : packets.toSpliced(at, 0, ...Array.from({ length: times }, () => one));
  }),
  fc.tuple(place, place).map(
    ([from, to]): Damage =>
      (packets) =>
        [...packets].toSpliced(Math.floor(from * packets.length), Math.floor(to * packets.length)),
  ),
  fc.nat().map((other): Damage => (packets) => [...packets, ...(RECORDED[other % RECORDED.length] ?? [])]),
  fc.constant<Damage>((packets) => [...packets].toReversed()),
);

/** How many resets the capture shows; fails for a report that breaks a promise. */
async function check(packets: readonly WritablePacket[], write: typeof writePcap = writePcap): Promise<number> {
  const { report, broken } = await readWhole(Uint8Array.from(write(packets)));
  expect(broken).toEqual([]);
  return report?.resets.length ?? 0;
}

describe('the whole reading', () => {
  it(
    'survives random TCP packets, in pcap and in pcapng',
    async () => {
      let resets = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(arbitraryPacket, { maxLength: 60 }), fc.boolean(), async (packets, next) => {
          resets += await check(packets, next ? writePcapng : writePcap);
        }),
        { numRuns: 150, seed: SEED },
      );
      expect(resets).toBeGreaterThan(100);
    },
    BOUND_MS,
  );

  it(
    'survives recorded captures whose packets were flipped, cut, moved, repeated, lost and mixed',
    async () => {
      let resets = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.nat(),
          fc.array(arbitraryDamage, { minLength: 1, maxLength: 4 }),
          async (which, damages) => {
            const packets = damages.reduce((kept, damage) => damage(kept), RECORDED[which % RECORDED.length] ?? []);
            resets += await check(packets);
          },
        ),
        { numRuns: 100, seed: SEED },
      );
      expect(resets).toBeGreaterThan(100);
    },
    BOUND_MS,
  );

  it('gives no negative times for packets that stand in the file before their predecessors', async () => {
    const one = tcpFrame({ flags: 0x02, seq: 1000 });
    const packets = [
      { bytes: one, seconds: 1_700_000_009, nanos: 0 },
      { bytes: tcpFrame({ flags: 0x10, seq: 1001, ack: 1 }), seconds: 1_700_000_005, nanos: 0 },
      { bytes: tcpFrame({ flags: 0x04, seq: 1001 }), seconds: 1_700_000_001, nanos: 0 },
    ];
    const { report, broken } = await readWhole(Uint8Array.from(writePcap(packets)));
    expect(report?.resets).toHaveLength(1);
    const { durationMs, idleMs, quietMs } = report!.resets[0]!.connection;
    for (const ms of [durationMs, idleMs ?? 0, quietMs ?? 0]) expect(ms).toBeGreaterThanOrEqual(0);
    expect(broken).toEqual([]);
  });

  it('tells the reset with which a stream ends', async () => {
    const told: string[] = [];
    const packets = [
      { bytes: tcpFrame({ flags: 0x02, seq: 1000 }), seconds: 1_700_000_000, nanos: 0 },
      { bytes: tcpFrame({ flags: 0x04, seq: 1001 }), seconds: 1_700_000_000, nanos: 1000 },
    ];
    const report = await readCapture(writePcap(packets), { onReset: ({ id }) => void told.push(id) });
    expect(told).toEqual(report.resets.map(({ id }) => id));
    expect(told).toHaveLength(1);
  });

  it('names a listener alike from a file and from a stream when only a surviving connection named it', async () => {
    const response = new TextEncoder().encode('HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n');
    const capture = Uint8Array.from(
      writePcap([
        toServer({ flags: 0x02, seq: 0 }),
        toClient({ flags: 0x12, seq: 0, ack: 1 }),
        toServer({ flags: 0x18, seq: 1, ack: 1, payload: new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n') }),
        toClient({ flags: 0x18, seq: 1, ack: 19, payload: response }),
        toClient({ flags: 0x11, seq: 1 + response.length, ack: 19 }),
        toServer({ flags: 0x11, seq: 19, ack: 2 + response.length }),
        toServer({ flags: 0x02, seq: 0, srcPort: 40_002 }),
        toClient({ flags: 0x14, seq: 0, ack: 1, dstPort: 40_002 }),
      ]),
    );
    expect(await names(new Blob([capture]).stream())).toEqual(['nginx']);
    expect(await names(new Blob([capture]))).toEqual(['nginx']);
  });
});

/** Every day another seed; a finding is printed with the seed and number that bring it back, and saved as a fixture. */
describe('the fuzzer', () => {
  it(
    'finds nothing in fifteen seconds',
    async () => {
      const args = ['--import', 'tsx', resolve(import.meta.dirname, '../fuzz/main.ts'), '--seconds', '15'];
      // Rejects with the output, and so with the seed, when the fuzzer exits with 1.
      const { stdout } = await promisify(execFile)(process.execPath, args);
      expect(Number(/^(\d+) inputs/m.exec(stdout)?.[1])).toBeGreaterThan(20);
    },
    BOUND_MS * 2,
  );

  it.each(fixtures())('finds nothing any more in %s', async (name) => {
    const kind = name.startsWith('text') ? 'text' : 'capture';
    const bytes = Uint8Array.from(readFileSync(join(FIXTURES, name)));
    const { broken } = await checkWhole(kind, bytes, join(tmpdir(), `firsthand-fixture-${process.pid}`));
    expect(broken).toEqual([]);
  });
});

function fixtures(): readonly string[] {
  return existsSync(FIXTURES) ? readdirSync(FIXTURES).toSorted() : [];
}

function toServer(fields: TcpFields): WritablePacket {
  const segment = tcpSegment({ srcPort: 40_001, dstPort: 80, ...fields });
  return { bytes: ethernetFrame([0x0800], ipv4Packet(segment)), seconds: 1_700_000_000, nanos: 0 };
}

function toClient(fields: TcpFields): WritablePacket {
  const segment = tcpSegment({ srcPort: 80, dstPort: 40_001, ...fields });
  return {
    bytes: ethernetFrame([0x0800], swapped(ipv4Packet(segment), true, 12, 4)),
    seconds: 1_700_000_000,
    nanos: 0,
  };
}

async function names(input: Blob | ReadableStream<Uint8Array>): Promise<unknown> {
  return (await readInBrowser(input)).resets.map(({ sender }) => sender.name);
}
