/**
 * A classic pcap of Ethernet frames, scanned record by record without a parser between file and sink. Only a file without
 * any damage is read to its end this way; for others `scan` says so, and the general reader takes over.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { CaptureInfo } from '../capture/info.ts';
import { createCaptureReader } from '../capture/reader.ts';
import type { PassSink } from '../flow/flows.ts';
import type { RecordLayout } from '../flow/records.ts';
import { LINK_ETHERNET } from '../wire/link-types.ts';
import type { ScanOptions } from './source.ts';

export interface RecordFile {
  /** Gives all packets to the sink; undefined when a record is not regular, and then the sink knows a part of them. */
  scan(sink: PassSink, options: ScanOptions): Promise<CaptureInfo | undefined>;
}

const FILE_HEADER_LEN = 24;
const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;
/** Wireshark's WTAP_MAX_PACKET_SIZE_STANDARD. */
const MAX_LEN = 262_144;
/** Measured: up to 256 KiB what was read is still in the processor's cache when it is parsed. */
const CHUNK_LEN = 256 * 1024;
/** Chunks between two turns of the event loop: some 20 ms. */
const CHUNKS_PER_TURN = 128;

/** The file at `path` when its header says that it can be scanned this way. */
export function recordFile(path: string): RecordFile | undefined {
  const header = new Uint8Array(FILE_HEADER_LEN);
  const fd = openSync(path, 'r');
  try {
    if (readSync(fd, header, 0, FILE_HEADER_LEN, 0) < FILE_HEADER_LEN) return undefined;
  } finally {
    closeSync(fd);
  }
  const layout = layoutOf(new DataView(header.buffer));
  return layout === undefined ? undefined : { scan: (sink, options) => scan(path, header, layout, sink, options) };
}

function layoutOf(view: DataView): RecordLayout | undefined {
  const littleEndian = view.getUint32(0) !== MICROSECONDS && view.getUint32(0) !== NANOSECONDS;
  const magic = view.getUint32(0, littleEndian);
  if (magic !== MICROSECONDS && magic !== NANOSECONDS) return undefined;
  // Before version 2.3 the two lengths of a record stood the other way round.
  if (view.getUint16(4, littleEndian) !== 2 || view.getUint16(6, littleEndian) !== 4) return undefined;
  if (view.getUint32(20, littleEndian) !== LINK_ETHERNET) return undefined;
  const units = magic === NANOSECONDS ? 1e9 : 1e6;
  return { littleEndian, units, maxLen: MAX_LEN, linkType: LINK_ETHERNET };
}

async function scan(
  path: string,
  header: Uint8Array,
  layout: RecordLayout,
  sink: PassSink,
  { onProgress, signal }: ScanOptions,
): Promise<CaptureInfo | undefined> {
  const fd = openSync(path, 'r');
  try {
    const bytes = new Uint8Array(CHUNK_LEN + MAX_LEN + 16);
    const view = new DataView(bytes.buffer);
    const counts = { packets: 0, truncated: 0 };
    let position = FILE_HEADER_LEN;
    let kept = 0;
    for (let chunks = 1; ; chunks++) {
      const count = readSync(fd, bytes, kept, CHUNK_LEN, position);
      if (count === 0) break;
      position += count;
      const end = kept + count;
      const at = sink.records(view, 0, end, layout, counts);
      kept = end - at;
      if (kept > MAX_LEN) return undefined;
      bytes.copyWithin(0, at, end);
      if (chunks % CHUNKS_PER_TURN !== 0) continue;
      onProgress?.(position);
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    }
    signal?.throwIfAborted();
    if (kept > 0) return undefined;
    onProgress?.(position);
    return infoOf(header, position, counts);
  } finally {
    closeSync(fd);
  }
}

/** What the general reader would say of the file. */
function infoOf(header: Uint8Array, bytes: number, counts: { packets: number; truncated: number }): CaptureInfo {
  const reader = createCaptureReader({ packet() {} });
  reader.feed(header);
  reader.end();
  return { ...reader.info, bytes, ...counts };
}
