/**
 * A push parser for captures: bytes go in by `space`/`commit` or `feed`, packets come out at the sink.
 * Guarantees: memory bounded by the longest record a format may hold, the same packets however the bytes are divided,
 * and no exception but `CaptureError`, thrown when nothing can be read.
 */
import { isDecodedLinkType, linkTypeName } from '../wire/link-types.ts';
import { BYTES_TO_SNIFF, notACapture, sniff } from './detect.ts';
import { CaptureError, unsupportedLinkType } from './errors.ts';
import { newCaptureInfo, type CaptureInfo, type MutableCaptureInfo } from './info.ts';
import { createPcapParser } from './pcap.ts';
import { createPcapngParser } from './pcapng.ts';
import { createSnoopParser } from './snoop.ts';

/** Receives packets one by one; `view` is valid only during the call. */
export interface PacketSink {
  /**
   * One frame at [start, end) of the view, `wireLen` bytes long on the wire. `direction`: 0 unknown, 1 inbound,
   * 2 outbound. `frame` is Wireshark's number, from 1; frames without a packet (journal entries) leave gaps, and
   * the packets of an 802.11 A-MSDU share one.
   */
  packet(
    view: DataView,
    start: number,
    end: number,
    wireLen: number,
    linkType: number,
    seconds: number,
    nanos: number,
    direction: number,
    frame: number,
  ): void;
}

export interface CaptureReader {
  /** Room for at least `minBytes` in the reader's own buffer; valid until the next call of any method. */
  space(minBytes: number): Uint8Array;
  /** Takes the first `byteCount` bytes of the last `space` as the capture's next ones. */
  commit(byteCount: number): void;
  /** Takes a copy of the chunk as the capture's next bytes. */
  feed(chunk: Uint8Array): void;
  /** Ends the capture: a record that was cut becomes damage. Throws when nothing could be read. */
  end(): void;
  readonly info: CaptureInfo;
}

/** A format's parser, driven by the reader. */
export interface RecordParser {
  /**
   * Parses what is whole in [from, to) and returns the offset of the first byte it wants to see again.
   * `base` added to a view offset gives the file offset; `final` says that no byte follows.
   */
  parse(view: DataView, from: number, to: number, base: number, final: boolean): number;
}

const INITIAL_BYTES = 64 * 1024;
const FEED_BYTES = 256 * 1024;

/** A reader that gives the packets of one capture to the sink; the format is detected from the first bytes. */
export function createCaptureReader(sink: PacketSink): CaptureReader {
  const info = newCaptureInfo();
  let bytes = new Uint8Array(INITIAL_BYTES);
  let view = new DataView(bytes.buffer);
  let head = 0;
  let tail = 0;
  let base = 0;
  let parser: RecordParser | undefined;

  function space(minBytes: number): Uint8Array {
    if (bytes.length - tail < minBytes) makeRoom(minBytes);
    return bytes.subarray(tail);
  }

  function makeRoom(minBytes: number): void {
    const kept = tail - head;
    let target = bytes;
    // Growing before the buffer is half full of kept bytes keeps small chunks from moving a long record again and again.
    if (bytes.length < 2 * kept + minBytes) target = new Uint8Array(Math.max(2 * kept + minBytes, bytes.length * 2));
    if (target === bytes) bytes.copyWithin(0, head, tail);
    else target.set(bytes.subarray(head, tail));
    if (target !== bytes) view = new DataView(target.buffer);
    bytes = target;
    base += head;
    head = 0;
    tail = kept;
  }

  function commit(byteCount: number): void {
    if (!Number.isInteger(byteCount) || byteCount < 0 || byteCount > bytes.length - tail) {
      throw new RangeError(`commit(${byteCount}): the last space() has ${bytes.length - tail} bytes`);
    }
    tail += byteCount;
    info.bytes += byteCount;
    advance(false);
  }

  function feed(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + FEED_BYTES);
      space(part.length).set(part);
      commit(part.length);
      at += part.length;
    }
  }

  function end(): void {
    advance(true);
    rejectWhenUnreadable(info);
  }

  function advance(final: boolean): void {
    if (parser === undefined) {
      if (tail - head < BYTES_TO_SNIFF && !final) return;
      parser = openParser(bytes.subarray(head, tail), info, sink);
    }
    head = parser.parse(view, head, tail, base, final);
    if (head === tail) {
      base += head;
      head = 0;
      tail = 0;
    }
  }

  return { space, commit, feed, end, info };
}

function openParser(firstBytes: Uint8Array, info: MutableCaptureInfo, sink: PacketSink): RecordParser {
  const format = sniff(firstBytes);
  if (format?.kind === 'pcap') return createPcapParser(info, sink);
  if (format?.kind === 'pcapng') return createPcapngParser(info, sink);
  if (format?.kind === 'snoop') return createSnoopParser(info, sink);
  throw notACapture(firstBytes, format);
}

/** A capture of which no packet can be decoded is an error, not an empty report. */
function rejectWhenUnreadable(info: MutableCaptureInfo): void {
  const first = info.damage[0];
  if (info.packets === 0 && first !== undefined) {
    throw new CaptureError(
      'ERR_FIRSTHAND_DAMAGED',
      `damaged ${info.format} file without one whole packet: ${first.what} at byte ${first.offset}; record it again`,
      { format: info.format, offset: first.offset },
    );
  }
  if (info.packets === 0 || info.linkTypes.size === 0 || [...info.linkTypes].some(isDecodedLinkType)) return;
  throw unsupportedLinkType(info.format, [...info.linkTypes].map(linkTypeName));
}
