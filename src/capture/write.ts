/** Small pcap and pcapng writers: whole captures in memory, for tests, labs and annotated extracts. */
import { concat, integers } from '../wire/bytes.ts';
import { PCAP_MICROSECONDS, PCAP_NANOSECONDS } from './pcap.ts';
import { BYTE_ORDER_MAGIC, ENHANCED_PACKET, INTERFACE_DESCRIPTION, SECTION_HEADER } from './pcapng.ts';

/** One packet to write. */
export interface WritablePacket {
  readonly bytes: Uint8Array;
  readonly seconds: number;
  readonly nanos: number;
  /** Length on the wire; that of `bytes` when absent. */
  readonly wireLen?: number;
  /** pcapng only: 1 inbound, 2 outbound. */
  readonly direction?: number;
  /** pcapng only: shown by Wireshark beside the packet. */
  readonly comment?: string;
}

export interface WriteOptions {
  /** Default 1, Ethernet. */
  readonly linkType?: number;
  /** Default 262144 bytes. */
  readonly snapLen?: number;
  /** Default true: keep nanoseconds, rather than microseconds. */
  readonly nanoseconds?: boolean;
  /** Default true. */
  readonly littleEndian?: boolean;
}

/** A pcap file. */
export function writePcap(packets: Iterable<WritablePacket>, options: WriteOptions = {}): Uint8Array {
  const { linkType = 1, snapLen = 262_144, nanoseconds = true, littleEndian = true } = options;
  const u16 = (...values: number[]): Uint8Array => integers(littleEndian, 2, values);
  const u32 = (...values: number[]): Uint8Array => integers(littleEndian, 4, values);
  const parts = [u32(nanoseconds ? PCAP_NANOSECONDS : PCAP_MICROSECONDS), u16(2, 4), u32(0, 0, snapLen, linkType)];
  for (const { bytes, seconds, nanos, wireLen } of packets) {
    const fraction = nanoseconds ? nanos : Math.floor(nanos / 1000);
    parts.push(u32(seconds, fraction, bytes.length, wireLen ?? bytes.length), bytes);
  }
  return concat(parts);
}

/** A pcapng file with one section and one interface. */
export function writePcapng(packets: Iterable<WritablePacket>, options: WriteOptions = {}): Uint8Array {
  const { linkType = 1, snapLen = 262_144, nanoseconds = true, littleEndian = true } = options;
  const parts = [
    sectionHeader(littleEndian),
    pcapngBlock(littleEndian, INTERFACE_DESCRIPTION, [
      integers(littleEndian, 2, [linkType, 0]),
      integers(littleEndian, 4, [snapLen]),
      pcapngOptions(littleEndian, [{ code: 9, value: new Uint8Array([nanoseconds ? 9 : 6]) }]),
    ]),
  ];
  for (const packet of packets) parts.push(enhancedPacket(littleEndian, packet, nanoseconds));
  return concat(parts);
}

/** An option of a pcapng block. */
export interface PcapngOption {
  readonly code: number;
  readonly value: Uint8Array;
}

/** A pcapng block around its body, padded and with both lengths. */
export function pcapngBlock(littleEndian: boolean, type: number, body: readonly Uint8Array[]): Uint8Array {
  const inner = padded(concat(body));
  const len = inner.length + 12;
  return concat([integers(littleEndian, 4, [type, len]), inner, integers(littleEndian, 4, [len])]);
}

/** Options as they stand at the end of a block; nothing at all when there are none. */
export function pcapngOptions(littleEndian: boolean, options: readonly PcapngOption[]): Uint8Array {
  if (options.length === 0) return new Uint8Array(0);
  const parts = options.flatMap(({ code, value }) => [integers(littleEndian, 2, [code, value.length]), padded(value)]);
  return concat([...parts, integers(littleEndian, 2, [0, 0])]);
}

/** The section length stays unknown, as in files that are written while packets arrive. */
function sectionHeader(littleEndian: boolean): Uint8Array {
  return pcapngBlock(littleEndian, SECTION_HEADER, [
    integers(littleEndian, 4, [BYTE_ORDER_MAGIC]),
    integers(littleEndian, 2, [1, 0]),
    integers(littleEndian, 4, [0xffff_ffff, 0xffff_ffff]),
  ]);
}

function enhancedPacket(littleEndian: boolean, packet: WritablePacket, nanoseconds: boolean): Uint8Array {
  const { bytes, seconds, nanos, wireLen, direction, comment } = packet;
  const ticks = nanoseconds
    ? BigInt(seconds) * 1_000_000_000n + BigInt(nanos)
    : BigInt(seconds) * 1_000_000n + BigInt(Math.floor(nanos / 1000));
  const options: PcapngOption[] = [];
  if (comment !== undefined) options.push({ code: 1, value: new TextEncoder().encode(comment) });
  if (direction !== undefined) options.push({ code: 2, value: integers(littleEndian, 4, [direction]) });
  const lengths = [bytes.length, wireLen ?? bytes.length];
  return pcapngBlock(littleEndian, ENHANCED_PACKET, [
    integers(littleEndian, 4, [0, Number(ticks >> 32n), Number(ticks & 0xffff_ffffn), ...lengths]),
    padded(bytes),
    pcapngOptions(littleEndian, options),
  ]);
}

function padded(bytes: Uint8Array): Uint8Array {
  const len = (bytes.length + 3) & ~3;
  return len === bytes.length ? bytes : concat([bytes, new Uint8Array(len - bytes.length)]);
}
