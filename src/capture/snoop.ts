/** The snoop format of Solaris (RFC 1761); versions 3 to 5, of Shomiti's Surveyor, differ in the data link numbers alone. */
import {
  isDecodedLinkType,
  LINK_ETHERNET,
  LINK_FDDI,
  LINK_IP_OVER_FC,
  LINK_IPNET,
  LINK_NULL,
  LINK_SUNATM,
  LINK_TOKEN_RING,
} from '../wire/link-types.ts';
import { CaptureError, unsupportedLinkType } from './errors.ts';
import { addDamage, addInterface, type MutableCaptureInfo } from './info.ts';
import type { PacketSink, RecordParser } from './reader.ts';
import { NEED_MORE, NO_RECORD, resync, type RecordProbe } from './resync.ts';

/** The first eight bytes of every snoop file. */
export const SNOOP_MAGIC = 'snoop\0\0\0';

const FILE_HEADER_LEN = 16;
const RECORD_HEADER_LEN = 24;
const MAX_PACKET_LEN = 262_144;
/** RFC 1761 pads to four bytes; Surveyor keeps a trailer of sixteen there, some versions of snoop a few bytes more. */
const MAX_PAD_LEN = 256;
const MAX_WIRE_LEN = 16 * 1024 * 1024;
const SECONDS_PER_DAY = 86_400;

/** A parser that starts at the file header. */
export function createSnoopParser(info: MutableCaptureInfo, sink: PacketSink): RecordParser {
  info.format = 'snoop';
  let linkType = -1;
  /** File offset of the damage whose end is being looked for; -1 while records follow each other. */
  let lost = -1;
  let strict = false;
  let lastSeconds = -1;

  function parse(view: DataView, from: number, to: number, base: number, final: boolean): number {
    let at = from;
    if (linkType < 0) {
      if (to - at < FILE_HEADER_LEN) {
        if (final && to > at) addDamage(info, base + at, 'file header cut short');
        return final ? to : at;
      }
      linkType = readFileHeader(view, at, info);
      at += FILE_HEADER_LEN;
    }
    for (;;) {
      if (lost >= 0) {
        const first = Math.max(at, lost + 1 - base);
        const found = resync(view, first, to, recordProbe(lastSeconds), { chain: 3, final, strict });
        if (found < 0) return -1 - found;
        lost = -1;
        at = found;
      }
      at = records(view, at, to, base, final);
      if (lost < 0) return at;
    }
  }

  /** Parses records until one is not whole, or not plausible: then `lost` says where. */
  function records(view: DataView, from: number, to: number, base: number, final: boolean): number {
    let at = from;
    while (to - at >= RECORD_HEADER_LEN) {
      const len = recordLen(view, at);
      if (len === 0) return lose(at, base, recordTrouble(view, at));
      if (len > to - at) break;
      packet(view, at);
      at += len;
    }
    if (!final || at === to) return at;
    lose(at, base, `last record cut short: ${to - at} bytes of it are present`);
    strict = true;
    return at;
  }

  function packet(view: DataView, at: number): void {
    const capturedLen = view.getUint32(at + 4);
    const wireLen = Math.max(view.getUint32(at), capturedLen);
    if (wireLen > capturedLen) info.truncated++;
    lastSeconds = view.getUint32(at + 16);
    const start = at + RECORD_HEADER_LEN;
    const nanos = view.getUint32(at + 20) * 1000;
    sink.packet(view, start, start + capturedLen, wireLen, linkType, lastSeconds, nanos, 0, ++info.packets);
  }

  function lose(at: number, base: number, what: string): number {
    addDamage(info, base + at, what);
    lost = base + at;
    strict = false;
    return at;
  }

  return { parse };
}

/** RFC 1761 and IANA's "Snoop Datalink Types"; the private one is of Solaris' sys/dlpi.h. */
const DATA_LINKS: ReadonlyMap<number, number> = new Map([
  [0, LINK_ETHERNET], // IEEE 802.3
  [2, LINK_TOKEN_RING],
  [4, LINK_ETHERNET],
  [8, LINK_FDDI],
  [14, LINK_NULL],
  [16, LINK_IP_OVER_FC],
  [18, LINK_SUNATM],
  [0x8000_0005, LINK_IPNET],
]);

/** Surveyor's numbers: by speed, where RFC 1761 had none. */
const SURVEYOR_DATA_LINKS: ReadonlyMap<number, number> = new Map([
  [0, LINK_ETHERNET],
  [2, LINK_TOKEN_RING],
  [4, LINK_ETHERNET],
  [8, LINK_FDDI],
  [10, LINK_ETHERNET],
  [11, LINK_TOKEN_RING],
  [12, LINK_ETHERNET],
  [19, LINK_ETHERNET],
]);

function readFileHeader(view: DataView, at: number, info: MutableCaptureInfo): number {
  const version = view.getUint32(at + 8);
  const dataLink = view.getUint32(at + 12);
  if (version < 2 || version > 5) {
    throw new CaptureError(
      'ERR_FIRSTHAND_UNSUPPORTED_FORMAT',
      `snoop version ${version} is not supported; versions 2 (RFC 1761) to 5 are: record with snoop of Solaris 2 or newer, or with tcpdump`,
      { format: 'snoop' },
    );
  }
  const linkType = (version === 2 ? DATA_LINKS : SURVEYOR_DATA_LINKS).get(dataLink) ?? -1;
  if (!isDecodedLinkType(linkType)) throw unsupportedLinkType(info.format, [`snoop data link ${dataLink}`]);
  addInterface(info, { linkType, snapLen: 0, resolution: 1e6 });
  return linkType;
}

/** The length of the record at `at`, or 0 when its fields contradict each other. */
function recordLen(view: DataView, at: number): number {
  const capturedLen = view.getUint32(at + 4);
  const len = view.getUint32(at + 8);
  const padLen = len - RECORD_HEADER_LEN - capturedLen;
  const plausible = capturedLen <= MAX_PACKET_LEN && padLen >= 0 && padLen <= MAX_PAD_LEN;
  return plausible && view.getUint32(at + 20) < 1e6 ? len : 0;
}

function recordTrouble(view: DataView, at: number): string {
  const microseconds = view.getUint32(at + 20);
  if (microseconds >= 1e6) return `record claims ${microseconds} microseconds of a second`;
  return `record of ${view.getUint32(at + 8)} bytes claims ${view.getUint32(at + 4)} captured bytes`;
}

/** Stricter than the parser: behind damage a header must agree with its neighbours in time and length. */
function recordProbe(lastSeconds: number): RecordProbe {
  return (view, at, to) => {
    if (to - at < RECORD_HEADER_LEN) return NEED_MORE;
    const len = recordLen(view, at);
    if (len === 0 || view.getUint32(at + 4) === 0) return NO_RECORD;
    if (lastSeconds >= 0 && Math.abs(view.getUint32(at + 16) - lastSeconds) > SECONDS_PER_DAY) return NO_RECORD;
    const wireLen = view.getUint32(at);
    return wireLen < view.getUint32(at + 4) || wireLen > MAX_WIRE_LEN ? NO_RECORD : len;
  };
}
