/**
 * The classic pcap format (draft-ietf-opsawg-pcap) in both byte orders, with micro- or nanoseconds, and its variants
 * with longer record headers: Kuznetzov's (magic a1b2cd34), and those that `record-header.ts` tells apart.
 */
import { isDecodedLinkType, linkTypeName } from '../wire/link-types.ts';
import { sinkOf } from './aggregates.ts';
import { unsupportedLinkType } from './errors.ts';
import { addDamage, addInterface, type MutableCaptureInfo } from './info.ts';
import type { PacketSink, RecordParser } from './reader.ts';
import { MODIFIED_LENGTHS, findRecordHeaderLen, STANDARD_LENGTHS, type RecordFields } from './record-header.ts';
import { NEED_MORE, NO_RECORD, resync, type RecordProbe } from './resync.ts';

export const PCAP_MICROSECONDS = 0xa1b2c3d4;
export const PCAP_NANOSECONDS = 0xa1b23c4d;
export const PCAP_MODIFIED = 0xa1b2cd34;

interface PcapHeader extends RecordFields {
  readonly magic: number;
  readonly linkType: number;
  readonly snapLen: number;
  readonly recordHeaderLen: number;
  readonly nanosPerUnit: number;
  readonly sink: PacketSink;
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
      header = readFileHeader(view, at, to, final, sink);
      if (header === undefined) return at;
      announce(info, header);
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
    let at = from;
    for (;;) {
      at = regularRecords(view, at, to, file);
      if (to - at < file.recordHeaderLen) break;
      const next = irregularRecord(view, at, to, base, final, file);
      if (next === at) break;
      at = next;
    }
    if (!final || at === to || lost >= 0) return at;
    // A wrong length, rather than a cut, shows when later records end the file exactly.
    lose(at, base, `last record cut short: ${to - at} bytes of it are present`);
    strict = true;
    return at;
  }

  /**
   * The hot loop: whole records without anything odd. It writes its state inside the loop, not behind it: V8 compiles
   * the loop while it runs, knows nothing yet of what follows it, and would fall back to slow code on every exit.
   */
  function regularRecords(view: DataView, from: number, to: number, file: PcapHeader): number {
    const { littleEndian, units, nanosPerUnit, recordHeaderLen, maxLen, linkType, capturedAt, wireAt } = file;
    const receiver = file.sink;
    const modified = recordHeaderLen >= 24;
    let at = from;
    while (to - at >= recordHeaderLen) {
      const fraction = view.getUint32(at + 4, littleEndian);
      const capturedLen = view.getUint32(at + capturedAt, littleEndian);
      const start = at + recordHeaderLen;
      const end = start + capturedLen;
      if (fraction >= units || capturedLen > maxLen || end > to) break;
      let wireLen = view.getUint32(at + wireAt, littleEndian);
      if (wireLen > capturedLen) info.truncated++;
      else wireLen = capturedLen;
      lastSeconds = view.getUint32(at, littleEndian);
      const direction = modified ? modifiedDirection(view, at) : 0;
      const nanos = fraction * nanosPerUnit;
      receiver.packet(view, start, end, wireLen, linkType, lastSeconds, nanos, direction, ++info.packets);
      at = end;
    }
    return at;
  }

  /** The record that stopped the hot loop: returns its end, or its start when it is not whole or not plausible. */
  function irregularRecord(
    view: DataView,
    at: number,
    to: number,
    base: number,
    final: boolean,
    file: PcapHeader,
  ): number {
    const { littleEndian, units, recordHeaderLen } = file;
    const capturedLen = view.getUint32(at + file.capturedAt, littleEndian);
    if (capturedLen > file.maxLen) return lose(at, base, `record claims ${capturedLen} captured bytes`);
    const fraction = view.getUint32(at + 4, littleEndian);
    const start = at + recordHeaderLen;
    const end = start + capturedLen;
    if (fraction < units || (to - end < recordHeaderLen && !final)) return at;
    if (end > to || !lengthsPlausible(view, end, to, file)) {
      return lose(at, base, `record claims the fraction ${fraction} of a second`);
    }
    // Some writers let the fraction run over; the record is good otherwise.
    addDamage(info, base + at, `fraction of a second ${fraction} is out of range`);
    const wireLen = Math.max(view.getUint32(at + file.wireAt, littleEndian), capturedLen);
    if (wireLen > capturedLen) info.truncated++;
    const carried = Math.floor(fraction / units);
    const nanos = (fraction - carried * units) * file.nanosPerUnit;
    lastSeconds = view.getUint32(at, littleEndian) + carried;
    const direction = recordHeaderLen >= 24 ? modifiedDirection(view, at) : 0;
    file.sink.packet(view, start, end, wireLen, file.linkType, lastSeconds, nanos, direction, ++info.packets);
    return end;
  }

  function lose(at: number, base: number, what: string): number {
    addDamage(info, base + at, what);
    lost = base + at;
    strict = false;
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

/** The header of the file, or undefined when the length of its records' headers cannot be told yet. */
function readFileHeader(
  view: DataView,
  at: number,
  to: number,
  final: boolean,
  sink: PacketSink,
): PcapHeader | undefined {
  const littleEndian = !isPcapMagic(view.getUint32(at));
  const magic = view.getUint32(at, littleEndian);
  const snapLen = view.getUint32(at + 16, littleEndian);
  // The upper bits tell of frame check sequences (LINKTYPE_ in 28 bits, FCS length in the rest).
  const linkType = view.getUint32(at + 20, littleEndian) & 0xffff;
  const units = magic === PCAP_NANOSECONDS ? 1e9 : 1e6;
  // Before version 2.3 the two lengths stood the other way round.
  const swapped = view.getUint16(at + 4, littleEndian) === 2 && view.getUint16(at + 6, littleEndian) < 3;
  const maxLen = Math.min(Math.max(snapLen, STANDARD_MAX_LEN), ABSOLUTE_MAX_LEN);
  const fields = { littleEndian, units, maxLen, capturedAt: swapped ? 12 : 8, wireAt: swapped ? 8 : 12 };
  const headerLen = findRecordHeaderLen(view, at + FILE_HEADER_LEN, to, final, headerLengths(magic), fields);
  if (headerLen === NEED_MORE) return undefined;
  return {
    ...fields,
    magic,
    linkType,
    snapLen,
    recordHeaderLen: headerLen,
    nanosPerUnit: 1e9 / units,
    sink: sinkOf(linkType, sink),
  };
}

/** The patches are older than the magic number of nanoseconds. */
function headerLengths(magic: number): readonly number[] {
  if (magic === PCAP_NANOSECONDS) return [16];
  return magic === PCAP_MODIFIED ? MODIFIED_LENGTHS : STANDARD_LENGTHS;
}

function announce(info: MutableCaptureInfo, header: PcapHeader): void {
  const { linkType, snapLen, units } = header;
  info.format = formatName(header);
  addInterface(info, { linkType, snapLen, resolution: units });
  if (!isDecodedLinkType(linkType)) throw unsupportedLinkType(info.format, [linkTypeName(linkType)]);
}

/** True for the three magic numbers this parser reads. */
export function isPcapMagic(magic: number): boolean {
  return magic === PCAP_MICROSECONDS || magic === PCAP_NANOSECONDS || magic === PCAP_MODIFIED;
}

function formatName({ magic, littleEndian, recordHeaderLen: headerLen }: PcapHeader): string {
  const notes: string[] = [];
  if (magic === PCAP_MODIFIED) notes.push('modified');
  if (!littleEndian) notes.push('big-endian');
  if (magic === PCAP_NANOSECONDS) notes.push('nanoseconds');
  if (headerLen !== headerLengths(magic)[0]) notes.push(`record headers of ${headerLen} bytes`);
  return notes.length === 0 ? 'pcap' : `pcap (${notes.join(', ')})`;
}

/** Longer headers go on with interface index (4), protocol (2), packet type (1), and padding. */
function modifiedDirection(view: DataView, at: number): number {
  const packetType = view.getUint8(at + 22);
  if (packetType === 4) return 2;
  return packetType <= 2 ? 1 : 0;
}

function lengthsPlausible(view: DataView, at: number, to: number, file: PcapHeader): boolean {
  if (at === to) return true;
  if (to - at < file.recordHeaderLen) return false;
  return view.getUint32(at + file.capturedAt, file.littleEndian) <= file.maxLen;
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
    const capturedLen = view.getUint32(at + file.capturedAt, littleEndian);
    if (capturedLen === 0 || capturedLen > maxLen) return NO_RECORD;
    const wireLen = view.getUint32(at + file.wireAt, littleEndian);
    return wireLen < capturedLen || wireLen > ABSOLUTE_MAX_LEN ? NO_RECORD : recordHeaderLen + capturedLen;
  };
}
