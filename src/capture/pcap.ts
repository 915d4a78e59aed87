/**
 * The classic pcap format (draft-ietf-opsawg-pcap) in both byte orders, with micro- or nanoseconds, and the variant with
 * longer record headers that patched Linux kernels wrote around 1999 (magic a1b2cd34).
 */
import { isDecodedLinkType, linkTypeName } from '../wire/link-types.ts';
import { unsupportedLinkType } from './errors.ts';
import { addDamage, addInterface, type MutableCaptureInfo } from './info.ts';
import type { PacketSink, RecordParser } from './reader.ts';
import { NEED_MORE, NO_RECORD, resync, type RecordProbe } from './resync.ts';

export const PCAP_MICROSECONDS = 0xa1b2c3d4;
export const PCAP_NANOSECONDS = 0xa1b23c4d;
export const PCAP_MODIFIED = 0xa1b2cd34;

interface PcapHeader {
  readonly littleEndian: boolean;
  readonly linkType: number;
  /** Fractions of a second per second: 10^6 or 10^9. */
  readonly units: number;
  readonly recordHeaderLen: number;
  /** Longest plausible packet. */
  readonly maxLen: number;
  /** Before version 2.3 the two lengths stood the other way round; 2.3 was written both ways. */
  readonly minorVersion: number;
}

const FILE_HEADER_LEN = 24;
/** Wireshark's WTAP_MAX_PACKET_SIZE_STANDARD. */
const STANDARD_MAX_LEN = 262_144;
const ABSOLUTE_MAX_LEN = 16 * 1024 * 1024;
const SECONDS_PER_DAY = 86_400;

/** A parser that starts at the file header. */
export function createPcapParser(info: MutableCaptureInfo, sink: PacketSink): RecordParser {
  info.format = 'pcap';
  let header: PcapHeader | undefined;
  /** File offset of the damage whose end is being looked for; -1 while records follow each other. */
  let lost = -1;
  let strict = false;
  let lastSeconds = -1;

  function parse(view: DataView, from: number, to: number, base: number, final: boolean): number {
    let at = from;
    if (header === undefined) {
      if (to - at < FILE_HEADER_LEN) {
        if (final && to > at) addDamage(info, base + at, 'file header cut short');
        return final ? to : at;
      }
      header = readFileHeader(view, at, info);
      at += FILE_HEADER_LEN;
    }
    for (;;) {
      if (lost >= 0) {
        const found = findRecord(view, at, to, base, final, header);
        if (found < 0) return -1 - found;
        at = found;
      }
      at = records(view, at, to, base, final, header);
      if (lost < 0) return at;
    }
  }

  /** Parses records until one is not whole, or not plausible: then `lost` says where. */
  function records(view: DataView, from: number, to: number, base: number, final: boolean, file: PcapHeader): number {
    const { littleEndian, units, recordHeaderLen, maxLen, linkType } = file;
    const nanosPerUnit = 1e9 / units;
    const modified = recordHeaderLen > 16;
    let at = from;
    while (to - at >= recordHeaderLen) {
      let capturedLen = view.getUint32(at + 8, littleEndian);
      let wireLen = view.getUint32(at + 12, littleEndian);
      if (file.minorVersion < 3 || (file.minorVersion === 3 && capturedLen > wireLen)) {
        const swapped = capturedLen;
        capturedLen = wireLen;
        wireLen = swapped;
      }
      if (capturedLen > maxLen) return lose(at, base, `record claims ${capturedLen} captured bytes`);
      const end = at + recordHeaderLen + capturedLen;
      let seconds = view.getUint32(at, littleEndian);
      let fraction = view.getUint32(at + 4, littleEndian);
      if (fraction >= units) {
        if (to - end < recordHeaderLen && !final) return at;
        if (!lengthsPlausible(view, end, to, file))
          return lose(at, base, `record claims the fraction ${fraction} of a second`);
        addDamage(info, base + at, `fraction of a second ${fraction} is out of range`);
        const carried = Math.floor(fraction / units);
        seconds += carried;
        fraction -= carried * units;
      }
      if (end > to) break;
      info.packets++;
      if (capturedLen < wireLen) info.truncated++;
      else wireLen = capturedLen;
      lastSeconds = seconds;
      const direction = modified ? modifiedDirection(view, at) : 0;
      const nanos = fraction * nanosPerUnit;
      sink.packet(view, at + recordHeaderLen, end, wireLen, linkType, seconds, nanos, direction, info.packets);
      at = end;
    }
    if (!final || at === to) return at;
    return cutRecord(at, to, base);
  }

  function lose(at: number, base: number, what: string): number {
    addDamage(info, base + at, what);
    lost = base + at;
    strict = false;
    return at;
  }

  /** The last record is not whole. A wrong length, rather than a cut, shows when later records end the file exactly. */
  function cutRecord(at: number, to: number, base: number): number {
    lose(at, base, `last record cut short: ${to - at} bytes of it are present`);
    strict = true;
    return at;
  }

  function findRecord(
    view: DataView,
    from: number,
    to: number,
    base: number,
    final: boolean,
    file: PcapHeader,
  ): number {
    // The header that was lost itself is no candidate.
    const first = Math.max(from, lost + 1 - base);
    const found = resync(view, first, to, recordProbe(file, lastSeconds), { chain: 3, final, strict });
    if (found >= 0) lost = -1;
    return found;
  }

  return { parse };
}

function readFileHeader(view: DataView, at: number, info: MutableCaptureInfo): PcapHeader {
  const littleEndian = !isPcapMagic(view.getUint32(at));
  const magic = view.getUint32(at, littleEndian);
  const snapLen = view.getUint32(at + 16, littleEndian);
  // The upper bits tell of frame check sequences (LINKTYPE_ in 28 bits, FCS length in the rest).
  const linkType = view.getUint32(at + 20, littleEndian) & 0xffff;
  const units = magic === PCAP_NANOSECONDS ? 1e9 : 1e6;
  info.format = formatName(magic, littleEndian);
  addInterface(info, { linkType, snapLen, resolution: units });
  if (!isDecodedLinkType(linkType)) {
    throw unsupportedLinkType(info.format, [linkTypeName(linkType)]);
  }
  return {
    littleEndian,
    linkType,
    units,
    recordHeaderLen: magic === PCAP_MODIFIED ? 24 : 16,
    maxLen: Math.min(Math.max(snapLen, STANDARD_MAX_LEN), ABSOLUTE_MAX_LEN),
    minorVersion: view.getUint16(at + 6, littleEndian),
  };
}

/** True for the three magic numbers this parser reads. */
export function isPcapMagic(magic: number): boolean {
  return magic === PCAP_MICROSECONDS || magic === PCAP_NANOSECONDS || magic === PCAP_MODIFIED;
}

function formatName(magic: number, littleEndian: boolean): string {
  const notes: string[] = [];
  if (magic === PCAP_MODIFIED) notes.push('modified');
  if (!littleEndian) notes.push('big-endian');
  if (magic === PCAP_NANOSECONDS) notes.push('nanoseconds');
  return notes.length === 0 ? 'pcap' : `pcap (${notes.join(', ')})`;
}

/** The modified header ends with interface index (4), protocol (2), packet type (1), padding (1). */
function modifiedDirection(view: DataView, at: number): number {
  const packetType = view.getUint8(at + 22);
  if (packetType === 4) return 2;
  return packetType <= 2 ? 1 : 0;
}

function lengthsPlausible(view: DataView, at: number, to: number, file: PcapHeader): boolean {
  if (at === to) return true;
  if (to - at < file.recordHeaderLen) return false;
  return view.getUint32(at + 8, file.littleEndian) <= file.maxLen;
}

/** Stricter than the parser: behind damage a header must agree with its neighbours in time and length. */
function recordProbe(file: PcapHeader, lastSeconds: number): RecordProbe {
  const { littleEndian, units, recordHeaderLen } = file;
  const maxLen = Math.min(file.maxLen, STANDARD_MAX_LEN);
  return (view, at, to) => {
    if (to - at < recordHeaderLen) return NEED_MORE;
    const seconds = view.getUint32(at, littleEndian);
    if (lastSeconds >= 0 && Math.abs(seconds - lastSeconds) > SECONDS_PER_DAY) return NO_RECORD;
    if (view.getUint32(at + 4, littleEndian) >= units) return NO_RECORD;
    const capturedLen = view.getUint32(at + 8, littleEndian);
    if (capturedLen === 0 || capturedLen > maxLen) return NO_RECORD;
    const wireLen = view.getUint32(at + 12, littleEndian);
    return wireLen < capturedLen || wireLen > ABSOLUTE_MAX_LEN ? NO_RECORD : recordHeaderLen + capturedLen;
  };
}
