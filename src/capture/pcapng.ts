/**
 * The pcapng format (draft-ietf-opsawg-pcapng): sections of either byte order, interfaces, and every kind of packet block.
 * Blocks that carry no packet are skipped; those that Wireshark numbers as frames keep their number.
 */
import { sinkOf } from './aggregates.ts';
import { addDamage, addInterface, type MutableCaptureInfo } from './info.ts';
import type { PacketSink, RecordParser } from './reader.ts';
import { NEED_MORE, NO_RECORD, resync, type RecordProbe } from './resync.ts';
import { createTickClock, type TickClock } from './ticks.ts';

export const SECTION_HEADER = 0x0a0d0d0a;
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
export const INTERFACE_DESCRIPTION = 1;
export const SIMPLE_PACKET = 3;
export const ENHANCED_PACKET = 6;
const OBSOLETE_PACKET = 2;

/** Wireshark's limit for one block. */
const MAX_BLOCK_LEN = 16 * 1024 * 1024;
/** Behind damage a longer block is not believed, which bounds what the search must hold. */
const MAX_PROBED_LEN = 1024 * 1024;
const MAX_INTERFACES = 65_536;
const NO_LIMIT = 0xffff_ffff;

interface SectionInterface {
  readonly linkType: number;
  readonly snapLen: number;
  readonly clock: TickClock;
  readonly sink: PacketSink;
}

/** A parser that starts at the first section header. */
export function createPcapngParser(info: MutableCaptureInfo, sink: PacketSink): RecordParser {
  info.format = 'pcapng';
  let littleEndian = true;
  let inSection = false;
  let interfaces: SectionInterface[] = [];
  /** File offset of the damage whose end is being looked for; -1 while blocks follow each other. */
  let lost = -1;
  let strict = false;

  function parse(view: DataView, from: number, to: number, base: number, final: boolean): number {
    let at = from;
    for (;;) {
      if (lost >= 0) {
        const first = Math.max(at, lost + 1 - base);
        const found = resync(view, first, to, blockProbe(littleEndian, inSection), { chain: 2, final, strict });
        if (found < 0) return -1 - found;
        lost = -1;
        at = found;
      }
      at = blocks(view, at, to, base, final);
      if (lost < 0) return at;
    }
  }

  /** Parses blocks until one is not whole, or contradicts itself: then `lost` says where. */
  function blocks(view: DataView, from: number, to: number, base: number, final: boolean): number {
    let at = from;
    while (to - at >= 12) {
      const type = view.getUint32(at);
      if (type === SECTION_HEADER) {
        const magic = view.getUint32(at + 8);
        const swapped = view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC;
        if (magic !== BYTE_ORDER_MAGIC && !swapped) return lose(at, base, 'section without a byte-order magic');
        littleEndian = swapped;
        inSection = true;
        interfaces = [];
      }
      const declaredLen = view.getUint32(at + 4, littleEndian);
      const blockLen = (declaredLen + 3) & ~3;
      if (declaredLen < 12 || declaredLen > MAX_BLOCK_LEN) return lose(at, base, `block claims ${declaredLen} bytes`);
      if (blockLen > to - at) break;
      const trailer = view.getUint32(at + blockLen - 4, littleEndian);
      if (trailer !== declaredLen) return lose(at, base, `block lengths differ: ${declaredLen} and ${trailer}`);
      block(view, at, at + blockLen - 4, base);
      at += blockLen;
    }
    if (!final || at === to) return at;
    lose(at, base, `last block cut short: ${to - at} bytes of it are present`);
    strict = true;
    return at;
  }

  function lose(at: number, base: number, what: string): number {
    addDamage(info, base + at, what);
    lost = base + at;
    strict = false;
    return at;
  }

  /** Handles one whole block whose body ends at `end`. */
  function block(view: DataView, at: number, end: number, base: number): void {
    switch (view.getUint32(at, littleEndian)) {
      case SECTION_HEADER:
        return sectionHeader(view, at, end, base);
      case INTERFACE_DESCRIPTION:
        return interfaceDescription(view, at, end, base);
      case ENHANCED_PACKET:
        if (end - at < 28) return shortBlock(at, base, 'enhanced packet');
        return enhancedPacket(view, at, end, base, view.getUint32(at + 8, littleEndian));
      case OBSOLETE_PACKET:
        if (end - at < 28) return shortBlock(at, base, 'packet');
        return enhancedPacket(view, at, end, base, view.getUint16(at + 8, littleEndian));
      case SIMPLE_PACKET:
        return simplePacket(view, at, end, base);
      default:
        if (isNumberedBlock(view.getUint32(at, littleEndian))) info.packets++;
    }
  }

  function shortBlock(at: number, base: number, name: string): void {
    addDamage(info, base + at, `${name} block too short for its fields`);
  }

  function sectionHeader(view: DataView, at: number, end: number, base: number): void {
    info.format = littleEndian ? 'pcapng' : 'pcapng (big-endian)';
    if (end - at < 24) return shortBlock(at, base, 'section header');
    const major = view.getUint16(at + 12, littleEndian);
    if (major !== 1) addDamage(info, base + at, `section has the unknown version ${major}`);
  }

  function interfaceDescription(view: DataView, at: number, end: number, base: number): void {
    if (end - at < 16) return shortBlock(at, base, 'interface description');
    if (interfaces.length >= MAX_INTERFACES) return addDamage(info, base + at, 'too many interfaces');
    const linkType = view.getUint16(at + 8, littleEndian);
    const snapLen = view.getUint32(at + 12, littleEndian);
    const resolution = findOption(view, at + 16, end, OPT_IF_TSRESOL, 1, littleEndian);
    const offset = findOption(view, at + 16, end, OPT_IF_TSOFFSET, 8, littleEndian);
    const name = findOption(view, at + 16, end, OPT_IF_NAME, 1, littleEndian);
    const clock = createTickClock(
      resolution < 0 ? 6 : view.getUint8(resolution),
      offset < 0 ? 0 : readInt64(view, offset, littleEndian),
    );
    interfaces.push({ linkType, snapLen, clock, sink: sinkOf(linkType, sink) });
    addInterface(info, {
      linkType,
      snapLen,
      resolution: clock.resolution,
      ...(name < 0 ? {} : { name: readText(view, name, view.getUint16(name - 2, littleEndian)) }),
    });
  }

  function enhancedPacket(view: DataView, at: number, end: number, base: number, index: number): void {
    info.packets++;
    const from = interfaces[index];
    if (from === undefined) return addDamage(info, base + at, `packet of the undeclared interface ${index}`);
    const start = at + 28;
    const capturedLen = view.getUint32(at + 20, littleEndian);
    const wireLen = view.getUint32(at + 24, littleEndian);
    if (capturedLen > end - start)
      return addDamage(info, base + at, `packet of ${capturedLen} bytes in a shorter block`);
    from.clock.set(view.getUint32(at + 12, littleEndian), view.getUint32(at + 16, littleEndian));
    const options = start + ((capturedLen + 3) & ~3);
    const flags = options >= end ? -1 : findOption(view, options, end, OPT_PACKET_FLAGS, 4, littleEndian);
    const direction = flags < 0 ? 0 : view.getUint32(flags, littleEndian) & 3;
    emit(view, start, capturedLen, wireLen, from, direction);
  }

  function simplePacket(view: DataView, at: number, end: number, base: number): void {
    info.packets++;
    const from = interfaces[0];
    if (end - at < 12) return shortBlock(at, base, 'simple packet');
    if (from === undefined) return addDamage(info, base + at, 'simple packet without an interface');
    const start = at + 12;
    const wireLen = view.getUint32(at + 8, littleEndian);
    const limit = from.snapLen === 0 ? NO_LIMIT : from.snapLen;
    const capturedLen = Math.min(wireLen, limit, end - start);
    // This block type has no time.
    from.clock.set(0, 0);
    emit(view, start, capturedLen, wireLen, from, 0);
  }

  function emit(
    view: DataView,
    start: number,
    capturedLen: number,
    wireLen: number,
    from: SectionInterface,
    direction: number,
  ): void {
    if (capturedLen < wireLen) info.truncated++;
    from.sink.packet(
      view,
      start,
      start + capturedLen,
      capturedLen < wireLen ? wireLen : capturedLen,
      from.linkType,
      from.clock.seconds,
      from.clock.nanos,
      direction === 3 ? 0 : direction,
      info.packets,
    );
  }

  return { parse };
}

const OPT_IF_NAME = 2;
const OPT_IF_TSRESOL = 9;
const OPT_IF_TSOFFSET = 14;
/** epb_flags and pack_flags: the two lowest bits are the direction, 1 inbound and 2 outbound. */
const OPT_PACKET_FLAGS = 2;

/** The offset of the value of an option with at least `minLen` bytes, or -1. */
function findOption(
  view: DataView,
  from: number,
  end: number,
  code: number,
  minLen: number,
  littleEndian: boolean,
): number {
  let at = from;
  while (end - at >= 4) {
    const found = view.getUint16(at, littleEndian);
    const len = view.getUint16(at + 2, littleEndian);
    if (found === 0 || len > end - at - 4) return -1;
    if (found === code && len >= minLen) return at + 4;
    at += 4 + ((len + 3) & ~3);
  }
  return -1;
}

function readInt64(view: DataView, at: number, littleEndian: boolean): number {
  const value = Number(view.getBigInt64(at, littleEndian));
  // An offset of more than the age of Unix time in either direction is no clock.
  return Math.abs(value) > 0xffff_ffff ? 0 : value;
}

function readText(view: DataView, at: number, len: number): string {
  return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, Math.min(len, 256)));
}

/** Blocks without a packet that Wireshark still numbers as frames (4.0). */
function isNumberedBlock(type: number): boolean {
  return NUMBERED_BLOCKS.has(type);
}

const NUMBERED_BLOCKS: ReadonlySet<number> = new Set([
  9, // systemd journal export
  0xbad, // custom block, may be copied
  0x4000_0bad, // custom block, must not be copied
  0x204, // sysdig event and its second version, short and long
  0x216,
  0x221,
]);

/** Behind damage: a section header, or a known block whose two lengths agree. */
function blockProbe(littleEndian: boolean, inSection: boolean): RecordProbe {
  return (view, at, to) => {
    if (to - at < 12) return NEED_MORE;
    let little = littleEndian;
    if (view.getUint32(at) === SECTION_HEADER) {
      little = view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC;
      if (!little && view.getUint32(at + 8) !== BYTE_ORDER_MAGIC) return NO_RECORD;
    } else {
      const type = view.getUint32(at, little);
      if (!inSection || type === 0 || type > 10) return NO_RECORD;
    }
    const len = view.getUint32(at + 4, little);
    if (len < 12 || len > MAX_PROBED_LEN || len % 4 !== 0) return NO_RECORD;
    if (len > to - at) return NEED_MORE;
    return view.getUint32(at + len - 4, little) === len ? len : NO_RECORD;
  };
}
