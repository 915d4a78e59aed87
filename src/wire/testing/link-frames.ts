/** One frame of every link layer, with the same reset in it; bytes written by hand from the named specification. */
import { concat, integers } from '../bytes.ts';
import { ethernetFrame, ipv4Packet, ipv6Packet, tcpSegment } from './frames.ts';

export interface LinkFrame {
  readonly name: string;
  /** As pcap files number it. */
  readonly linkType: number;
  readonly frame: Uint8Array;
  readonly version: 4 | 6;
  /** As the frame tells: 0 unknown, 1 inbound, 2 outbound. */
  readonly direction: 0 | 1 | 2;
}

/** RST and ACK with five bytes, from port 40000 to 80. */
export const SEGMENT: Uint8Array = tcpSegment({ flags: 0x14, payload: new Uint8Array(5) });
export const IP4: Uint8Array = ipv4Packet(SEGMENT);
export const IP6: Uint8Array = ipv6Packet(6, SEGMENT);

/** RFC 1042: LLC with SNAP, OUI 0, an ethertype. */
export const SNAP4: readonly number[] = [0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00];
const SNAP6 = [0xaa, 0xaa, 0x03, 0, 0, 0, 0x86, 0xdd];
const ADDRESS_1 = [2, 0, 0, 0, 0, 1];
const ADDRESS_2 = [2, 0, 0, 0, 0, 2];

/** So many bytes of 0. */
export function zeros(count: number): readonly number[] {
  return Array.from({ length: count }, () => 0);
}

/** Header and packet in one frame. */
export function framed(header: readonly number[], packet: Uint8Array = IP4): Uint8Array {
  return concat([Uint8Array.from(header), packet]);
}

/** IEEE 802.11-2020, 9.2.3: frame control, duration, three addresses, sequence control, and what follows them. */
export function wirelessHeader(control: readonly [number, number], more: readonly number[] = []): readonly number[] {
  return [...control, 0, 0, ...ADDRESS_2, ...ADDRESS_1, ...ADDRESS_1, 0x10, 0, ...more];
}

/** radiotap.org: version, padding, length, presence words, fields. */
export function radiotap(presence: readonly number[], fields: readonly number[]): readonly number[] {
  return [0, 0, 4 + presence.length * 4 + fields.length, 0, ...integers(true, 4, presence), ...fields];
}

/** PPI 1.0.7: version, flags, length, link type, fields. */
export function ppi(linkType: number, fields: readonly number[] = []): readonly number[] {
  return [0, 0, 8 + fields.length, 0, linkType, 0, 0, 0, ...fields];
}

/** PPI 1.0.7, 4.1.2: the field 802.11-Common of 20 bytes. */
export function ppiCommon(flags: number): readonly number[] {
  return [2, 0, 20, 0, ...zeros(8), flags, 0, ...zeros(10)];
}

/** linux/netfilter/nfnetlink_log.h: length, type and value of an attribute, in the order of the host's bytes. */
function attribute(littleEndian: boolean, type: number, value: readonly number[]): readonly number[] {
  const padding = zeros(-value.length & 3);
  return [...integers(littleEndian, 2, [value.length + 4, type]), ...value, ...padding];
}

/** An NFLOG frame whose last attribute is the packet. */
export function nflog(
  littleEndian: boolean,
  family: number,
  attributes: readonly (readonly [type: number, value: readonly number[]])[],
  packet: Uint8Array,
): Uint8Array {
  const before = attributes.flatMap(([type, value]) => attribute(littleEndian, type, value));
  return framed([family, 0, 0, 42, ...before, ...integers(littleEndian, 2, [packet.length + 4, 9])], packet);
}

/** bsd/net/pktap.h, version 1: 108 bytes, of which the link type and the flags matter. */
function pktap1(linkType: number, flags: number): readonly number[] {
  const name = Array.from({ length: 24 }, () => 0x65);
  const head = [...integers(true, 4, [108, 1, linkType]), ...name, ...integers(true, 4, [flags])];
  return [...head, ...zeros(108 - head.length)];
}

/** bsd/net/pktap.h, version 2: the length has one byte, the link type two; the flags stand where they did. */
function pktap2(linkType: number, flags: number): readonly number[] {
  return [40, 0, 0, 0, 0, 0, linkType, 0, ...zeros(28), ...integers(true, 4, [flags | 0x80000])];
}

/** net/if_pflog.h: 61 bytes counted and three of padding; the direction is the last counted one. */
function pflog(family: number, direction: number): readonly number[] {
  return [61, family, 0, 0, ...zeros(56), direction, 0, 0, 0];
}

const DATA_TO_DS: readonly [number, number] = [0x08, 0x01];
const QOS_FROM_DS: readonly [number, number] = [0x88, 0x02];
const FLAGS_PRESENT = 0x2;
/** Protocol, reserved, interface, ARPHRD type 803, packet type, address. */
const COOKED_2_RADIOTAP = [0, 0, 0, 0, 0, 0, 0, 1, 3, 0x23, 3, 0, ...zeros(8)];
const TSFT_AND_FLAGS = 0x3;

const HEADERS: readonly (readonly [string, number, readonly number[], (4 | 6)?, (0 | 1 | 2)?])[] = [
  ['PPP with address and control', 9, [0xff, 0x03, 0x00, 0x21]],
  ['PPP without address and control', 9, [0x00, 0x57], 6],
  ['PPP with a protocol field of one octet', 9, [0x21]],
  ['PPP in HDLC framing', 50, [0xff, 0x03, 0x00, 0x57], 6],
  ['PPP in HDLC framing, short protocol', 50, [0xff, 0x03, 0x21]],
  ['Cisco HDLC where PPP is announced', 50, [0x0f, 0x00, 0x08, 0x00]],
  ['Cisco HDLC', 104, [0x0f, 0x00, 0x08, 0x00]],
  ['Cisco HDLC, multicast', 104, [0x8f, 0x00, 0x86, 0xdd], 6],
  ['Cisco HDLC, sent', 205, [0x01, 0x0f, 0x00, 0x08, 0x00], 4, 2],
  ['PPP, received', 204, [0x00, 0xff, 0x03, 0x00, 0x21], 4, 1],
  ['PPP of pppd, sent', 166, [0x01, 0x03, 0x00, 0x21], 4, 2],
  ['PPPoE (RFC 2516)', 51, [0x11, 0x00, 0x00, 0x07, 0, IP4.length + 2, 0x00, 0x21]],
  ['FDDI', 10, [0x50, ...ADDRESS_2, ...ADDRESS_1, ...SNAP4]],
  ['FDDI, synchronous', 10, [0xd0, ...ADDRESS_2, ...ADDRESS_1, ...SNAP6], 6],
  ['Token Ring', 6, [0x10, 0x40, ...ADDRESS_2, ...ADDRESS_1, ...SNAP4]],
  ['Token Ring, source-routed', 6, [0x10, 0x40, ...ADDRESS_2, 0x82, 0, 0, 0, 0, 1, 6, 0x10, 0, 1, 0, 2, ...SNAP4]],
  ['ATM with LLC (RFC 2684)', 100, SNAP4],
  ['ATM of Sun', 123, [0x02, 0, 0, 100, ...SNAP4]],
  ['Fibre Channel (RFC 2625)', 122, [0x10, 0, ...ADDRESS_2, 0x10, 0, ...ADDRESS_1, ...SNAP4]],
  ['FireWire of Apple', 138, [...zeros(16), 0x86, 0xdd], 6],
  ['Frame Relay (RFC 2427)', 107, [0x18, 0x41, 0x03, 0xcc]],
  ['Frame Relay, IPv6', 107, [0x18, 0x41, 0x03, 0x8e], 6],
  ['Frame Relay with SNAP', 107, [0x18, 0x41, 0x03, 0x00, 0x80, 0, 0, 0, 0x08, 0x00]],
  ['Frame Relay of Cisco', 107, [0x18, 0x41, 0x08, 0x00]],
  ['Frame Relay, address of four octets', 107, [0x18, 0x40, 0x02, 0x01, 0x03, 0xcc]],
  ['Frame Relay, received', 206, [0x00, 0x18, 0x41, 0x03, 0xcc], 4, 1],
  ['ipnet of Solaris, received', 226, [1, 2, 0, 0, 0, 0, 0, IP4.length, ...zeros(16)], 4, 1],
  ['ipnet of Solaris, sent', 226, [2, 26, 0, 1, 0, 0, 0, IP6.length, ...zeros(16)], 6, 2],
  ['log of pf, in', 117, pflog(2, 1), 4, 1],
  ['log of pf, out', 117, pflog(24, 2), 6, 2],
  ['enc, little-endian', 109, [2, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0]],
  ['enc, big-endian', 109, [0, 0, 0, 24, 1, 2, 3, 4, 0, 0, 0, 0], 6],
  ['PKTAP of macOS, sent', 258, [...pktap1(1, 2), ...ADDRESS_2, ...ADDRESS_1, 0x08, 0x00], 4, 2],
  ['PKTAP version 2, received', 258, pktap2(12, 1), 6, 1],
  ['PPI over Ethernet', 192, [...ppi(1), ...ADDRESS_2, ...ADDRESS_1, 0x08, 0x00]],
  ['PPI over 802.11', 192, [...ppi(105, ppiCommon(0)), ...wirelessHeader(DATA_TO_DS), ...SNAP4]],
  ['802.11', 105, [...wirelessHeader(DATA_TO_DS), ...SNAP4]],
  ['802.11 with QoS', 105, [...wirelessHeader(QOS_FROM_DS, [0, 0]), ...SNAP6], 6],
  ['802.11 with QoS and HT control', 105, [...wirelessHeader([0x88, 0x82], [0, 0, 0, 0, 0, 0]), ...SNAP4]],
  ['802.11 with four addresses', 105, [...wirelessHeader([0x08, 0x03], ADDRESS_2), ...SNAP4]],
  ['802.11 with four addresses and QoS', 105, [...wirelessHeader([0x88, 0x03], [...ADDRESS_2, 0, 0]), ...SNAP4]],
  ['802.11 under radiotap', 127, [...radiotap([0], []), ...wirelessHeader(DATA_TO_DS), ...SNAP4]],
  [
    '802.11 under radiotap with a timer and padding',
    127,
    [...radiotap([TSFT_AND_FLAGS], [...zeros(8), 0x20]), ...wirelessHeader(QOS_FROM_DS, [0, 0, 0, 0]), ...SNAP4],
  ],
  [
    '802.11 under radiotap with two words of presence',
    127,
    [...radiotap([0x8000_0002, 0], [0x20]), ...wirelessHeader(QOS_FROM_DS, [0, 0, 0, 0]), ...SNAP4],
  ],
  [
    '802.11 under radiotap with two words of presence and a timer',
    127,
    [
      ...radiotap([0x8000_0003, 0], [...zeros(4), ...zeros(8), 0x20]),
      ...wirelessHeader(QOS_FROM_DS, [0, 0, 0, 0]),
      ...SNAP4,
    ],
  ],
  [
    '802.11 under radiotap with three words of presence',
    127,
    [...radiotap([0xa000_0002, 0xa000_0000, 0], [0x20]), ...wirelessHeader(QOS_FROM_DS, [0, 0, 0, 0]), ...SNAP4],
  ],
  [
    '802.11 under Prism',
    119,
    [...integers(true, 4, [0x44, 144]), ...zeros(136), ...wirelessHeader(DATA_TO_DS), ...SNAP4],
  ],
  [
    '802.11 under AVS',
    163,
    [...integers(false, 4, [0x80211001, 64]), ...zeros(56), ...wirelessHeader(DATA_TO_DS), ...SNAP4],
  ],
  [
    '802.11 with a VLAN tag behind SNAP',
    105,
    [...wirelessHeader(DATA_TO_DS), ...SNAP4.slice(0, 6), 0x81, 0x00, 0x00, 0x05, 0x08, 0x00],
  ],
  [
    'cooked, over radiotap',
    113,
    [0, 3, 3, 0x23, 0, 0, ...zeros(10), ...radiotap([0], []), ...wirelessHeader(DATA_TO_DS), ...SNAP4],
  ],
  [
    'cooked 2, over radiotap',
    276,
    [...COOKED_2_RADIOTAP, ...radiotap([FLAGS_PRESENT], [0]), ...wirelessHeader(DATA_TO_DS), ...SNAP4],
  ],
];

const FRAMES: readonly LinkFrame[] = [
  {
    name: 'PPPoE below a VLAN tag',
    linkType: 1,
    frame: ethernetFrame([0x8100, 5, 0x8864, 0x1100, 7, IP6.length + 2, 0x0057], IP6),
    version: 6,
    direction: 0,
  },
  {
    name: 'NFLOG, little-endian, before routing',
    linkType: 239,
    frame: nflog(
      true,
      2,
      [
        [1, [0x08, 0x00, 0, 0]],
        [10, [0x78, 0]],
      ],
      IP4,
    ),
    version: 4,
    direction: 1,
  },
  {
    name: 'NFLOG, big-endian, from this host',
    linkType: 239,
    frame: nflog(false, 10, [[1, [0x86, 0xdd, 3, 0]]], IP6),
    version: 6,
    direction: 2,
  },
  {
    name: 'NFLOG of a bridge',
    linkType: 239,
    frame: nflog(true, 7, [[1, [0x08, 0x00, 2, 0]]], IP4),
    version: 4,
    direction: 0,
  },
];

/** Every frame is read as the reset at its end. */
export const LINK_FRAMES: readonly LinkFrame[] = [
  ...HEADERS.map(([name, linkType, header, version = 4, direction = 0]) => ({
    name,
    linkType,
    frame: framed(header, version === 4 ? IP4 : IP6),
    version,
    direction,
  })),
  ...FRAMES,
];
