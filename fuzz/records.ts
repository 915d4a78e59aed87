/** Where the records of a capture stand, so that mutations hit headers and small windows can be cut from large files. */

/** A capture in pieces: what stands before its packets, and each packet with its record header. */
export interface Records {
  /** Bytes that every window needs: the file header, and in pcapng the first section and its interfaces. */
  readonly headLen: number;
  readonly starts: readonly number[];
  /** End of the last record. */
  readonly end: number;
  /** Bytes between the start of a record and its frame. */
  readonly recordHeadLen: number;
}

const PCAP_HEAD_LEN = 24;
const PCAP_RECORD_LEN = 16;
const SECTION_HEADER = 0x0a0d_0d0a;
const ENHANCED_PACKET = 6;
/** Link layer, tunnel, IP and TCP headers with options: what lies behind is payload. */
const FRAME_HEADERS_LEN = 96;

/** The records of an undamaged pcap or pcapng; null for everything else. */
export function recordsOf(bytes: Uint8Array): Records | null {
  if (bytes.length < PCAP_HEAD_LEN) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) === SECTION_HEADER) return pcapngRecords(view, view.getUint32(8) !== 0x1a2b_3c4d);
  const magic = view.getUint32(0);
  if (magic === 0xa1b2_c3d4 || magic === 0xa1b2_3c4d) return pcapRecords(view, false);
  return magic === 0xd4c3_b2a1 || magic === 0x4d3c_b2a1 ? pcapRecords(view, true) : null;
}

/** Offsets of the file header and of the headers of every record and frame. */
export function hotBytes(bytes: Uint8Array, { headLen, starts, end, recordHeadLen }: Records): Uint32Array {
  const hot: number[] = [];
  for (let at = 0; at < headLen; at++) hot.push(at);
  for (const [index, start] of starts.entries()) {
    const stop = Math.min(starts[index + 1] ?? end, start + recordHeadLen + FRAME_HEADERS_LEN, bytes.length);
    for (let at = start; at < stop; at++) hot.push(at);
  }
  return Uint32Array.from(hot);
}

function pcapRecords(view: DataView, littleEndian: boolean): Records {
  const starts: number[] = [];
  let at = PCAP_HEAD_LEN;
  while (at + PCAP_RECORD_LEN <= view.byteLength) {
    const next = at + PCAP_RECORD_LEN + view.getUint32(at + 8, littleEndian);
    if (next > view.byteLength) break;
    starts.push(at);
    at = next;
  }
  return { headLen: PCAP_HEAD_LEN, starts, end: at, recordHeadLen: PCAP_RECORD_LEN };
}

function pcapngRecords(view: DataView, littleEndian: boolean): Records {
  const starts: number[] = [];
  let headLen = 0;
  let at = 0;
  while (at + 12 <= view.byteLength) {
    const length = view.getUint32(at + 4, littleEndian);
    if (length < 12 || at + length > view.byteLength) break;
    if (view.getUint32(at, littleEndian) === ENHANCED_PACKET) starts.push(at);
    else if (starts.length === 0) headLen = at + length;
    at += length;
  }
  return { headLen, starts, end: at, recordHeadLen: 28 };
}
