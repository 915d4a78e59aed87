import { describe, expect, it } from 'vitest';
import { ETHERTYPE_IPV4, LINK_CUT } from './network-layer.ts';
import { nflogDirection, nflogPayload } from './nflog.ts';
import { IP4, nflog } from './testing/link-frames.ts';

const read = (frame: Uint8Array): number =>
  nflogPayload(new DataView(frame.buffer), 0, frame.length, { network: 0, carrier: 0 });

const direction = (hook: number): number => {
  const frame = nflog(true, 2, [[1, [0x08, 0x00, hook, 0]]], IP4);
  return nflogDirection(new DataView(frame.buffer), 0, frame.length);
};

describe('NFLOG', () => {
  it('tells the direction by the hook, and of a forwarded packet none', () => {
    expect([0, 1, 2, 3, 4, 5].map(direction)).toEqual([1, 1, 0, 2, 2, 0]);
  });

  it('of a family that is not IP takes the protocol from the packet header, or none', () => {
    expect(read(nflog(true, 7, [[1, [0x08, 0x06, 0, 0]]], IP4))).toBe(0x0806);
    expect(read(nflog(true, 3, [], IP4))).toBe(0);
  });

  it('without a packet, and with an attribute shorter than its header, is cut', () => {
    expect(read(Uint8Array.of(2, 0, 0, 42, 8, 0, 10, 0, 0x78, 0, 0, 0))).toBe(LINK_CUT);
    expect(read(Uint8Array.of(2, 0, 0, 42, 0, 0, 10, 0, 8, 0, 9, 0))).toBe(LINK_CUT);
  });

  it('reads attributes in both byte orders', () => {
    for (const littleEndian of [true, false]) {
      expect(read(nflog(littleEndian, 2, [[10, [0x41, 0x42, 0]]], IP4))).toBe(ETHERTYPE_IPV4);
    }
  });
});
