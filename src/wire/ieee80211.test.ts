import { describe, expect, it } from 'vitest';
import { carrierName } from './carriers.ts';
import { concat } from './bytes.ts';
import { aggregateBody, wirelessPayload } from './ieee80211.ts';
import { ETHERTYPE_IPV4, LINK_CUT, LINK_UNDECODED } from './network-layer.ts';
import { framed, ppi, ppiCommon, radiotap, SNAP4, wirelessHeader, zeros } from './testing/link-frames.ts';

const IEEE802_11 = 105;
const RADIOTAP = 127;
const PPI = 192;

function read(frame: Uint8Array, linkType = IEEE802_11): { type: number; name: string; network: number } {
  const out = { network: -1, carrier: 0 };
  const type = wirelessPayload(new DataView(frame.buffer), 0, frame.length, linkType, out);
  return { type, name: type === LINK_UNDECODED ? carrierName(out.carrier) : '', network: out.network };
}

describe('frames that carry no packet', () => {
  it.each([
    ['a beacon', [0x80, 0x00]],
    ['an acknowledgment', [0xd4, 0x00]],
    ['data without a body', [0x48, 0x01]],
    ['QoS data without a body', [0xc8, 0x01]],
    ['another version of the protocol', [0x09, 0x01]],
  ] as const)('%s', (_name, control) => {
    expect(read(framed([...wirelessHeader(control, [0, 0]), ...SNAP4])).type).toBe(0);
  });

  it('a control frame of ten bytes is whole', () => {
    expect(read(Uint8Array.of(0xd4, 0, 0, 0, 2, 0, 0, 0, 0, 1)).type).toBe(0);
  });
});

describe('frames that cannot be looked into are named', () => {
  const ciphertext = [0x11, 0x22, 0x00, 0x20, 0, 0, 0, 0, 0x9c, 0x01, 0x77, 0x13, 0x58, 0xa0, 0x44, 0xe1];

  it('encrypted', () => {
    expect(read(framed([...wirelessHeader([0x08, 0x41]), ...ciphertext])).name).toBe('encrypted 802.11');
    expect(read(framed([...wirelessHeader([0x88, 0x42], [0x80, 0]), ...ciphertext])).name).toBe('encrypted 802.11');
  });

  it('not the ones that a driver decrypted and left marked', () => {
    expect(read(framed([...wirelessHeader([0x08, 0x41]), ...SNAP4]))).toMatchObject({
      type: ETHERTYPE_IPV4,
      network: 32,
    });
    const withIv = framed([...wirelessHeader([0x08, 0x41]), 0x11, 0x22, 0, 0x20, 0, 0, 0, 0, ...SNAP4]);
    expect(read(withIv)).toMatchObject({ type: ETHERTYPE_IPV4, network: 40 });
  });

  it('a later fragment; the first one has the headers', () => {
    const header = wirelessHeader([0x08, 0x05]);
    expect(read(framed([...header, ...SNAP4])).type).toBe(ETHERTYPE_IPV4);
    expect(read(framed([...header.with(22, 0x11), ...SNAP4])).name).toBe('802.11 fragments');
  });

  it('received with a wrong check sequence, or with an error of the radio', () => {
    const frame = [...wirelessHeader([0x08, 0x01]), ...SNAP4];
    const under = (fields: readonly number[]): Uint8Array => framed([...radiotap([2], fields), ...frame]);
    expect(read(under([0x10]), RADIOTAP).type).toBe(ETHERTYPE_IPV4);
    expect(read(under([0x50]), RADIOTAP).name).toBe('802.11 received with errors');
    const common = (flags: number): Uint8Array => framed([...ppi(IEEE802_11, ppiCommon(flags)), ...frame]);
    expect(read(common(0x1), PPI).type).toBe(ETHERTYPE_IPV4);
    expect(read(common(0x4), PPI).name).toBe('802.11 received with errors');
    expect(read(common(0x8), PPI).name).toBe('802.11 received with errors');
    const beacon = framed([...radiotap([2], [0x50]), ...wirelessHeader([0x80, 0])]);
    expect(read(beacon, RADIOTAP).type).toBe(0);
  });
});

describe('radio headers that contradict themselves', () => {
  it.each([
    ['radiotap shorter than its fixed part', RADIOTAP, [0, 0, 7, 0, 0, 0, 0, 0]],
    ['radiotap longer than the frame', RADIOTAP, [0, 0, 0, 9, 0, 0, 0, 0]],
    ['PPI shorter than its fixed part', PPI, [0, 0, 7, 0, 105, 0, 0, 0]],
    ['Prism longer than the frame', 119, [0x44, 0, 0, 0, 0, 0, 1, 0, ...zeros(16)]],
    ['AVS shorter than its fixed part', 163, [0x80, 0x21, 0x10, 0x01, 0, 0, 0, 7]],
  ])('%s', (_name, linkType, header) => {
    expect(read(framed(header), linkType).type).toBe(LINK_CUT);
  });

  it('radiotap whose presence words never end', () => {
    const endless = framed([
      0,
      0,
      24,
      0,
      ...Array.from({ length: 20 }, () => 0xff),
      ...wirelessHeader([0x08, 1]),
      ...SNAP4,
    ]);
    expect(read(endless, RADIOTAP).type).toBe(ETHERTYPE_IPV4);
  });

  it('radiotap that is nothing but presence words', () => {
    const words = Uint8Array.from([0, 0, 24, 0, ...Array.from({ length: 20 }, () => 0xff)]);
    expect(read(words, RADIOTAP).type).toBe(LINK_CUT);
  });

  it('a Prism link type over an AVS header, as some drivers wrote', () => {
    const avs = [0x80, 0x21, 0x10, 0x02, 0, 0, 0, 12, 0, 0, 0, 0];
    expect(read(framed([...avs, ...wirelessHeader([0x08, 1]), ...SNAP4]), 119)).toMatchObject({ network: 44 });
  });
});

describe('an A-MSDU', () => {
  const subframe = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0, 73];
  const frame = framed([...wirelessHeader([0x88, 0x02], [0x80, 0]), ...subframe, ...SNAP4]);

  it('is told from a packet by its QoS field', () => {
    const out = { network: 0, carrier: 0 };
    expect(aggregateBody(new DataView(frame.buffer), 0, frame.length, IEEE802_11, out)).toBe(26);
    const plain = framed([...wirelessHeader([0x88, 0x02], [0, 0]), ...SNAP4]);
    expect(aggregateBody(new DataView(plain.buffer), 0, plain.length, IEEE802_11, out)).toBe(-1);
  });

  it('shows its first packet when nobody divides it', () => {
    expect(read(frame)).toMatchObject({ type: ETHERTYPE_IPV4, network: 26 + 14 + 8 });
    expect(read(concat([frame.subarray(0, 39)])).type).toBe(LINK_CUT);
  });
});
