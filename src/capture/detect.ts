/** Tells what a file is from its first bytes: sniffers tried in order, so that an error can name what was found. */
import { CaptureError } from './errors.ts';
import { isPcapMagic } from './pcap.ts';
import { BYTE_ORDER_MAGIC, SECTION_HEADER } from './pcapng.ts';
import { SNOOP_MAGIC } from './snoop.ts';

/** What a sniffer recognised. */
export interface Format {
  readonly kind: 'pcap' | 'pcapng' | 'snoop' | 'gzip' | 'zstd' | 'unsupported' | 'not-a-capture';
  /** As an error names it. */
  readonly name: string;
  /** What to do with a file of this kind, when it cannot be read. */
  readonly advice?: string;
}

/** With this many first bytes, or all of a shorter file, `sniff` gives its final answer. */
export const BYTES_TO_SNIFF = 16;

/** The first sniffer's answer, or undefined when none knows the bytes. */
export function sniff(bytes: Uint8Array): Format | undefined {
  for (const sniffer of SNIFFERS) {
    const format = sniffer(bytes);
    if (format !== undefined) return format;
  }
  return undefined;
}

/** The error for a file that is no readable capture. */
export function notACapture(bytes: Uint8Array, format: Format | undefined): CaptureError {
  if (bytes.length === 0) {
    return new CaptureError('ERR_FIRSTHAND_EMPTY', 'empty: no capture was written, or the pipe that feeds it failed');
  }
  if (format?.kind === 'unsupported' || format?.kind === 'gzip' || format?.kind === 'zstd') {
    const advice = format.advice ?? 'decompress it first';
    return new CaptureError('ERR_FIRSTHAND_UNSUPPORTED_FORMAT', `${format.name} is not supported; ${advice}`, {
      format: format.name,
    });
  }
  const found = format === undefined ? `starts with ${hex(bytes)}` : `is ${format.name}`;
  return new CaptureError(
    'ERR_FIRSTHAND_NOT_A_CAPTURE',
    `not a capture: ${found}; ${format?.advice ?? 'pcap, pcapng and snoop are read, plain or compressed by gzip or zstd'}`,
    { format: format?.name ?? '' },
  );
}

type Sniffer = (bytes: Uint8Array) => Format | undefined;

const CONVERT = 'convert it with `editcap -F pcap`';
const UNPACK = 'decompress it first';

const SNIFFERS: readonly Sniffer[] = [
  (bytes) => (isPcapMagic(big32(bytes, 0)) || isPcapMagic(little32(bytes, 0)) ? PCAP : undefined),
  (bytes) => (big32(bytes, 0) === SECTION_HEADER && hasByteOrder(bytes) ? PCAPNG : undefined),
  magic([0x1f, 0x8b], { kind: 'gzip', name: 'gzip' }),
  magic([0x28, 0xb5, 0x2f, 0xfd], { kind: 'zstd', name: 'zstd' }),
  // Skippable zstd frames, which pzstd writes first.
  (bytes) => ((little32(bytes, 0) & 0xffff_fff0) >>> 0 === 0x184d_2a50 ? { kind: 'zstd', name: 'zstd' } : undefined),
  magic(text(SNOOP_MAGIC), { kind: 'snoop', name: 'snoop' }),
  magic(text('GMBU'), { kind: 'unsupported', name: 'Microsoft Network Monitor 2', advice: CONVERT }),
  magic(text('RTSS'), { kind: 'unsupported', name: 'Microsoft Network Monitor 1', advice: CONVERT }),
  magic(text('TRSNIFF data'), { kind: 'unsupported', name: 'Sniffer', advice: CONVERT }),
  magic(text('XCP\0'), { kind: 'unsupported', name: 'NetXRay', advice: CONVERT }),
  magic(text('\x7fver'), { kind: 'unsupported', name: 'EtherPeek', advice: CONVERT }),
  magic([0x04, 0x22, 0x4d, 0x18], { kind: 'unsupported', name: 'lz4', advice: UNPACK }),
  magic(text('BZh'), { kind: 'unsupported', name: 'bzip2', advice: UNPACK }),
  magic([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], { kind: 'unsupported', name: 'xz', advice: UNPACK }),
  magic([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], { kind: 'unsupported', name: '7-Zip archive', advice: UNPACK }),
  magic(text('PK\x03\x04'), { kind: 'unsupported', name: 'zip archive', advice: UNPACK }),
  magic(text('\x7fELF'), { kind: 'not-a-capture', name: 'an ELF program' }),
  magic(text('SQLite format 3'), { kind: 'not-a-capture', name: 'an SQLite database' }),
  sniffErf,
  sniffText,
];

const PCAP: Format = { kind: 'pcap', name: 'pcap' };
const PCAPNG: Format = { kind: 'pcapng', name: 'pcapng' };

function magic(first: readonly number[], format: Format): Sniffer {
  return (bytes) => (first.every((value, index) => bytes[index] === value) ? format : undefined);
}

function text(value: string): readonly number[] {
  return [...value].map((character) => character.charCodeAt(0));
}

function hasByteOrder(bytes: Uint8Array): boolean {
  // A file cut before the magic is still a pcapng file, only a damaged one.
  return bytes.length < 12 || big32(bytes, 8) === BYTE_ORDER_MAGIC || little32(bytes, 8) === BYTE_ORDER_MAGIC;
}

/** Endace's record format has no magic: a plausible year, a known type, and lengths that fit each other. */
function sniffErf(bytes: Uint8Array): Format | undefined {
  if (bytes.length < 16) return undefined;
  const seconds = little32(bytes, 4);
  const type = (bytes[8] ?? 0) & 0x7f;
  const recordLen = ((bytes[10] ?? 0) << 8) | (bytes[11] ?? 0);
  const wireLen = ((bytes[14] ?? 0) << 8) | (bytes[15] ?? 0);
  const plausible = seconds > 0x3000_0000 && type >= 1 && type <= 48 && recordLen >= 16 && wireLen > 0;
  const binary = bytes.subarray(0, 16).some((value) => value === 0);
  return plausible && binary && recordLen <= wireLen + 64
    ? { kind: 'unsupported', name: 'ERF', advice: CONVERT }
    : undefined;
}

function sniffText(bytes: Uint8Array): Format | undefined {
  const first = bytes.subarray(0, 16);
  if (first.length === 0 || !first.every(isText)) return undefined;
  const start = String.fromCharCode(...first).trimStart();
  if (start.startsWith('{') || start.startsWith('[')) {
    return { kind: 'not-a-capture', name: 'JSON text', advice: 'record one with `tcpdump -w capture.pcap`' };
  }
  return {
    kind: 'not-a-capture',
    name: 'text',
    advice: 'for an error message or a log use `firsthand explain`; record captures with `tcpdump -w`',
  };
}

function isText(value: number): boolean {
  return (value >= 0x20 && value !== 0x7f) || value === 0x09 || value === 0x0a || value === 0x0d;
}

function big32(bytes: Uint8Array, at: number): number {
  if (bytes.length < at + 4) return 0;
  return (
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
  );
}

function little32(bytes: Uint8Array, at: number): number {
  if (bytes.length < at + 4) return 0;
  return (
    (((bytes[at + 3] ?? 0) << 24) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at] ?? 0)) >>> 0
  );
}

function hex(bytes: Uint8Array): string {
  return [...bytes.subarray(0, 8)].map((value) => value.toString(16).padStart(2, '0')).join(' ');
}
