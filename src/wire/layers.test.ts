import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ethernetFrame, ipv4Packet, ipv6Packet, tcpFrame, tcpSegment } from './testing/frames.ts';
import { concat } from './bytes.ts';
import { formatAddress } from './address.ts';
import { carrierName } from './carriers.ts';
import { CUT, FRAGMENT, locate, MALFORMED, newLayers, NOT_TCP, TCP, UNDECODED, type Layers } from './layers.ts';
import { ack, dataOffset, dstPort, flags, seq, srcPort, urgent, window } from './tcp.ts';

interface Located extends Layers {
  readonly outcome: number;
  readonly view: DataView;
}

function located(frame: Uint8Array, linkType = 1, wireLen = frame.length): Located {
  // Padding on both sides shows reads outside the frame.
  const around = concat([new Uint8Array(7).fill(0xee), frame, new Uint8Array(9).fill(0xee)]);
  const view = new DataView(around.buffer);
  const layers = newLayers();
  const outcome = locate(view, 7, 7 + frame.length, wireLen, linkType, layers);
  return { ...layers, outcome, view };
}

describe('a RST of a real kernel, byte by byte', () => {
  // prettier-ignore
  const frame = Uint8Array.of(
    0x02, 0x42, 0xac, 0x11, 0x00, 0x02, 0x02, 0x42, 0xac, 0x11, 0x00, 0x03, // Ethernet addresses
    0x08, 0x00,             // IPv4
    0x45, 0x00, 0x00, 0x28, // version 4, header 20 bytes; total length 40
    0x9a, 0xbc, 0x40, 0x00, // identification; don't fragment
    0x3f, 0x06, 0x12, 0x34, // TTL 63, TCP, checksum
    0xac, 0x11, 0x00, 0x03, // 172.17.0.3
    0xac, 0x11, 0x00, 0x02, // 172.17.0.2
    0x01, 0xbb, 0xc3, 0x50, // 443 to 50000
    0xfe, 0xdc, 0xba, 0x98, // sequence number
    0x89, 0xab, 0xcd, 0xef, // acknowledgment number
    0x51, 0x14, 0x01, 0xf5, // header 20 bytes, AE RST ACK; window 501
    0x00, 0x00, 0x00, 0x07, // checksum, urgent pointer
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // Ethernet padding
  );
  const found = located(frame);

  it('yields the IP fields', () => {
    expect(found).toMatchObject({ outcome: TCP, version: 4, ttl: 63, ipId: 0x9abc, df: 1, protocol: 6, direction: 0 });
    expect(formatAddress(found.view, found.src, 4)).toBe('172.17.0.3');
    expect(formatAddress(found.view, found.dst, 4)).toBe('172.17.0.2');
  });

  it('yields the TCP fields', () => {
    const { view, tcp, tcpCaptured } = found;
    expect([srcPort(view, tcp), dstPort(view, tcp)]).toEqual([443, 50_000]);
    expect([seq(view, tcp), ack(view, tcp)]).toEqual([0xfedcba98, 0x89abcdef]);
    expect([dataOffset(view, tcp), flags(view, tcp)]).toEqual([20, 0x114]);
    expect([window(view, tcp, tcpCaptured), urgent(view, tcp, tcpCaptured)]).toEqual([501, 7]);
  });

  it('does not take Ethernet padding for payload', () => {
    expect(found).toMatchObject({ payloadLen: 0, captured: 0, tcpCaptured: 20 });
  });
});

const SEGMENT = tcpSegment({ flags: 0x18, payload: new Uint8Array(5) });

const sll = (packetType: number, protocol: number): Uint8Array =>
  Uint8Array.of(0, packetType, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, protocol >> 8, protocol & 0xff);
const sll2 = (packetType: number, protocol: number): Uint8Array =>
  Uint8Array.of(protocol >> 8, protocol & 0xff, 0, 0, 0, 0, 0, 2, 0, 1, packetType, 6, 2, 0, 0, 0, 0, 1, 0, 0);

describe('link layers that carry IP', () => {
  const ip4 = ipv4Packet(SEGMENT);
  const ip6 = ipv6Packet(6, SEGMENT);
  const cases: readonly [name: string, linkType: number, frame: Uint8Array, version: number, direction: number][] = [
    ['Ethernet', 1, ethernetFrame([0x0800], ip4), 4, 0],
    ['Ethernet with IPv6', 1, ethernetFrame([0x86dd], ip6), 6, 0],
    ['one VLAN tag', 1, ethernetFrame([0x8100, 5, 0x0800], ip4), 4, 0],
    ['stacked VLAN tags', 1, ethernetFrame([0x88a8, 5, 0x9100, 6, 0x8100, 7, 0x86dd], ip6), 6, 0],
    [
      'eight VLAN tags',
      1,
      ethernetFrame([...Array.from({ length: 16 }, (_, i) => (i % 2 ? 1 : 0x8100)), 0x0800], ip4),
      4,
      0,
    ],
    ['LLC and SNAP', 1, ethernetFrame([8 + ip4.length, 0xaaaa, 0x0300, 0, 0x0800], ip4), 4, 0],
    ['LLC with the SAP of IP', 1, concat([ethernetFrame([3 + ip4.length, 0x0606], Uint8Array.of(3)), ip4]), 4, 0],
    ['VLAN tag over SNAP', 1, ethernetFrame([0x8100, 5, 8 + ip6.length, 0xaaaa, 0x0300, 0, 0x86dd], ip6), 6, 0],
    ['null, little-endian', 0, concat([Uint8Array.of(2, 0, 0, 0), ip4]), 4, 0],
    ['null, big-endian', 0, concat([Uint8Array.of(0, 0, 0, 2), ip4]), 4, 0],
    ['null of macOS with IPv6', 0, concat([Uint8Array.of(30, 0, 0, 0), ip6]), 6, 0],
    ['null of FreeBSD with IPv6', 0, concat([Uint8Array.of(28, 0, 0, 0), ip6]), 6, 0],
    ['null of OpenBSD with IPv6', 0, concat([Uint8Array.of(0, 0, 0, 24), ip6]), 6, 0],
    ['null of Linux with IPv6', 0, concat([Uint8Array.of(10, 0, 0, 0), ip6]), 6, 0],
    ['loop', 108, concat([Uint8Array.of(0, 0, 0, 2), ip4]), 4, 0],
    ['raw IP', 101, ip4, 4, 0],
    ['raw IP version 6', 101, ip6, 6, 0],
    ['raw IP of BSD', 12, ip4, 4, 0],
    ['raw IP of OpenBSD', 14, ip6, 6, 0],
    ['IPv4', 228, ip4, 4, 0],
    ['IPv6', 229, ip6, 6, 0],
    ['cooked, to this host', 113, concat([sll(0, 0x0800), ip4]), 4, 1],
    ['cooked, sent', 113, concat([sll(4, 0x86dd), ip6]), 6, 2],
    ['cooked, for another host', 113, concat([sll(3, 0x0800), ip4]), 4, 0],
    ['cooked with a VLAN tag', 113, concat([sll(1, 0x8100), Uint8Array.of(0, 5, 8, 0), ip4]), 4, 1],
    ['cooked 2, to this host', 276, concat([sll2(0, 0x0800), ip4]), 4, 1],
    ['cooked 2, sent', 276, concat([sll2(4, 0x86dd), ip6]), 6, 2],
  ];

  it.each(cases)('%s', (_name, linkType, frame, version, direction) => {
    const found = located(frame, linkType);
    expect(found).toMatchObject({ outcome: TCP, version, direction, payloadLen: 5, captured: 5, tcpCaptured: 25 });
    expect(found.tcp).toBe(7 + frame.length - 25);
    expect(srcPort(found.view, found.tcp)).toBe(40_000);
  });

  it.each(cases)('%s, cut anywhere, is never read beyond its end', (_name, linkType, frame) => {
    for (let length = 0; length < frame.length; length++) {
      const found = located(frame.subarray(0, length), linkType, frame.length);
      const headerCaptured = length - (frame.length - 25);
      expect(found.outcome).toBe(headerCaptured >= 14 ? TCP : CUT);
      if (headerCaptured >= 14) expect(found).toMatchObject({ payloadLen: 5, tcpCaptured: headerCaptured });
      // Both ports are there, or the offset is not given.
      else expect(found.tcp).toBe(headerCaptured >= 4 ? 7 + frame.length - 25 : -1);
    }
  });

  it('does not follow more than eight VLAN tags', () => {
    const nine = Array.from({ length: 18 }, (_, i) => (i % 2 ? 1 : 0x8100));
    expect(located(ethernetFrame([...nine, 0x0800], ip4)).outcome).toBe(NOT_TCP);
  });
});

describe('IPv4', () => {
  it('skips options', () => {
    const found = located(ethernetFrame([0x0800], ipv4Packet(SEGMENT, { options: [1, 1, 1, 0] })));
    expect(found).toMatchObject({ outcome: TCP, payloadLen: 5, tcp: 7 + 14 + 24 });
  });

  it('skips an authentication header', () => {
    const authentication = Uint8Array.of(6, 4, 0, 0, ...new Uint8Array(20));
    const packet = ipv4Packet(concat([authentication, SEGMENT]), { protocol: 51 });
    expect(located(packet, 101)).toMatchObject({ outcome: TCP, tcp: 7 + 20 + 24 });
  });

  it('takes the length of the frame where segmentation offload leaves the total length 0', () => {
    expect(located(ipv4Packet(SEGMENT, { totalLen: 0 }), 101)).toMatchObject({ outcome: TCP, payloadLen: 5 });
    expect(located(ipv4Packet(SEGMENT, { totalLen: 0 }), 101, 2045)).toMatchObject({ payloadLen: 2005, captured: 5 });
  });

  it('says where the content of a fragment lies and belongs', () => {
    const first = located(ipv4Packet(SEGMENT, { fragment: 0x2000 }), 101);
    expect(first).toMatchObject({ outcome: FRAGMENT, version: 4, fragment: 0, more: 1, fragmentId: 0x1234 });
    expect(first).toMatchObject({ payload: 7 + 20, payloadLen: 25, captured: 25 });
    const last = located(ipv4Packet(SEGMENT, { fragment: 0x0003 }), 101);
    expect(last).toMatchObject({ outcome: FRAGMENT, version: 4, tcp: -1, fragment: 24, more: 0, captured: 25 });
    expect(located(ipv4Packet(SEGMENT, { fragment: 0x2001, protocol: 1 }), 101).outcome).toBe(NOT_TCP);
  });

  it('reads the TCP header of a first fragment that the snap length cut, as nothing can complete it', () => {
    const cut = ipv4Packet(SEGMENT, { fragment: 0x2000 }).subarray(0, 40);
    expect(located(cut, 101, 45)).toMatchObject({ outcome: TCP, df: 0, payloadLen: 5, captured: 0 });
    expect(located(ipv4Packet(SEGMENT, { fragment: 0x0003 }).subarray(0, 40), 101, 45)).toMatchObject({
      outcome: FRAGMENT,
      captured: 0,
    });
  });

  it('lets fragments of UDP go whose first part shows no port of a tunnel', () => {
    const dns = Uint8Array.of(0, 9, 0, 53, 0, 99, 0, 0);
    expect(located(ipv4Packet(dns, { fragment: 0x2000, protocol: 17 }), 101).outcome).toBe(NOT_TCP);
    const vxlan = Uint8Array.of(0, 9, 0x12, 0xb5, 0, 99, 0, 0);
    expect(located(ipv4Packet(vxlan, { fragment: 0x2000, protocol: 17 }), 101).outcome).toBe(FRAGMENT);
  });

  it.each([
    ['a header length below 20', ipv4Packet(SEGMENT).with(0, 0x44)],
    ['another version', ipv4Packet(SEGMENT).with(0, 0x55)],
    ['a total length below the header length', ipv4Packet(SEGMENT, { totalLen: 19 })],
    ['a total length that leaves no TCP header', ipv4Packet(SEGMENT, { totalLen: 33 })],
    ['a TCP data offset below 20', ipv4Packet(SEGMENT.with(12, 0x40))],
    ['a frame that ends within its header', ipv4Packet(SEGMENT).subarray(0, 19)],
  ])('calls %s malformed', (_name, packet) => {
    expect(located(packet, 228).outcome).toBe(MALFORMED);
  });

  it('shows the flags of a segment whose header is longer than the datagram', () => {
    expect(located(ipv4Packet(tcpSegment().with(12, 0xf0)), 101)).toMatchObject({
      outcome: TCP,
      payloadLen: 0,
      captured: 0,
    });
  });

  it('names the payload that is not TCP', () => {
    const icmp = located(ethernetFrame([0x0800], ipv4Packet(new Uint8Array(8), { protocol: 1 })));
    expect(icmp).toMatchObject({ outcome: NOT_TCP, version: 4, protocol: 1, tcp: 7 + 34 });
  });
});

const extension = (next: number): Uint8Array => Uint8Array.of(next, 0, 0, 0, 0, 0, 0, 0);

describe('IPv6', () => {
  it('walks hop-by-hop, routing, destination, authentication and fragment headers', () => {
    const authentication = Uint8Array.of(44, 1, ...new Uint8Array(10));
    const chain = concat([extension(43), extension(60), extension(51), authentication, extension(6), SEGMENT]);
    const found = located(ipv6Packet(0, chain), 101);
    expect(found).toMatchObject({ outcome: TCP, payloadLen: 5, ttl: 63, ipId: -1, df: 1, tcp: 7 + 40 + 24 + 12 + 8 });
    expect(formatAddress(found.view, found.src, 6)).toBe('2001:db8::1');
  });

  it('tells a later fragment apart', () => {
    const later = Uint8Array.of(6, 0, 0, 9, 0, 0, 0, 1);
    expect(located(ipv6Packet(44, concat([later, SEGMENT])), 101).outcome).toBe(FRAGMENT);
  });

  it('takes the length of the frame for a payload length of 0', () => {
    expect(located(ipv6Packet(6, SEGMENT, 0), 101)).toMatchObject({ outcome: TCP, payloadLen: 5 });
  });

  it('gives up on an endless chain of extension headers', () => {
    const chain = concat(Array.from({ length: 40 }, () => extension(60)));
    expect(located(ipv6Packet(60, chain), 101).outcome).toBe(MALFORMED);
  });
});

describe('what is not decoded is named', () => {
  it.each([
    ['GRE', 1, ethernetFrame([0x0800], ipv4Packet(new Uint8Array(24).fill(0x42), { protocol: 47 }))],
    ['PPPoE', 1, ethernetFrame([0x8864], new Uint8Array(40))],
    ['AX25', 3, new Uint8Array(60)],
    ['LINKTYPE_4711', 4711, new Uint8Array(60)],
  ])('%s', (name, linkType, frame) => {
    const found = located(frame, linkType);
    expect(found.outcome).toBe(UNDECODED);
    expect(carrierName(found.carrier)).toBe(name);
  });

  it('but ARP, spanning tree and plain UDP are simply not TCP', () => {
    expect(located(ethernetFrame([0x0806], new Uint8Array(28))).outcome).toBe(NOT_TCP);
    expect(located(ethernetFrame([38, 0x4242, 0x0300], new Uint8Array(34))).outcome).toBe(NOT_TCP);
    const dns = ipv4Packet(Uint8Array.of(0, 9, 0, 53, 0, 8, 0, 0), { protocol: 17 });
    expect(located(ethernetFrame([0x0800], dns)).outcome).toBe(NOT_TCP);
  });
});

describe('any bytes at all', () => {
  const linkTypes = fc.constantFrom(0, 1, 12, 14, 101, 108, 113, 228, 229, 276, 9);
  const mutated = fc
    .tuple(
      fc.constantFrom(tcpFrame(), ethernetFrame([0x86dd], ipv6Packet(0, SEGMENT))),
      fc.array(fc.tuple(fc.nat(90), fc.nat(255))),
    )
    .map(([frame, changes]) =>
      changes.reduce((bytes, [at, value]) => (at < bytes.length ? bytes.with(at, value) : bytes), frame),
    );

  it('keeps offsets in bounds and never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated),
        linkTypes,
        fc.nat(300),
        (frame, linkType, extra) => {
          const view = new DataView(Uint8Array.from(frame).buffer);
          const layers = newLayers();
          const outcome = locate(view, 0, frame.length, frame.length + extra, linkType, layers);
          expect(outcome).toBeGreaterThanOrEqual(NOT_TCP);
          expect(outcome).toBeLessThanOrEqual(FRAGMENT);
          if (outcome !== TCP) return;
          expect(layers.tcp + 14).toBeLessThanOrEqual(frame.length);
          expect(layers.tcp + layers.tcpCaptured).toBeLessThanOrEqual(frame.length);
          expect(layers.captured).toBeLessThanOrEqual(layers.payloadLen);
          if (layers.captured > 0) expect(layers.payload + layers.captured).toBeLessThanOrEqual(frame.length);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
