/** Frames for tests, built field by field. */
import { concat, integers } from '../bytes.ts';

export interface TcpFields {
  readonly srcPort?: number;
  readonly dstPort?: number;
  readonly seq?: number;
  readonly ack?: number;
  readonly flags?: number;
  readonly window?: number;
  /** Length a multiple of four. */
  readonly options?: readonly number[];
  readonly payload?: Uint8Array;
}

/** A TCP header with its payload. */
export function tcpSegment(fields: TcpFields = {}): Uint8Array {
  const { srcPort = 40_000, dstPort = 80, seq = 1, ack = 0, flags = 0x10, window = 512 } = fields;
  const options = Uint8Array.from(fields.options ?? []);
  const offsetAndFlags = ((20 + options.length) << 10) | flags;
  return concat([
    integers(false, 2, [srcPort, dstPort]),
    integers(false, 4, [seq, ack]),
    integers(false, 2, [offsetAndFlags, window, 0, 0]),
    options,
    fields.payload ?? new Uint8Array(0),
  ]);
}

export interface Ipv4Fields {
  readonly protocol?: number;
  readonly ttl?: number;
  readonly id?: number;
  /** The 16 bits of flags and fragment offset. */
  readonly fragment?: number;
  readonly totalLen?: number;
  readonly options?: readonly number[];
}

/** An IPv4 packet from 10.0.0.1 to 10.0.0.2. */
export function ipv4Packet(payload: Uint8Array, fields: Ipv4Fields = {}): Uint8Array {
  const { protocol = 6, ttl = 64, id = 0x1234, fragment = 0x4000, options = [] } = fields;
  const headerLen = 20 + options.length;
  return concat([
    Uint8Array.of(0x40 | (headerLen / 4), 0),
    integers(false, 2, [fields.totalLen ?? headerLen + payload.length, id, fragment]),
    Uint8Array.of(ttl, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, ...options),
    payload,
  ]);
}

/** An IPv6 packet from 2001:db8::1 to 2001:db8::2. */
export function ipv6Packet(nextHeader: number, payload: Uint8Array, payloadLen: number = payload.length): Uint8Array {
  const prefix = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  return concat([
    Uint8Array.of(0x60, 0, 0, 0),
    integers(false, 2, [payloadLen]),
    Uint8Array.of(nextHeader, 63, ...prefix, 1, ...prefix, 2),
    payload,
  ]);
}

/** An Ethernet frame; `types` are the tags and the ethertype, two bytes each after the addresses. */
export function ethernetFrame(types: readonly number[], payload: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1), integers(false, 2, types), payload]);
}

/** An Ethernet frame with a TCP segment over IPv4. */
export function tcpFrame(fields: TcpFields = {}): Uint8Array {
  return ethernetFrame([0x0800], ipv4Packet(tcpSegment(fields)));
}
