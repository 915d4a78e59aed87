/**
 * One TCP segment as the bytes of an Ethernet frame, cut at the snap length.
 * Checksums are right: what lies behind the snap length counts as zeros.
 */

/** Captured bytes per packet at most, as `tcpdump -s 96` leaves them. */
export const SNAP_LENGTH = 96;

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

/** A segment to write; one object is reused for all packets. */
export interface Segment {
  /** Microseconds since the epoch. */
  tsUs: number;
  v6: boolean;
  fromServer: boolean;
  /** Host numbers; `addressText` has the address. */
  client: number;
  server: number;
  clientPort: number;
  serverPort: number;
  seq: number;
  ack: number;
  flags: number;
  window: number;
  ttl: number;
  ipId: number;
  options: 'none' | 'timestamps' | 'syn';
  tsVal: number;
  tsEcr: number;
  /** Bytes of payload on the wire. */
  payloadLen: number;
  /** What the payload starts with. */
  text: Uint8Array;
}

/** The address of a host of the generated traffic as tcpdump and tshark print it. */
export function addressText(v6: boolean, isServer: boolean, host: number): string {
  if (v6) return `2001:db8:${isServer ? 2 : 1}::${host.toString(16)}`;
  return isServer ? `192.0.2.${host}` : `10.1.${host >>> 8}.${host & 255}`;
}

/** Writes the frame at `at` and returns its captured length. */
export function writeFrame(view: DataView, at: number, segment: Segment): number {
  const ipAt = at + 14;
  const tcpAt = ipAt + (segment.v6 ? 40 : 20);
  const tcpLen = tcpLength(segment);
  writeEthernet(view, at, segment);
  const pseudo = segment.v6 ? writeIpv6(view, ipAt, segment, tcpLen) : writeIpv4(view, ipAt, segment, tcpLen);
  const end = writeTcp(view, tcpAt, Math.min(tcpAt + tcpLen, at + SNAP_LENGTH), segment);
  view.setUint16(tcpAt + 16, fold(pseudo + sumWords(view, tcpAt, end)));
  return end - at;
}

/** Length of the frame on the wire. */
export function wireLength(segment: Segment): number {
  return 14 + (segment.v6 ? 40 : 20) + tcpLength(segment);
}

function tcpLength(segment: Segment): number {
  return 20 + optionsLength(segment) + segment.payloadLen;
}

function optionsLength(segment: Segment): number {
  if (segment.options === 'none') return 0;
  return segment.options === 'timestamps' ? 12 : 20;
}

function writeEthernet(view: DataView, at: number, segment: Segment): void {
  const router = 0x0000_5e01;
  view.setUint16(at, 0x0200);
  view.setUint32(at + 2, segment.fromServer ? router : segment.server);
  view.setUint16(at + 6, 0x0200);
  view.setUint32(at + 8, segment.fromServer ? segment.server : router);
  view.setUint16(at + 12, segment.v6 ? 0x86dd : 0x0800);
}

function writeIpv4(view: DataView, at: number, segment: Segment, tcpLen: number): number {
  const client = 0x0a010000 | segment.client;
  const server = 0xc0000200 | segment.server;
  view.setUint16(at, 0x4500);
  view.setUint16(at + 2, 20 + tcpLen);
  view.setUint16(at + 4, segment.ipId);
  view.setUint16(at + 6, 0x4000);
  view.setUint16(at + 8, (segment.ttl << 8) | 6);
  view.setUint16(at + 10, 0);
  view.setUint32(at + 12, segment.fromServer ? server : client);
  view.setUint32(at + 16, segment.fromServer ? client : server);
  view.setUint16(at + 10, fold(sumWords(view, at, at + 20)));
  return sumWords(view, at + 12, at + 20) + 6 + tcpLen;
}

function writeIpv6(view: DataView, at: number, segment: Segment, tcpLen: number): number {
  view.setUint32(at, 0x60000000);
  view.setUint16(at + 4, tcpLen);
  view.setUint16(at + 6, (6 << 8) | segment.ttl);
  writeIpv6Address(view, at + 8, segment, segment.fromServer);
  writeIpv6Address(view, at + 24, segment, !segment.fromServer);
  return sumWords(view, at + 8, at + 40) + 6 + tcpLen;
}

function writeIpv6Address(view: DataView, at: number, segment: Segment, isServer: boolean): void {
  view.setUint32(at, 0x20010db8);
  view.setUint32(at + 4, isServer ? 0x00020000 : 0x00010000);
  view.setUint32(at + 8, 0);
  view.setUint32(at + 12, isServer ? segment.server : segment.client);
}

function writeTcp(view: DataView, at: number, end: number, segment: Segment): number {
  view.setUint16(at, segment.fromServer ? segment.serverPort : segment.clientPort);
  view.setUint16(at + 2, segment.fromServer ? segment.clientPort : segment.serverPort);
  view.setUint32(at + 4, segment.seq);
  view.setUint32(at + 8, segment.ack);
  view.setUint16(at + 12, ((20 + optionsLength(segment)) << 10) | segment.flags);
  view.setUint16(at + 14, segment.window);
  view.setUint32(at + 16, 0);
  let next = at + 20;
  if (segment.options === 'syn') {
    view.setUint32(next, 0x020405b4);
    view.setUint32(next + 4, 0x0402080a);
    view.setUint32(next + 8, segment.tsVal);
    view.setUint32(next + 12, segment.tsEcr);
    view.setUint32(next + 16, 0x01030307);
    next += 20;
  } else if (segment.options === 'timestamps') {
    view.setUint32(next, 0x0101080a);
    view.setUint32(next + 4, segment.tsVal);
    view.setUint32(next + 8, segment.tsEcr);
    next += 12;
  }
  for (let i = 0; next < end; i++, next++) view.setUint8(next, segment.text[i] ?? 0);
  return end;
}

function sumWords(view: DataView, start: number, end: number): number {
  let sum = 0;
  let at = start;
  for (; at + 1 < end; at += 2) sum += view.getUint16(at);
  return at < end ? sum + (view.getUint8(at) << 8) : sum;
}

function fold(sum: number): number {
  let folded = (sum & 0xffff) + (sum >>> 16);
  folded = (folded & 0xffff) + (folded >>> 16);
  return ~folded & 0xffff;
}
