import { describe, expect, it } from 'vitest';
import { concat, integers } from '../wire/bytes.ts';
import { tcpFrame } from '../wire/testing/frames.ts';
import { latin1, readAll } from './testing/collect.ts';
import { pcapngBlock, pcapngOptions, writePcapng, type WritablePacket } from './write.ts';

const PACKETS: readonly WritablePacket[] = Array.from({ length: 6 }, (_, index) => ({
  bytes: tcpFrame({ seq: index, payload: new Uint8Array(index).fill(index) }),
  seconds: 1_700_000_000 + index,
  nanos: 123_456_789 + index,
  direction: index % 3,
}));
const FRAME = tcpFrame();
const HEAD_LEN = writePcapng([]).length;

/** A section header and one Ethernet interface. */
function head(littleEndian = true, ...options: { code: number; value: Uint8Array }[]): Uint8Array {
  const section = writePcapng([], { littleEndian }).subarray(0, 28);
  return concat([section, interfaceBlock(littleEndian, 1, ...options)]);
}

function interfaceBlock(
  littleEndian: boolean,
  linkType: number,
  ...options: { code: number; value: Uint8Array }[]
): Uint8Array {
  return pcapngBlock(littleEndian, 1, [
    integers(littleEndian, 2, [linkType, 0]),
    integers(littleEndian, 4, [65_535]),
    pcapngOptions(littleEndian, options),
  ]);
}

function enhanced(ticks: bigint, interfaceId = 0, littleEndian = true): Uint8Array {
  const words = [interfaceId, Number(ticks >> 32n), Number(ticks & 0xffff_ffffn), FRAME.length, FRAME.length];
  return pcapngBlock(littleEndian, 6, [integers(littleEndian, 4, words), FRAME]);
}

function other(type: number): Uint8Array {
  return pcapngBlock(true, type, [integers(true, 4, [1, 2, 3, 4])]);
}

describe('pcapng', () => {
  it.each([
    [true, 'pcapng'],
    [false, 'pcapng (big-endian)'],
  ])('is read in both byte orders', (littleEndian, format) => {
    const { packets, info } = readAll(writePcapng(PACKETS, { littleEndian }));
    expect(info).toMatchObject({ format, linkType: 'EN10MB', packets: 6, damage: [] });
    expect(packets).toEqual(
      PACKETS.map((packet, index) => ({
        ...packet,
        bytes: latin1(packet.bytes),
        frame: index + 1,
        linkType: 1,
        wireLen: packet.bytes.length,
      })),
    );
  });

  it('keeps interfaces apart: link type, resolution, offset and name', () => {
    const name = { code: 2, value: new TextEncoder().encode('eth7') };
    const offset = { code: 14, value: integers(true, 4, [1_700_000_000, 0]) };
    const milliseconds = { code: 9, value: Uint8Array.of(3) };
    const file = concat([
      head(),
      interfaceBlock(true, 101, milliseconds, offset, name),
      enhanced(5n),
      enhanced(1234n, 1),
    ]);
    const { packets, info } = readAll(file);
    expect(packets).toMatchObject([
      { linkType: 1, seconds: 0, nanos: 5000 },
      { linkType: 101, seconds: 1_700_000_001, nanos: 234_000_000 },
    ]);
    expect(info.interfaces).toEqual([
      { linkType: 1, snapLen: 65_535, resolution: 1e6 },
      { linkType: 101, snapLen: 65_535, resolution: 1e3, name: 'eth7' },
    ]);
    expect([...info.linkTypes]).toEqual([1, 101]);
  });

  it('reads simple and obsolete packet blocks', () => {
    const simple = pcapngBlock(true, 3, [integers(true, 4, [FRAME.length]), FRAME]);
    const direction = pcapngOptions(true, [{ code: 2, value: integers(true, 4, [2]) }]);
    const words = [0, 9_000_000, FRAME.length, FRAME.length + 5];
    const padding = new Uint8Array((4 - (FRAME.length % 4)) % 4);
    const obsolete = pcapngBlock(true, 2, [
      integers(true, 2, [0, 0xffff]),
      integers(true, 4, words),
      FRAME,
      padding,
      direction,
    ]);
    const { packets, info } = readAll(concat([head(), simple, obsolete]));
    expect(packets).toMatchObject([
      { bytes: latin1(FRAME), seconds: 0, nanos: 0, direction: 0 },
      { bytes: latin1(FRAME), seconds: 9, nanos: 0, direction: 2, wireLen: FRAME.length + 5 },
    ]);
    expect(info.truncated).toBe(1);
  });

  it('numbers frames as Wireshark does: journal entries and custom blocks count, statistics and secrets do not', () => {
    const file = concat([
      head(),
      enhanced(1n),
      other(9),
      other(4),
      other(5),
      other(10),
      other(0xbad),
      other(0x7777),
      enhanced(2n),
    ]);
    const { packets, info } = readAll(file);
    expect(packets.map(({ frame }) => frame)).toEqual([1, 4]);
    expect(info).toMatchObject({ packets: 4, damage: [] });
  });

  it('starts over with every section, whatever its byte order', () => {
    const file = concat([writePcapng(PACKETS), writePcapng(PACKETS, { littleEndian: false, linkType: 101 })]);
    const { packets, info } = readAll(file);
    expect(packets.map(({ frame, linkType }) => [frame, linkType])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
      [5, 1],
      [6, 1],
      [7, 101],
      [8, 101],
      [9, 101],
      [10, 101],
      [11, 101],
      [12, 101],
    ]);
    expect(info.damage).toEqual([]);
  });
});

describe('damage in pcapng', () => {
  const file = writePcapng(PACKETS);

  it('a block whose lengths differ is skipped', () => {
    const broken = file.slice();
    new DataView(broken.buffer).setUint32(HEAD_LEN + 4, 0x7fff_fff0, true);
    const { packets, info } = readAll(broken);
    expect(packets).toHaveLength(5);
    expect(info.damage).toMatchObject([{ offset: HEAD_LEN }]);
  });

  it('garbage is skipped up to the next blocks', () => {
    const broken = concat([file.subarray(0, HEAD_LEN), new Uint8Array(777).fill(0xfe), file.subarray(HEAD_LEN)]);
    const { packets, info } = readAll(broken);
    expect(packets).toHaveLength(6);
    expect(info.damage).toHaveLength(1);
  });

  it('a cut last block is told', () => {
    const { packets, info } = readAll(file.subarray(0, file.length - 5));
    expect(packets).toHaveLength(5);
    expect(info.damage).toMatchObject([{ what: expect.stringContaining('cut short') }]);
  });

  it('a packet of an interface that was never declared keeps its number', () => {
    const { packets, info } = readAll(concat([head(), enhanced(1n), enhanced(2n, 7), enhanced(3n)]));
    expect(packets.map(({ frame }) => frame)).toEqual([1, 3]);
    expect(info.damage).toMatchObject([{ what: expect.stringContaining('interface 7') }]);
  });

  it('only undecoded link types are an error that names them', () => {
    const usb = concat([writePcapng(PACKETS, { linkType: 189 }), writePcapng(PACKETS, { linkType: 231 })]);
    expect(() => readAll(usb)).toThrow(
      expect.objectContaining({
        code: 'ERR_FIRSTHAND_UNSUPPORTED_LINK_TYPE',
        message: expect.stringContaining('USB_LINUX, DBUS'),
      }),
    );
  });

  it('is the same however the bytes are divided', () => {
    const broken = concat([
      file.subarray(0, HEAD_LEN),
      new Uint8Array(77).fill(0xfe),
      file.subarray(HEAD_LEN, file.length - 2),
    ]);
    const whole = readAll(broken);
    expect(whole.info.damage).toHaveLength(2);
    for (let pieceLen = 1; pieceLen < 150; pieceLen++) expect(readAll(broken, pieceLen)).toEqual(whole);
  });
});
