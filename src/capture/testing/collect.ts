/** Runs the reader and keeps what it says, for comparisons. */
import type { CaptureInfo } from '../info.ts';
import { createCaptureReader, type PacketSink } from '../reader.ts';

/** One packet as the sink received it. */
export interface Collected {
  readonly frame: number;
  readonly bytes: Uint8Array;
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
      const bytes = new Uint8Array(view.buffer, view.byteOffset + start, end - start).slice();
      into.push({ frame, bytes, wireLen, linkType, seconds, nanos, direction });
    },
  };
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
