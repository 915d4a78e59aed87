import { describe, expect, it } from 'vitest';
import { concat, integers } from '../wire/bytes.ts';
import { ipv4Packet, tcpFrame, tcpSegment } from '../wire/testing/frames.ts';
import { latin1, readAll } from './testing/collect.ts';
import { PCAP_MICROSECONDS, PCAP_MODIFIED } from './pcap.ts';

const FRAMES = [0, 1, 2].map((index) => tcpFrame({ seq: index, payload: new Uint8Array(index * 9) }));

interface Variant {
  readonly magic: number;
  /** Behind seconds, fraction and the two lengths. */
  readonly more: readonly number[];
  readonly littleEndian?: boolean;
  readonly linkType?: number;
}

function write(frames: readonly Uint8Array[], { magic, more, littleEndian = true, linkType = 1 }: Variant): Uint8Array {
  const head = concat([
    integers(littleEndian, 4, [magic]),
    integers(littleEndian, 2, [2, 4]),
    integers(littleEndian, 4, [0, 0, 65_535, linkType]),
  ]);
  const records = frames.flatMap((bytes, index) => [
    integers(littleEndian, 4, [1_000_000_000 + index, 7, bytes.length, bytes.length]),
    Uint8Array.from(more),
    bytes,
  ]);
  return concat([head, ...records]);
}

/** Interface index, protocol, packet type, padding: wiretap/libpcap.h names the layouts after their authors. */
const KUZNETZOV = [2, 0, 0, 0, 8, 0, 4, 0];
const VARIANTS: readonly (readonly [string, Variant, string, number])[] = [
  ['Kuznetzov', { magic: PCAP_MODIFIED, more: KUZNETZOV }, 'pcap (modified)', 2],
  [
    'Kuznetzov, big-endian',
    { magic: PCAP_MODIFIED, more: [0, 0, 0, 2, 8, 0, 0, 0], littleEndian: false },
    'pcap (modified, big-endian)',
    1,
  ],
  [
    'SuSE 6.3',
    { magic: PCAP_MODIFIED, more: [...KUZNETZOV, 0, 0, 0, 0] },
    'pcap (modified, record headers of 28 bytes)',
    2,
  ],
  ['Red Hat 6.1', { magic: PCAP_MICROSECONDS, more: KUZNETZOV }, 'pcap (record headers of 24 bytes)', 2],
  ['Nokia', { magic: PCAP_MICROSECONDS, more: [0, 0, 0, 0] }, 'pcap (record headers of 20 bytes)', 0],
];

describe('pcap files with longer record headers', () => {
  it.each(VARIANTS)('%s', (_name, variant, format, direction) => {
    const whole = readAll(write(FRAMES, variant));
    expect(whole.info).toMatchObject({ format, packets: 3, damage: [] });
    expect(whole.packets.map(({ bytes }) => bytes)).toEqual(FRAMES.map((frame) => latin1(frame)));
    expect(whole.packets[0]).toMatchObject({ direction, seconds: 1_000_000_000, nanos: 7000 });
    for (let pieceLen = 1; pieceLen < 80; pieceLen++) expect(readAll(write(FRAMES, variant), pieceLen)).toEqual(whole);
  });

  it.each(VARIANTS)('%s, of one packet', (_name, variant, format) => {
    const { info, packets } = readAll(write(FRAMES.slice(0, 1), variant));
    expect(info).toMatchObject({ format, packets: 1, damage: [] });
    expect(packets[0]?.bytes).toBe(latin1(FRAMES[0]!));
  });
});

describe('plain pcap files', () => {
  it('whose packets begin like such a header stay plain', () => {
    const loopback = FRAMES.map((_, index) =>
      concat([Uint8Array.of(2, 0, 0, 0), ipv4Packet(tcpSegment({ seq: index }))]),
    );
    const plain: Variant = { magic: PCAP_MICROSECONDS, more: [], linkType: 0 };
    for (const count of [1, 3]) {
      const { info, packets } = readAll(write(loopback.slice(0, count), plain));
      expect(info).toMatchObject({ format: 'pcap', packets: count, damage: [] });
      expect(packets[0]?.bytes).toBe(latin1(loopback[0]!));
    }
  });

  it('give their first packet without waiting for a second one', () => {
    const file = write(FRAMES.slice(0, 1), { magic: PCAP_MICROSECONDS, more: [] });
    expect(readAll(concat([file, Uint8Array.of(1)])).packets).toHaveLength(1);
  });
});
