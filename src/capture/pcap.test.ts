import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, integers } from '../wire/bytes.ts';
import { tcpFrame } from '../wire/testing/frames.ts';
import { latin1, readAll } from './testing/collect.ts';
import { writePcap, type WritablePacket } from './write.ts';

const PACKETS: readonly WritablePacket[] = Array.from({ length: 12 }, (_, index) => ({
  bytes: tcpFrame({ seq: index, payload: new Uint8Array(index * 7).fill(index) }),
  seconds: 1_700_000_000 + index,
  nanos: index * 1_000_001,
}));

describe('every kind of pcap file', () => {
  it.each([
    ['pcap', { nanoseconds: false }],
    ['pcap (big-endian)', { nanoseconds: false, littleEndian: false }],
    ['pcap (nanoseconds)', {}],
    ['pcap (big-endian, nanoseconds)', { littleEndian: false }],
  ])('%s', (format, options) => {
    const { packets, info } = readAll(writePcap(PACKETS, options));
    expect(info).toMatchObject({ format, linkType: 'EN10MB', packets: 12, truncated: 0, damage: [] });
    expect(packets.map(({ bytes }) => bytes)).toEqual(PACKETS.map(({ bytes }) => latin1(bytes)));
    const unit = 'nanoseconds' in options ? 1000 : 1;
    expect(packets.map(({ nanos }) => nanos)).toEqual(PACKETS.map(({ nanos }) => Math.floor(nanos / unit) * unit));
    expect(packets.map(({ frame }) => frame)).toEqual(PACKETS.map((_, index) => index + 1));
  });

  it('the modified one of 1999, with its packet direction', () => {
    const bytes = tcpFrame();
    const header = concat([
      integers(true, 4, [0xa1b2cd34]),
      integers(true, 2, [2, 4]),
      integers(true, 4, [0, 0, 65_535, 1]),
    ]);
    const record = (packetType: number): Uint8Array =>
      concat([
        integers(true, 4, [1_000_000_000, 7, bytes.length, bytes.length, 2]),
        Uint8Array.of(0, 8, packetType, 0),
        bytes,
      ]);
    const { packets, info } = readAll(concat([header, record(0), record(4), record(3)]));
    expect(info.format).toBe('pcap (modified)');
    expect(packets.map(({ direction, nanos }) => [direction, nanos])).toEqual([
      [1, 7000],
      [2, 7000],
      [0, 7000],
    ]);
  });

  it('takes the lengths of version 2.2 the other way round', () => {
    const file = writePcap([{ ...PACKETS[3]!, wireLen: 900 }]);
    const view = new DataView(file.buffer);
    view.setUint16(6, 2, true);
    view.setUint32(24 + 8, 900, true);
    view.setUint32(24 + 12, PACKETS[3]!.bytes.length, true);
    expect(readAll(file)).toMatchObject({ info: { packets: 1, truncated: 1 }, packets: [{ wireLen: 900 }] });
  });

  it('ignores the frame check sequence bits beside the link type', () => {
    const file = writePcap(PACKETS);
    new DataView(file.buffer).setUint32(20, 0x5400_0001, true);
    expect(readAll(file).info).toMatchObject({ linkType: 'EN10MB', packets: 12 });
  });

  it('counts packets that the snap length cut', () => {
    const cut = PACKETS.map((packet, index) => ({ ...packet, wireLen: packet.bytes.length + (index % 2) }));
    const { packets, info } = readAll(writePcap(cut));
    expect(info.truncated).toBe(6);
    expect(packets[1]).toMatchObject({ wireLen: PACKETS[1]!.bytes.length + 1 });
  });

  it('without packets is empty, not wrong', () => {
    expect(readAll(writePcap([])).info).toMatchObject({ packets: 0, damage: [] });
  });
});

describe('damage', () => {
  const file = writePcap(PACKETS);
  const offsets = recordOffsets(PACKETS);

  it('a last record that is cut is told, the others are kept', () => {
    const { packets, info } = readAll(file.subarray(0, file.length - 3));
    expect(packets).toHaveLength(11);
    expect(info.damage).toEqual([{ offset: offsets[11], what: expect.stringContaining('cut short') }]);
  });

  it('a record whose length is absurd costs that record, not the rest', () => {
    const broken = file.slice();
    new DataView(broken.buffer).setUint32(offsets[4]! + 8, 0xfff0_0000, true);
    const { packets, info } = readAll(broken);
    expect(packets.map(({ seconds }) => seconds - 1_700_000_000)).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11]);
    expect(info.damage).toEqual([{ offset: offsets[4], what: expect.stringContaining('4293918720') }]);
  });

  it('a wrong length near the end of the file does not swallow the records behind it', () => {
    const broken = file.slice();
    new DataView(broken.buffer).setUint32(offsets[4]! + 8, 200_000, true);
    const { packets, info } = readAll(broken);
    expect(packets).toHaveLength(11);
    expect(info.damage).toHaveLength(1);
  });

  it('a capture inside the payload of a cut last record is not taken for records', () => {
    const carrier = { bytes: concat([tcpFrame(), file, new Uint8Array(400)]), seconds: 1_700_000_012, nanos: 0 };
    const outer = writePcap([...PACKETS, carrier]);
    expect(readAll(outer.subarray(0, outer.length - 10)).packets).toHaveLength(12);
  });

  it('garbage between records is skipped', () => {
    const garbage = new Uint8Array(5000).fill(0xff);
    const broken = concat([file.subarray(0, offsets[6]), garbage, file.subarray(offsets[6])]);
    const { packets, info } = readAll(broken);
    expect(packets).toHaveLength(12);
    expect(info.damage).toHaveLength(1);
  });

  it('one header that looks right among garbage is not believed', () => {
    const lookalike = integers(true, 4, [1_700_000_006, 1, 40, 40]);
    const garbage = concat([new Uint8Array(300).fill(0xff), lookalike, new Uint8Array(300).fill(0xff)]);
    const { packets } = readAll(concat([file.subarray(0, offsets[6]), garbage, file.subarray(offsets[6])]));
    expect(packets).toHaveLength(12);
  });

  it('is placed by its offset in the file, far behind the start of the buffer', () => {
    const many = Array.from({ length: 9000 }, (_, index) => PACKETS[index % 12]!);
    const long = writePcap(many);
    const at = recordOffsets(many)[8000]!;
    new DataView(long.buffer).setUint32(at + 8, 0xfff0_0000, true);
    for (const pieceLen of [997, 300_000]) {
      const { packets, info } = readAll(long, pieceLen);
      expect(packets).toHaveLength(8999);
      expect(info.damage).toMatchObject([{ offset: at }]);
    }
  });

  it('a fraction above one second is carried over when the record is good otherwise', () => {
    const broken = file.slice();
    new DataView(broken.buffer).setUint32(offsets[4]! + 4, 2_500_000_000, true);
    const { packets, info } = readAll(broken);
    expect(packets).toHaveLength(12);
    expect(packets[4]).toMatchObject({ seconds: 1_700_000_006, nanos: 500_000_000, frame: 5 });
    expect(info.damage).toHaveLength(1);
  });

  it('lists 64 places and counts the others', () => {
    const many = Array.from({ length: 100 }, () => ({ ...PACKETS[0]!, nanos: 2_000_000_000 }));
    const { info } = readAll(writePcap(many));
    expect([info.packets, info.damage.length, info.moreDamage]).toEqual([100, 64, 36]);
  });

  it('a file of which no packet is whole is an error', () => {
    expect(() => readAll(file.subarray(0, 60))).toThrow(
      expect.objectContaining({ code: 'ERR_FIRSTHAND_DAMAGED', offset: 24 }),
    );
    expect(() => readAll(file.subarray(0, 20))).toThrow(expect.objectContaining({ code: 'ERR_FIRSTHAND_DAMAGED' }));
  });

  it('an unsupported link type is an error that names it', () => {
    expect(() => readAll(writePcap(PACKETS, { linkType: 220 }))).toThrow(
      expect.objectContaining({
        code: 'ERR_FIRSTHAND_UNSUPPORTED_LINK_TYPE',
        message: expect.stringContaining('USB_LINUX_MMAPPED'),
      }),
    );
  });
});

describe('however the bytes are divided', () => {
  it('the packets and the damage are the same', () => {
    const broken = writePcap(PACKETS);
    const offsets = recordOffsets(PACKETS);
    new DataView(broken.buffer).setUint32(offsets[4]! + 8, 0xfff0_0000, true);
    new DataView(broken.buffer).setUint32(offsets[8]! + 4, 2_000_000_000, true);
    const whole = readAll(broken.subarray(0, broken.length - 1));
    expect(whole.info.damage).toHaveLength(3);
    for (let pieceLen = 1; pieceLen < 200; pieceLen++) {
      expect(readAll(broken.subarray(0, broken.length - 1), pieceLen)).toEqual(whole);
    }
  });

  it('the same holds for two pieces divided anywhere', () => {
    const file = writePcap(PACKETS.slice(0, 4));
    const whole = readAll(file);
    fc.assert(
      fc.property(fc.nat(file.length), (at) => {
        expect(readAll(file, Math.max(at, 1))).toEqual(whole);
      }),
    );
  });
});

/** Where each record starts in a file with these packets. */
function recordOffsets(packets: readonly WritablePacket[]): readonly number[] {
  let at = 24;
  return packets.map(({ bytes }) => {
    const start = at;
    at += 16 + bytes.length;
    return start;
  });
}
