import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, LINK_CUT, linkDirection, linkPayload } from './link.ts';
import { isDecodedLinkType, LINK_MPLS, linkTypeName } from './link-types.ts';
import { CUT, locate, newLayers, TCP } from './layers.ts';
import { concat } from './bytes.ts';
import { flags, srcPort } from './tcp.ts';
import { framed, LINK_FRAMES, SNAP4, zeros } from './testing/link-frames.ts';

describe('a reset below every link layer', () => {
  it.each(LINK_FRAMES)('$name', ({ linkType, frame, version, direction }) => {
    // Padding on both sides shows reads outside the frame.
    const around = concat([new Uint8Array(7).fill(0xee), frame, new Uint8Array(9).fill(0xee)]);
    const view = new DataView(around.buffer);
    const layers = newLayers();
    expect(locate(view, 7, 7 + frame.length, frame.length, linkType, layers)).toBe(TCP);
    expect(layers).toMatchObject({ version, direction, tcp: 7 + frame.length - 25, payloadLen: 5, captured: 5 });
    expect([srcPort(view, layers.tcp), flags(view, layers.tcp)]).toEqual([40_000, 0x14]);
    expect(isDecodedLinkType(linkType)).toBe(true);
  });

  it.each(LINK_FRAMES)('$name, cut anywhere, is never read beyond its end', ({ linkType, frame }) => {
    for (let length = 0; length < frame.length; length++) {
      const view = new DataView(Uint8Array.from(frame.subarray(0, length)).buffer);
      const layers = newLayers();
      const outcome = locate(view, 0, length, frame.length, linkType, layers);
      expect(outcome).toBe(length - (frame.length - 25) >= 14 ? TCP : CUT);
    }
  });
});

describe('linkPayload', () => {
  it('leaves what is no IP to the caller: spanning tree, keepalives, management', () => {
    const out = { network: 0, carrier: 0 };
    const payload = (linkType: number, ...bytes: number[]): number => {
      const frame = Uint8Array.from(bytes);
      return linkPayload(new DataView(frame.buffer), 0, frame.length, linkType, out);
    };
    expect(payload(104, 0x0f, 0, 0x80, 0x35, 0, 0)).toBe(0x8035);
    expect(payload(10, 0x41, ...zeros(20))).toBe(0);
    expect(payload(6, 0x10, 0x00, ...zeros(20))).toBe(0);
    expect(payload(100, 0x42, 0x42, 0x03, 0, 0, 0, 0, 0)).toBe(0);
    expect(payload(100, 0xaa, 0xaa, 0x03, 0x00, 0x00, 0x0c, 0x20, 0x00)).toBe(0);
    expect(payload(107, 0x18, 0x41, 0x03, 0xcf)).toBe(0);
    expect(payload(LINK_MPLS, 0, 0, 0, 0)).toBe(0x8847);
  });

  it('does not follow a header that names another header of its kind', () => {
    const nested = framed([0, 0, 8, 0, 192, 0, 0, 0, 0, 0, 8, 0, 1, 0, 0, 0]);
    const out = { network: 0, carrier: 0 };
    expect(linkPayload(new DataView(nested.buffer), 0, nested.length, 192, out)).toBe(-2);
    const unknown = framed([0, 0, 8, 0, 0, 0, 1, 0]);
    expect(linkPayload(new DataView(unknown.buffer), 0, unknown.length, 192, out)).toBe(-2);
    expect(linkTypeName(out.carrier & 0x1_ffff)).toBe('PPI');
  });

  it.each([
    ['Windows', 23],
    ['BSD', 24],
    ['FreeBSD', 28],
    ['macOS', 30],
    ['Linux', 10],
    ['Solaris', 26],
  ])('knows the number of IPv6 on %s', (_name, family) => {
    const out = { network: 0, carrier: 0 };
    const view = new DataView(Uint8Array.of(0, 0, 0, family, family, 0, 0, 0).buffer);
    expect(linkPayload(view, 0, 4, 0, out)).toBe(ETHERTYPE_IPV6);
    expect(linkPayload(view, 4, 8, 0, out)).toBe(ETHERTYPE_IPV6);
    expect(linkPayload(view, 4, 7, 0, out)).toBe(LINK_CUT);
  });
});

describe('any bytes at all', () => {
  const linkTypes = fc.constantFrom(...new Set([...LINK_FRAMES.map(({ linkType }) => linkType), 0, 101, 219, 4711]));
  const mutated = fc
    .tuple(fc.constantFrom(...LINK_FRAMES), fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 4 }))
    .map(([{ linkType, frame }, changes]) => ({
      linkType,
      frame: changes.reduce((bytes, [at, value]) => (at < bytes.length ? bytes.with(at, value) : bytes), frame),
    }));
  const random = fc.record({ linkType: linkTypes, frame: fc.uint8Array({ maxLength: 200 }) });

  it('never throws, and an IP header it finds begins inside the frame or is cut off it', () => {
    fc.assert(
      fc.property(fc.oneof(mutated, random), ({ linkType, frame }) => {
        const view = new DataView(Uint8Array.from(frame).buffer);
        const out = { network: -1, carrier: -1 };
        const ethertype = linkPayload(view, 0, frame.length, linkType, out);
        expect(linkDirection(view, 0, frame.length, linkType)).toBeLessThanOrEqual(2);
        if (ethertype !== ETHERTYPE_IPV4 && ethertype !== ETHERTYPE_IPV6) return;
        expect(out.network).toBeGreaterThanOrEqual(0);
        expect(out.network).toBeLessThanOrEqual(frame.length);
      }),
      { numRuns: 5000 },
    );
  });

  it('finds SNAP where it stands, not where it does not', () => {
    const out = { network: 0, carrier: 0 };
    const frame = framed(SNAP4);
    expect(linkPayload(new DataView(frame.buffer), 0, frame.length, 100, out)).toBe(ETHERTYPE_IPV4);
    expect(out.network).toBe(8);
    expect(linkPayload(new DataView(frame.buffer), 1, frame.length, 100, out)).toBe(0);
  });
});
