/** Tunnel headers for tests, around packets and frames of frames.ts. */
import { concat, integers } from '../bytes.ts';
import { ethernetFrame, ipv4Packet } from './frames.ts';

/** A UDP datagram; the source port spreads flows and means nothing. */
export function udp(dstPort: number, payload: Uint8Array, srcPort = 55_555): Uint8Array {
  return concat([integers(false, 2, [srcPort, dstPort, 8 + payload.length, 0]), payload]);
}

/** A datagram to a tunnel's port in IPv4. */
export function udpTunnel(dstPort: number, payload: Uint8Array): Uint8Array {
  return ipv4Packet(udp(dstPort, payload), { protocol: 17 });
}

export function vxlan(vni: number, frame: Uint8Array, port = 4789): Uint8Array {
  return udpTunnel(port, concat([integers(false, 4, [0x0800_0000, vni * 256]), frame]));
}

/** `options` in bytes, a multiple of four. */
export function geneve(vni: number, type: number, payload: Uint8Array, options: readonly number[] = []): Uint8Array {
  const first = (options.length / 4) << 8;
  const header = [integers(false, 2, [first, type]), integers(false, 4, [vni * 256]), Uint8Array.from(options)];
  return udpTunnel(6081, concat([...header, payload]));
}

export interface GreFields {
  readonly key?: number;
  readonly sequence?: number;
  readonly checksum?: boolean;
}

/** The GRE header and its payload, to stand in an IP packet of protocol 47. */
export function gre(type: number, payload: Uint8Array, fields: GreFields = {}): Uint8Array {
  const { key, sequence, checksum = false } = fields;
  const flags = (checksum ? 0x8000 : 0) | (key === undefined ? 0 : 0x2000) | (sequence === undefined ? 0 : 0x1000);
  const words = [
    ...(checksum ? [0] : []),
    ...(key === undefined ? [] : [key]),
    ...(sequence === undefined ? [] : [sequence]),
  ];
  return concat([integers(false, 2, [flags, type]), integers(false, 4, words), payload]);
}

export function greTunnel(type: number, payload: Uint8Array, fields: GreFields = {}): Uint8Array {
  return ipv4Packet(gre(type, payload, fields), { protocol: 47 });
}

/** RFC 2637: a GRE header of version 1 with key and sequence number, and PPP in it. */
export function pptp(ppp: Uint8Array, callId = 9): Uint8Array {
  const header = [integers(false, 2, [0x3001, 0x880b, ppp.length, callId]), integers(false, 4, [77])];
  return ipv4Packet(concat([...header, ppp]), { protocol: 47 });
}

/** ERSPAN type I has no header, type II eight bytes, type III twelve, or twenty with the platform's. */
export function erspan(type: 1 | 2 | 3, session: number, frame: Uint8Array, platform = false): Uint8Array {
  if (type === 1) return greTunnel(0x88be, frame);
  const header = integers(false, 2, [type === 2 ? 0x1000 : 0x2000, session]);
  if (type === 2) return greTunnel(0x88be, concat([header, new Uint8Array(4), frame]), { sequence: 5 });
  const rest = integers(false, 2, [0, 0, 0, platform ? 1 : 0]);
  return greTunnel(0x22eb, concat([header, rest, new Uint8Array(platform ? 8 : 0), frame]), { sequence: 5 });
}

/** A label stack, outermost first, the last entry marked as the bottom. */
export function mpls(labels: readonly number[], payload: Uint8Array): Uint8Array {
  const entries = labels.map((label, i) => (label * 4096 + (i === labels.length - 1 ? 0x100 : 0) + 64) >>> 0);
  return concat([integers(false, 4, entries), payload]);
}

export function mplsFrame(labels: readonly number[], payload: Uint8Array): Uint8Array {
  return ethernetFrame([0x8847], mpls(labels, payload));
}

/** TS 29.281: a packet of the user; with `extended`, a sequence number and one extension header of four bytes. */
export function gtp(teid: number, packet: Uint8Array, extended = false): Uint8Array {
  const extra = extended ? Uint8Array.of(0, 1, 0, 0x85, 1, 0, 0, 0) : new Uint8Array(0);
  const header = [Uint8Array.of(extended ? 0x36 : 0x30, 255), integers(false, 2, [extra.length + packet.length])];
  return udpTunnel(2152, concat([...header, integers(false, 4, [teid]), extra, packet]));
}

/** RFC 2661 §3.1: a data message with length and offset, and PPP in it. */
export function l2tp(tunnel: number, session: number, ppp: Uint8Array): Uint8Array {
  const header = integers(false, 2, [0x4202, 12 + ppp.length, tunnel, session, 2, 0]);
  return udpTunnel(1701, concat([header, ppp]));
}
