/** Runs the reader and keeps what it says, for comparisons. */
import type { CaptureInfo } from '../info.ts';
import { createCaptureReader, type PacketSink } from '../reader.ts';

/** One packet as the sink received it. */
export interface Collected {
  readonly frame: number;
  /** The bytes as Latin-1 text, which compares much faster. */
  readonly bytes: string;
  readonly wireLen: number;
  readonly linkType: number;
  readonly seconds: number;
  readonly nanos: number;
  readonly direction: number;
}

/** A sink that copies every packet into the list. */
export function collectingSink(into: Collected[]): PacketSink {
  return {
    packet(view, start, end, wireLen, linkType, seconds, nanos, direction, frame) {
      const bytes = latin1(new Uint8Array(view.buffer, view.byteOffset + start, end - start));
      into.push({ frame, bytes, wireLen, linkType, seconds, nanos, direction });
    },
  };
}

/** Each byte as the character with its number. */
export function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (value) => String.fromCharCode(value)).join('');
}

/** Reads a whole capture, divided into pieces of `pieceLen` bytes. */
export function readAll(
  capture: Uint8Array,
  pieceLen: number = capture.length,
): { readonly packets: readonly Collected[]; readonly info: CaptureInfo } {
  const packets: Collected[] = [];
  const reader = createCaptureReader(collectingSink(packets));
  for (let at = 0; at < capture.length; at += pieceLen) reader.feed(capture.subarray(at, at + pieceLen));
  reader.end();
  return { packets, info: reader.info };
}
