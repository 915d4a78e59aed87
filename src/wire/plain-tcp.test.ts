import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { locate, newLayers, TCP } from './layers.ts';
import { LINK_ETHERNET } from './link-types.ts';
import {
  isPlainTcp,
  isPlainTcp6,
  PLAIN_DST,
  PLAIN_SRC,
  PLAIN_TCP,
  PLAIN_TTL,
  PLAIN6_DST,
  PLAIN6_SRC,
  PLAIN6_TCP,
  PLAIN6_TTL,
  plain6PayloadLen,
  plainPayloadLen,
} from './plain-tcp.ts';

/** Random bytes behind an Ethernet header of this type, with first IP byte and protocol as given. */
function frames(type: number, first: number, protocolAt: number) {
  const lengths = fc.integer({ min: 0, max: 90 });
  return fc
    .tuple(fc.uint8Array({ minLength: 40, maxLength: 100, size: 'max' }), lengths, lengths, fc.constantFrom(0, 0x4000))
    .map(([bytes, length, more, fragment]) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      if (bytes.length > 24) {
        view.setUint16(12, type);
        view.setUint8(14, first);
        view.setUint8(protocolAt, 6);
        view.setUint16(first === 0x45 ? 16 : 18, length);
        if (first === 0x45) view.setUint16(20, fragment);
      }
      return { view, end: bytes.length, wireLen: bytes.length + more };
    });
}

describe('a plain frame is what locate says it is', () => {
  it('over IPv4', () => {
    let plain = 0;
    fc.assert(
      fc.property(frames(0x0800, 0x45, 23), ({ view, end, wireLen }) => {
        if (!isPlainTcp(view, 0, end, LINK_ETHERNET)) return;
        plain++;
        const layers = newLayers();
        expect(locate(view, 0, end, wireLen, LINK_ETHERNET, layers)).toBe(TCP);
        expect(layers).toMatchObject({ version: 4, src: PLAIN_SRC, dst: PLAIN_DST, tcp: PLAIN_TCP, tunnel: 0 });
        expect(layers.ttl).toBe(view.getUint8(PLAIN_TTL));
        expect(layers.payloadLen).toBe(plainPayloadLen(view, 0));
      }),
      { numRuns: 5000 },
    );
    expect(plain).toBeGreaterThan(500);
  });

  it('over IPv6', () => {
    let plain = 0;
    fc.assert(
      fc.property(frames(0x86dd, 0x60, 20), ({ view, end, wireLen }) => {
        if (!isPlainTcp6(view, 0, end, LINK_ETHERNET)) return;
        plain++;
        const layers = newLayers();
        expect(locate(view, 0, end, wireLen, LINK_ETHERNET, layers)).toBe(TCP);
        expect(layers).toMatchObject({ version: 6, src: PLAIN6_SRC, dst: PLAIN6_DST, tcp: PLAIN6_TCP, tunnel: 0 });
        expect(layers.ttl).toBe(view.getUint8(PLAIN6_TTL));
        expect(layers.payloadLen).toBe(plain6PayloadLen(view, 0));
      }),
      { numRuns: 5000 },
    );
    expect(plain).toBeGreaterThan(300);
  });
});
