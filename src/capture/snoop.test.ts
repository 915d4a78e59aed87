import { describe, expect, it } from 'vitest';
import { concat } from '../wire/bytes.ts';
import { tcpFrame } from '../wire/testing/frames.ts';
import { latin1, readAll } from './testing/collect.ts';
import { writeSnoop } from './testing/snoop.ts';
import type { WritablePacket } from './write.ts';

const PACKETS: readonly WritablePacket[] = Array.from({ length: 12 }, (_, index) => ({
  bytes: tcpFrame({ seq: index, payload: new Uint8Array(index * 7).fill(index) }),
  seconds: 1_700_000_000 + index,
  nanos: index * 1_000_000,
}));

describe('snoop (RFC 1761)', () => {
  it('a file of one packet, byte by byte', () => {
    // prettier-ignore
    const file = Uint8Array.of(
      0x73, 0x6e, 0x6f, 0x6f, 0x70, 0, 0, 0, // snoop
      0, 0, 0, 2, 0, 0, 0, 4,                // version 2, Ethernet
      0, 0, 0, 60,                           // original length
      0, 0, 0, 6,                            // included length
      0, 0, 0, 32,                           // record length
      0, 0, 0, 9,                            // cumulative drops
      0x65, 0x53, 0xf1, 0x00,                // 1700000000 seconds
      0, 0x07, 0xa1, 0x20,                   // 500000 microseconds
      2, 0, 0, 0, 0, 1, 0, 0,                // packet and pad
    );
    const { packets, info } = readAll(file);
    expect(packets).toEqual([
      {
        frame: 1,
        bytes: latin1(file.subarray(40, 46)),
        wireLen: 60,
        linkType: 1,
        seconds: 1_700_000_000,
        nanos: 500_000_000,
        direction: 0,
      },
    ]);
    expect(info).toMatchObject({ format: 'snoop', linkType: 'EN10MB', packets: 1, truncated: 1, damage: [] });
    expect(info.interfaces).toEqual([{ linkType: 1, snapLen: 0, resolution: 1e6 }]);
  });

  it.each([
    ['Ethernet', 2, 0, 1],
    ['Token Ring', 2, 2, 6],
    ['FDDI', 2, 8, 10],
    ['loopback', 2, 14, 0],
    ['Fibre Channel', 2, 16, 122],
    ['ATM of Sun', 2, 18, 123],
    ['ipnet', 2, 0x8000_0005, 226],
    ['fast Ethernet of Surveyor', 4, 10, 1],
    ['gigabit Ethernet of Surveyor', 5, 12, 1],
  ])('%s', (_name, version, dataLink, linkType) => {
    const { packets, info } = readAll(writeSnoop(PACKETS, { version, dataLink, trailerLen: version > 2 ? 16 : 0 }));
    expect(info).toMatchObject({ packets: 12, damage: [] });
    expect(packets.map(({ bytes }) => bytes)).toEqual(PACKETS.map(({ bytes }) => latin1(bytes)));
    expect(packets[11]).toMatchObject({ linkType, seconds: 1_700_000_011, nanos: 11_000_000 });
  });

  it('refuses a data link that is not decoded, and a version nobody described', () => {
    expect(() => readAll(writeSnoop(PACKETS, { dataLink: 5 }))).toThrow(
      expect.objectContaining({
        code: 'ERR_FIRSTHAND_UNSUPPORTED_LINK_TYPE',
        message: expect.stringContaining('snoop data link 5'),
      }),
    );
    expect(() => readAll(writeSnoop(PACKETS, { version: 1 }))).toThrow(
      expect.objectContaining({
        code: 'ERR_FIRSTHAND_UNSUPPORTED_FORMAT',
        message: expect.stringContaining('snoop version 1'),
      }),
    );
  });

  it('without packets is empty, not wrong', () => {
    expect(readAll(writeSnoop([])).info).toMatchObject({ packets: 0, damage: [] });
  });
});

describe('damage in snoop', () => {
  const file = writeSnoop(PACKETS);
  const fourth = 16 + PACKETS.slice(0, 4).reduce((sum, { bytes }) => sum + 24 + ((bytes.length + 3) & ~3), 0);

  it('a last record that is cut is told, the others are kept', () => {
    const { packets, info } = readAll(file.subarray(0, file.length - 5));
    expect(packets).toHaveLength(11);
    expect(info.damage).toMatchObject([{ what: expect.stringContaining('cut short') }]);
  });

  it.each([
    ['an absurd length', 8, 0xfff0_0000],
    ['more captured bytes than the record has', 4, 2000],
    ['more than a million microseconds', 20, 1_000_000],
  ])('a record that claims %s costs that record, not the rest', (_name, field, value) => {
    const broken = file.slice();
    new DataView(broken.buffer).setUint32(fourth + field, value);
    const { packets, info } = readAll(broken);
    expect(packets.map(({ seconds }) => seconds - 1_700_000_000)).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11]);
    expect(info.damage).toMatchObject([{ offset: fourth }]);
  });

  it('garbage between records is skipped, however the bytes are divided', () => {
    const broken = concat([file.subarray(0, fourth), new Uint8Array(500).fill(0xff), file.subarray(fourth)]);
    const whole = readAll(broken);
    expect(whole.packets).toHaveLength(12);
    expect(whole.info.damage).toHaveLength(1);
    for (let pieceLen = 1; pieceLen < 120; pieceLen++) expect(readAll(broken, pieceLen)).toEqual(whole);
  });

  it('a capture inside the payload of a cut last record is not taken for records', () => {
    const carrier = { bytes: concat([tcpFrame(), file, new Uint8Array(400)]), seconds: 1_700_000_012, nanos: 0 };
    const outer = writeSnoop([...PACKETS, carrier]);
    expect(readAll(outer.subarray(0, outer.length - 10)).packets).toHaveLength(12);
  });

  it('a file of which no packet is whole is an error', () => {
    expect(() => readAll(file.subarray(0, 60))).toThrow(expect.objectContaining({ code: 'ERR_FIRSTHAND_DAMAGED' }));
    expect(() => readAll(file.subarray(0, 12))).toThrow(expect.objectContaining({ code: 'ERR_FIRSTHAND_DAMAGED' }));
  });
});
