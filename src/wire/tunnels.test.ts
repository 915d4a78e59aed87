import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress } from './address.ts';
import { concat, integers } from './bytes.ts';
import { encapsulationName, MAX_ENCAPSULATIONS } from './encapsulation.ts';
import { CUT, locate, MALFORMED, newLayers, NOT_TCP, TCP, UNDECODED, type Layers } from './layers.ts';
import { carrierName } from './carriers.ts';
import { srcPort } from './tcp.ts';
import { ethernetFrame, ipv4Packet, ipv6Packet, tcpFrame, tcpSegment } from './testing/frames.ts';
import {
  erspan,
  geneve,
  gre,
  greTunnel,
  gtp,
  l2tp,
  mpls,
  mplsFrame,
  pptp,
  udp,
  udpTunnel,
  vxlan,
} from './testing/tunnels.ts';

interface Located extends Layers {
  readonly outcome: number;
  readonly view: DataView;
  readonly name: string;
}

function located(frame: Uint8Array, linkType = 1, wireLen = frame.length): Located {
  // Padding on both sides shows reads outside the frame.
  const around = concat([new Uint8Array(7).fill(0x45), frame, new Uint8Array(9).fill(0x45)]);
  const view = new DataView(around.buffer);
  const layers = newLayers();
  const outcome = locate(view, 7, 7 + frame.length, wireLen, linkType, layers);
  return { ...layers, outcome, view, name: encapsulationName(layers.stack, layers.tunnel) };
}

const SEGMENT = tcpSegment({ flags: 0x14, payload: new Uint8Array(5) });
const PACKET = ipv4Packet(SEGMENT, { id: 0x4711 });
const PACKET6 = ipv6Packet(6, SEGMENT);
const FRAME = ethernetFrame([0x0800], PACKET);
const eth = (packet: Uint8Array): Uint8Array => ethernetFrame([packet[0]! >> 4 === 6 ? 0x86dd : 0x0800], packet);
const PAIR = '10.0.0.1-10.0.0.2';

const LISTED: readonly (readonly [name: string, frame: Uint8Array, encapsulation: string, version?: number])[] = [
  ['VLAN', ethernetFrame([0x8100, 0x600a, 0x0800], PACKET), 'vlan 10'],
  ['VLAN in VLAN', ethernetFrame([0x88a8, 7, 0x8100, 10, 0x86dd], PACKET6), 'vlan 7, vlan 10', 6],
  ['a tag with a priority alone', ethernetFrame([0x8100, 0x6000, 0x0800], PACKET), ''],
  ['VXLAN', eth(vxlan(42, FRAME)), 'vxlan 42'],
  ['VXLAN on the port that Linux began with', eth(vxlan(0xfffffe, FRAME, 8472)), 'vxlan 16777214'],
  ['VXLAN with a VLAN in it', eth(vxlan(42, ethernetFrame([0x8100, 9, 0x0800], PACKET))), 'vxlan 42, vlan 9'],
  [
    'VXLAN over IPv6',
    eth(ipv6Packet(17, udp(4789, concat([integers(false, 4, [0x0800_0000, 42 * 256]), FRAME])))),
    'vxlan 42',
  ],
  [
    'VXLAN-GPE with IPv4',
    eth(udpTunnel(4790, concat([integers(false, 4, [0x0c00_0001, 5 * 256]), PACKET]))),
    'vxlan 5',
  ],
  ['Geneve', eth(geneve(7, 0x6558, FRAME)), 'geneve 7'],
  ['Geneve with options, IPv6 at once', eth(geneve(7, 0x86dd, PACKET6, [1, 2, 3, 1, 9, 9, 9, 9])), 'geneve 7', 6],
  ['GRE', eth(greTunnel(0x0800, PACKET)), `gre ${PAIR}`],
  ['GRE with IPv6 in it', eth(greTunnel(0x86dd, PACKET6)), `gre ${PAIR}`, 6],
  [
    'GRE with key, sequence number and checksum',
    eth(greTunnel(0x0800, PACKET, { key: 7, sequence: 1, checksum: true })),
    'gre key 7',
  ],
  ['GRE with Ethernet in it', eth(greTunnel(0x6558, FRAME, { key: 0xffffffff })), 'gre key 4294967295'],
  ['GRE with MPLS in it', eth(greTunnel(0x8847, mpls([99], PACKET))), `gre ${PAIR}, mpls 99`],
  ['GRE over IPv6', eth(ipv6Packet(47, gre(0x0800, PACKET))), 'gre over IPv6'],
  ['GRE in UDP', eth(udpTunnel(4754, gre(0x0800, PACKET, { key: 3 }))), 'gre key 3'],
  ['PPTP', eth(pptp(concat([Uint8Array.of(0xff, 3, 0, 0x21), PACKET]))), `pptp ${PAIR}`],
  ['PPTP, compressed PPP header', eth(pptp(concat([Uint8Array.of(0x21), PACKET]))), `pptp ${PAIR}`],
  ['ERSPAN I', eth(erspan(1, 0, FRAME)), 'erspan 0'],
  ['ERSPAN II', eth(erspan(2, 10, FRAME)), 'erspan 10'],
  ['ERSPAN III', eth(erspan(3, 1023, FRAME)), 'erspan 1023'],
  ['ERSPAN III with a platform header', eth(erspan(3, 10, FRAME, true)), 'erspan 10'],
  ['IP in IP', eth(ipv4Packet(PACKET, { protocol: 4 })), `ip in ip ${PAIR}`],
  ['6in4', eth(ipv4Packet(PACKET6, { protocol: 41 })), `ip in ip ${PAIR}`, 6],
  ['4in6', eth(ipv6Packet(4, PACKET)), 'ip in ip over IPv6'],
  ['6in6', eth(ipv6Packet(41, PACKET6)), 'ip in ip over IPv6', 6],
  ['EtherIP', eth(ipv4Packet(concat([Uint8Array.of(0x30, 0), FRAME]), { protocol: 97 })), `etherip ${PAIR}`],
  ['MPLS', mplsFrame([16, 30], PACKET), 'mpls 30'],
  ['MPLS with explicit null below', mplsFrame([500, 2], PACKET6), 'mpls 500', 6],
  ['MPLS with Ethernet behind a control word', mplsFrame([17], concat([new Uint8Array(4), FRAME])), 'mpls 17'],
  ['MPLS with Ethernet', mplsFrame([17], FRAME), 'mpls 17'],
  [
    'MPLS with Ethernet from an address that begins as IPv4 does',
    mplsFrame([17], concat([Uint8Array.of(0x45), FRAME.subarray(1)])),
    'mpls 17',
  ],
  ['MPLS in IP', eth(ipv4Packet(mpls([18], PACKET), { protocol: 137 })), 'mpls 18'],
  ['MPLS in UDP', eth(udpTunnel(6635, mpls([19], PACKET))), 'mpls 19'],
  ['Teredo', eth(udpTunnel(3544, PACKET6)), 'teredo', 6],
  [
    'Teredo with authentication and origin',
    eth(udpTunnel(3544, concat([Uint8Array.of(0, 1, 1, 2), new Uint8Array(12), new Uint8Array(8), PACKET6]))),
    'teredo',
    6,
  ],
  [
    'AYIYA',
    eth(udpTunnel(5072, concat([Uint8Array.of(0x42, 0x52, 0x11, 41), new Uint8Array(4 + 16 + 20), PACKET6]))),
    `ayiya ${PAIR}`,
    6,
  ],
  ['GTP-U', eth(gtp(0xdeadbeef, PACKET)), 'gtp teid 3735928559'],
  ['GTP-U with an extension header', eth(gtp(1, PACKET6, true)), 'gtp teid 1', 6],
  ['L2TP', eth(l2tp(3, 4, concat([Uint8Array.of(0xff, 3, 0, 0x21), PACKET]))), 'l2tp 3/4'],
  [
    'all at once',
    ethernetFrame(
      [0x8100, 5, 0x0800],
      vxlan(6, eth(geneve(7, 0x6558, eth(greTunnel(0x0800, ipv4Packet(PACKET, { protocol: 4 }), { key: 8 }))))),
    ),
    `vlan 5, vxlan 6, geneve 7, gre key 8, ip in ip ${PAIR}`,
  ],
];

const CASES = LISTED.map(([name, frame, encapsulation, version = 4]) => ({ name, frame, encapsulation, version }));

describe('TCP in a tunnel', () => {
  it.each(CASES)('$name', ({ frame, encapsulation, version }) => {
    const found = located(frame);
    expect(found).toMatchObject({
      outcome: TCP,
      name: encapsulation,
      version,
      payloadLen: 5,
      captured: 5,
      tcpCaptured: 25,
    });
    expect(srcPort(found.view, found.tcp)).toBe(40_000);
    if (version === 4) expect(found.ipId).toBe(0x4711);
    expect(formatAddress(found.view, found.src, version)).toBe(version === 4 ? '10.0.0.1' : '2001:db8::1');
  });

  it.each(CASES)('$name, cut anywhere, is cut or still TCP, and never read beyond its end', ({ frame }) => {
    for (let length = 0; length < frame.length; length++) {
      const found = located(frame.subarray(0, length), 1, frame.length);
      const headerCaptured = length - (frame.length - 25);
      if (headerCaptured >= 14)
        expect(found).toMatchObject({ outcome: TCP, payloadLen: 5, tcpCaptured: headerCaptured });
      // A tunnel that cannot be seen yet is plain UDP, or an unknown payload of MPLS.
      else expect([CUT, NOT_TCP]).toContain(found.outcome);
    }
  });

  it('ends where the tunnel says, not at the padding of the outer frame', () => {
    const padded = concat([eth(gtp(1, ipv4Packet(SEGMENT, { totalLen: 0 }))), new Uint8Array(6)]);
    expect(located(padded)).toMatchObject({ outcome: TCP, payloadLen: 5, captured: 5 });
  });
});

describe('what looks like a tunnel and is none', () => {
  it.each([
    ['UDP on the VXLAN port without its flag', eth(udpTunnel(4789, new Uint8Array(60))), UNDECODED, 'VXLAN'],
    [
      'GRE with source routing',
      eth(ipv4Packet(concat([Uint8Array.of(0x40, 0, 8, 0), PACKET]), { protocol: 47 })),
      UNDECODED,
      'GRE',
    ],
    ['Geneve of another version', eth(udpTunnel(6081, new Uint8Array(60).fill(0x80))), UNDECODED, 'Geneve'],
    ['L2TP version 3', eth(udpTunnel(1701, concat([Uint8Array.of(0, 3), new Uint8Array(40)]))), UNDECODED, 'L2TP'],
  ])('%s is named', (_name, frame, outcome, name) => {
    const found = located(frame);
    expect(found.outcome).toBe(outcome);
    expect(carrierName(found.carrier)).toBe(name);
  });

  it.each([
    ['a GTP echo request', eth(udpTunnel(2152, Uint8Array.of(0x32, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0)))],
    ['text on the Teredo port', eth(udpTunnel(3544, new TextEncoder().encode('hello, this is no tunnel')))],
    ['an L2TP control message', eth(udpTunnel(1701, concat([Uint8Array.of(0xc8, 2, 0, 12), new Uint8Array(8)])))],
    [
      'a PPTP acknowledgment',
      eth(ipv4Packet(Uint8Array.of(0x20, 0x81, 0x88, 0x0b, 0, 0, 0, 9, 0, 0, 0, 1), { protocol: 47 })),
    ],
    ['a GRE keepalive', eth(greTunnel(0, new Uint8Array(0)))],
    ['an OAM packet of Geneve', eth(udpTunnel(6081, concat([Uint8Array.of(0, 0x80, 0x65, 0x58, 0, 0, 7, 0), FRAME])))],
    ['a pseudowire of MPLS with something else', mplsFrame([17], new Uint8Array(60).fill(0x99))],
  ])('%s is simply not TCP', (_name, frame) => {
    expect(located(frame).outcome).toBe(NOT_TCP);
  });
});

const nested = (depth: number): Uint8Array =>
  Array.from({ length: depth }).reduce<Uint8Array>((inner) => ipv4Packet(inner, { protocol: 4 }), PACKET);

describe('nesting', () => {
  it('is followed to its bound and no further', () => {
    expect(located(nested(MAX_ENCAPSULATIONS), 101)).toMatchObject({ outcome: TCP, tunnel: MAX_ENCAPSULATIONS });
    expect(located(nested(MAX_ENCAPSULATIONS + 1), 101).outcome).toBe(MALFORMED);
    expect(located(nested(800), 101).outcome).toBe(MALFORMED);
  });

  it('ends for a label stack without a bottom', () => {
    expect(located(ethernetFrame([0x8847], new Uint8Array(1500))).outcome).toBe(MALFORMED);
  });
});

describe('any bytes at all', () => {
  it('keep offsets in bounds and never throw', () => {
    const samples = fc.constantFrom(...CASES.map(({ frame }) => frame), tcpFrame());
    const mutated = fc
      .tuple(samples, fc.array(fc.tuple(fc.nat(160), fc.nat(255)), { maxLength: 12 }), fc.nat(20))
      .map(([frame, changes, cut]) =>
        changes
          .reduce((bytes, [at, value]) => (at < bytes.length ? bytes.with(at, value) : bytes), frame)
          .subarray(0, Math.max(0, frame.length - cut)),
      );
    fc.assert(
      fc.property(mutated, fc.nat(300), (frame, extra) => {
        const view = new DataView(Uint8Array.from(frame).buffer);
        const layers = newLayers();
        const outcome = locate(view, 0, frame.length, frame.length + extra, 1, layers);
        encapsulationName(layers.stack, layers.tunnel);
        expect(layers.tunnel).toBeLessThanOrEqual(MAX_ENCAPSULATIONS);
        if (outcome !== TCP) return;
        expect(layers.tcp + layers.tcpCaptured).toBeLessThanOrEqual(frame.length);
        expect(layers.captured).toBeLessThanOrEqual(layers.payloadLen);
      }),
      { numRuns: 5000 },
    );
  });
});
