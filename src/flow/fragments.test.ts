import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '../wire/bytes.ts';
import { FRAGMENT, newLayers, NOT_TCP, TCP } from '../wire/layers.ts';
import { seq } from '../wire/tcp.ts';
import { ethernetFrame, ipv4Packet, ipv6Packet, tcpSegment } from '../wire/testing/frames.ts';
import { greTunnel, vxlan } from '../wire/testing/tunnels.ts';
import { createEncapsulations } from './encapsulations.ts';
import { createFragments, locateWhole, type FragmentLimits, type Fragments } from './fragments.ts';
import { cutIpv4, cutIpv6, ipv4Part, ipv6Part } from './testing/fragments.ts';

const LINK_RAW = 101;

interface Joiner {
  readonly fragments: Fragments;
  /** What the packet turns out to be, and the bytes of its TCP payload. */
  take(packet: Uint8Array, atSeconds?: number): { outcome: number; payload: string; seq: number };
}

function joiner(limits: Partial<FragmentLimits> = {}): Joiner {
  const fragments = createFragments(createEncapsulations(), limits);
  const layers = newLayers();
  return {
    fragments,
    take(packet, atSeconds = 0) {
      const view = new DataView(packet.slice().buffer);
      const linkType = packet[0] === 2 ? 1 : LINK_RAW;
      const end = packet.length;
      const outcome = locateWhole(fragments, view, 0, end, end, linkType, layers, 1_790_000_000 + atSeconds, 0);
      if (outcome !== TCP) return { outcome, payload: '', seq: 0 };
      const { payload, captured, tcp } = layers;
      const bytes = Array.from({ length: captured }, (_, i) => fragments.view.getUint8(payload + i));
      return { outcome, payload: String.fromCharCode(...bytes), seq: seq(fragments.view, tcp) };
    },
  };
}

const TEXT = 'first come, first served: the bytes of one segment in order';
const SEGMENT = tcpSegment({ seq: 4711, flags: 0x18, payload: new TextEncoder().encode(TEXT) });
const PACKET = ipv4Packet(SEGMENT, { fragment: 0 });
const PACKET6 = ipv6Packet(6, SEGMENT);
const WHOLE = { outcome: TCP, payload: TEXT, seq: 4711 };

describe('a segment in fragments', () => {
  it('is one packet, at the frame that completes it', () => {
    const { take, fragments } = joiner();
    const [first, second, last] = cutIpv4(PACKET, [24, 48]);
    expect(take(first!).outcome).toBe(FRAGMENT);
    expect(take(second!).outcome).toBe(FRAGMENT);
    expect(take(last!)).toEqual(WHOLE);
    expect(fragments).toMatchObject({ bytes: 0, begun: 1, completed: 1 });
  });

  it('whose flags are not in the first one is read as well', () => {
    const { take } = joiner();
    const parts = cutIpv6(PACKET6, [8, 16]);
    expect(parts.map((part) => take(part).outcome)).toEqual([FRAGMENT, FRAGMENT, TCP]);
  });

  it('is the same for every order and every cut, IPv4 and IPv6', () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(cuts, fc.boolean(), fc.infiniteStream(fc.nat()), (places, six, random) => {
        const edges = places.map((place) => place * 8).toSorted((a, b) => a - b);
        const parts = six ? cutIpv6(PACKET6, edges) : cutIpv4(PACKET, edges);
        const mixed = parts
          .map((part) => ({ part, at: random.next().value as number }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ part }) => part);
        const { take, fragments } = joiner();
        const taken = mixed.map((part) => take(part));
        expect(taken.pop()).toEqual(WHOLE);
        expect(taken.every(({ outcome }) => outcome === FRAGMENT)).toBe(true);
        expect(fragments.pending.size).toBe(0);
      }),
    );
  });

  it('goes by addresses, protocol and identification', () => {
    const { take } = joiner();
    const other = ipv4Packet(tcpSegment({ seq: 1, payload: new Uint8Array(60) }), { fragment: 0, id: 0x4321 });
    const [first, last] = cutIpv4(PACKET, [32]);
    const [otherFirst, otherLast] = cutIpv4(other, [32]);
    expect([first!, otherFirst!].map((part) => take(part).outcome)).toEqual([FRAGMENT, FRAGMENT]);
    expect(take(last!)).toEqual(WHOLE);
    expect(take(otherLast!)).toMatchObject({ outcome: TCP, seq: 1 });
  });

  it('twice in a capture is not begun again by its second copies', () => {
    const { take } = joiner();
    const [first, last] = cutIpv4(PACKET, [32]);
    expect([first!, first!, last!].map((part) => take(part).outcome)).toEqual([FRAGMENT, FRAGMENT, TCP]);
    const six = cutIpv6(PACKET6, [32]);
    expect([six[0]!, six[0]!, six[1]!].map((part) => take(part).outcome)).toEqual([FRAGMENT, FRAGMENT, TCP]);
  });
});

describe('fragments and tunnels', () => {
  const frame = ethernetFrame([0x0800], PACKET);

  it('reassembles the outer packet, then reads what is inside', () => {
    const { take } = joiner();
    const parts = cutIpv4(vxlan(42, frame), [16, 64]).map((part) => ethernetFrame([0x0800], part));
    expect(parts.map((part) => take(part).outcome)).toEqual([FRAGMENT, FRAGMENT, TCP]);
  });

  it('reassembles inner packets, each tunnel for itself', () => {
    const { take } = joiner();
    const [first, last] = cutIpv4(PACKET, [32]);
    expect(take(greTunnel(0x0800, first!, { key: 1 })).outcome).toBe(FRAGMENT);
    expect(take(greTunnel(0x0800, last!, { key: 2 })).outcome).toBe(FRAGMENT);
    expect(take(greTunnel(0x0800, last!, { key: 1 }))).toEqual(WHOLE);
  });

  it('reassembles a fragment inside fragments', () => {
    const { take } = joiner();
    const [first, last] = cutIpv4(PACKET, [32]);
    const outer = [first!, last!].map((part, i) => {
      const packet = ipv4Packet(part, { protocol: 4, id: 100 + i, fragment: 0 });
      return cutIpv4(packet, [24]);
    });
    expect(outer.flat().map((part) => take(part).outcome)).toEqual([FRAGMENT, FRAGMENT, FRAGMENT, TCP]);
  });

  it('reads on behind a fragmented authentication header', () => {
    const { take } = joiner();
    const authenticated = concat([Uint8Array.of(6, 4), new Uint8Array(22), SEGMENT]);
    const parts = cutIpv4(ipv4Packet(authenticated, { protocol: 51, fragment: 0 }), [16]);
    expect(parts.map((part) => take(part))).toEqual([{ outcome: FRAGMENT, payload: '', seq: 0 }, WHOLE]);
  });
});

describe('overlapping fragments', () => {
  const evil = (at: number, length: number): Uint8Array => SEGMENT.slice(at, at + length).fill(0x58);

  it('of IPv4 leave what came first', () => {
    const { take } = joiner();
    take(ipv4Part(PACKET, 0, SEGMENT.subarray(0, 40), true));
    take(ipv4Part(PACKET, 24, evil(24, 24), true));
    const { payload } = take(ipv4Part(PACKET, 48, SEGMENT.subarray(48), false));
    expect(payload).toBe(TEXT.slice(0, 20) + 'X'.repeat(8) + TEXT.slice(28));
  });

  it('of IPv6 discard the packet, and what follows of it (RFC 5722)', () => {
    const { take, fragments } = joiner();
    take(ipv6Part(PACKET6, 0, SEGMENT.subarray(0, 40), true));
    take(ipv6Part(PACKET6, 24, evil(24, 24), true));
    for (const part of cutIpv6(PACKET6, [32])) expect(take(part).outcome).toBe(FRAGMENT);
    expect(fragments).toMatchObject({ bytes: 0, begun: 1, completed: 0 });
    // Another packet of the same hosts is not concerned.
    expect(cutIpv6(PACKET6, [32], 78).map((part) => take(part).outcome)).toEqual([FRAGMENT, TCP]);
  });

  it('of IPv6 with the same place and other bytes are no repeats', () => {
    const { take } = joiner();
    take(ipv6Part(PACKET6, 0, SEGMENT.subarray(0, 40), true));
    take(ipv6Part(PACKET6, 0, evil(0, 40), true));
    expect(take(ipv6Part(PACKET6, 40, SEGMENT.subarray(40), false)).outcome).toBe(FRAGMENT);
  });

  it.each([
    [
      'two ends',
      [ipv4Part(PACKET, 48, SEGMENT.subarray(48, 56), false), ipv4Part(PACKET, 40, SEGMENT.subarray(40, 48), false)],
    ],
    [
      'bytes behind the end',
      [ipv4Part(PACKET, 40, SEGMENT.subarray(40, 48), false), ipv4Part(PACKET, 48, SEGMENT.subarray(48), true)],
    ],
  ])('of a packet with %s are not read', (_name, parts) => {
    const { take } = joiner();
    for (const part of [...parts, ...cutIpv4(PACKET, [32])]) expect(take(part).outcome).toBe(FRAGMENT);
  });

  it('cannot make a packet longer than the longest', () => {
    const { take, fragments } = joiner();
    take(ipv4Part(PACKET, 0, SEGMENT.subarray(0, 40), true));
    take(ipv4Part(PACKET, 65_528, new Uint8Array(40), false));
    expect(fragments.bytes).toBe(0);
  });
});

describe('time and memory', () => {
  it('forgets parts by the time of the capture: 30 s in IPv4, 60 s in IPv6', () => {
    const [first, last] = cutIpv4(PACKET, [32]);
    const { take } = joiner();
    take(first!, 0);
    expect(take(last!, 30).outcome).toBe(TCP);
    take(first!, 100);
    expect(take(last!, 131).outcome).toBe(FRAGMENT);
    const six = cutIpv6(PACKET6, [32]);
    take(six[0]!, 200);
    expect(take(six[1]!, 260).outcome).toBe(TCP);
    take(six[0]!, 300);
    expect(take(six[1]!, 361).outcome).toBe(FRAGMENT);
  });

  it('holds no more bytes and packets than its limits, whatever comes', () => {
    const limits = { maxBytes: 20_000, maxPackets: 50, maxParts: 30 };
    const { take, fragments } = joiner(limits);
    let mostBytes = 0;
    let mostPackets = 0;
    let mostParts = 0;
    for (let i = 0; i < 20_000; i++) {
      const packet = ipv4Packet(SEGMENT, { id: i % 997, fragment: 0 });
      take(ipv4Part(packet, ((i * 7919) % 8000) & ~7, new Uint8Array((i % 180) * 8), true), i / 1e5);
      mostBytes = Math.max(mostBytes, fragments.bytes);
      mostPackets = Math.max(mostPackets, fragments.pending.size);
      if (i % 97 === 0)
        for (const { parts } of fragments.pending.values()) mostParts = Math.max(mostParts, parts.length);
    }
    expect(mostBytes).toBeLessThanOrEqual(limits.maxBytes);
    expect(mostPackets).toBe(limits.maxPackets);
    expect(mostParts).toBeLessThanOrEqual(limits.maxParts);
    expect([...fragments.pending.values()].reduce((sum, { bytes }) => sum + bytes, 0)).toBe(fragments.bytes);
    expect(cutIpv4(PACKET, [32]).map((part) => take(part, 1).outcome)).toEqual([FRAGMENT, TCP]);
  });

  it('holds nothing of UDP that its first part shows to be no tunnel', () => {
    const { take, fragments } = joiner();
    const packet = ipv4Packet(new Uint8Array(80), { protocol: 17, fragment: 0 });
    expect(take(cutIpv4(packet, [40])[0]!).outcome).toBe(NOT_TCP);
    expect(fragments).toMatchObject({ begun: 0, bytes: 0 });
  });

  it('never throws on mutated fragments', () => {
    const samples = [
      ...cutIpv4(PACKET, [8, 16, 40]),
      ...cutIpv6(PACKET6, [8, 40]),
      ...cutIpv4(vxlan(1, ethernetFrame([0x0800], cutIpv4(PACKET, [24])[0]!)), [16]),
    ];
    const mutated = fc
      .tuple(fc.constantFrom(...samples), fc.array(fc.tuple(fc.nat(70), fc.nat(255)), { maxLength: 4 }))
      .map(([packet, changes]) =>
        changes.reduce((bytes, [at, value]) => (at < bytes.length ? bytes.with(at, value) : bytes), packet),
      );
    fc.assert(
      fc.property(fc.array(mutated, { maxLength: 40 }), (packets) => {
        const { take, fragments } = joiner({ maxBytes: 300, maxPackets: 4 });
        for (const packet of packets) take(packet);
        expect(fragments.bytes).toBeGreaterThanOrEqual(0);
        expect(fragments.bytes).toBeLessThanOrEqual(600);
        expect(fragments.completed).toBeLessThanOrEqual(packets.length);
      }),
      { numRuns: 1000 },
    );
  });
});
