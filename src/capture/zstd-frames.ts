/**
 * Divides a Zstandard stream (RFC 8878) into pieces of at most one block, so that a decompressor fed with them never
 * yields more than 128 KiB at once; skippable frames are dropped.
 */

/** A piece of a frame. */
export interface ZstdPiece {
  readonly bytes: Uint8Array;
  /** A frame header, which needs a fresh decompressor. */
  readonly isHeader: boolean;
  /** The frame's last block, with its checksum. */
  readonly isLast: boolean;
}

export interface ZstdFrames {
  /** Adds compressed bytes. */
  push(chunk: Uint8Array): void;
  /** The next whole piece, or undefined when more bytes are needed. Throws on anything that is not Zstandard. */
  next(): ZstdPiece | undefined;
  /** True when every frame that began has ended. */
  atBoundary(): boolean;
}

/** What the zstd program accepts without --long=28 or more, and hence the most a window may cost here. */
const MAX_WINDOW_LEN = 128 * 1024 * 1024;
const MAX_BLOCK_LEN = 128 * 1024;

/** A framer at the start of a stream. */
export function createZstdFrames(): ZstdFrames {
  let pending: Uint8Array = new Uint8Array(0);
  let at = 0;
  let inFrame = false;
  let checksumLen = 0;
  let toSkip = 0;

  function push(chunk: Uint8Array): void {
    const rest = pending.length - at;
    const joined = new Uint8Array(rest + chunk.length);
    joined.set(pending.subarray(at), 0);
    joined.set(chunk, rest);
    pending = joined;
    at = 0;
  }

  function next(): ZstdPiece | undefined {
    for (;;) {
      const skipped = Math.min(toSkip, pending.length - at);
      at += skipped;
      toSkip -= skipped;
      if (toSkip > 0) return undefined;
      if (inFrame) return nextBlock();
      if (pending.length - at < 4) return undefined;
      const magic = little(4, 0);
      if (magic === 0xfd2f_b528) return frameHeader();
      if ((magic & 0xffff_fff0) >>> 0 !== 0x184d_2a50) throw new Error('no frame starts here');
      if (pending.length - at < 8) return undefined;
      toSkip = 8 + little(4, 4);
    }
  }

  /** RFC 8878, section 3.1.1.1. */
  function frameHeader(): ZstdPiece | undefined {
    if (pending.length - at < 5) return undefined;
    const descriptor = pending[at + 4] ?? 0;
    const singleSegment = (descriptor & 0x20) !== 0;
    const sizeFlag = descriptor >> 6;
    const dictionaryLen = [0, 1, 2, 4][descriptor & 3] ?? 0;
    const sizeLen = sizeFlag === 0 ? Number(singleSegment) : 1 << sizeFlag;
    const headerLen = 5 + (singleSegment ? 0 : 1) + dictionaryLen + sizeLen;
    if (pending.length - at < headerLen) return undefined;
    const windowLen = singleSegment ? little(sizeLen, headerLen - sizeLen) : windowSize(pending[at + 5] ?? 0);
    if (windowLen > MAX_WINDOW_LEN) throw new Error(`window of ${Math.ceil(windowLen / 1048576)} MiB is too large`);
    if (dictionaryLen > 0) throw new Error('compressed with a dictionary');
    checksumLen = (descriptor & 4) === 0 ? 0 : 4;
    inFrame = true;
    return take(headerLen, true, false);
  }

  /** RFC 8878, section 3.1.1.2: last (1 bit), type (2), size (21). */
  function nextBlock(): ZstdPiece | undefined {
    if (pending.length - at < 3) return undefined;
    const header = little(3, 0);
    const isLast = (header & 1) === 1;
    const type = (header >> 1) & 3;
    const size = header >> 3;
    if (type === 3 || size > MAX_BLOCK_LEN) throw new Error('block header is invalid');
    // A run-length block holds one byte, whatever its size.
    const len = 3 + (type === 1 ? 1 : size) + (isLast ? checksumLen : 0);
    if (pending.length - at < len) return undefined;
    if (isLast) inFrame = false;
    return take(len, false, isLast);
  }

  function take(len: number, isHeader: boolean, isLast: boolean): ZstdPiece {
    const bytes = pending.slice(at, at + len);
    at += len;
    return { bytes, isHeader, isLast };
  }

  /** An unsigned little-endian number of up to 8 bytes. */
  function little(len: number, offset: number): number {
    let value = 0;
    for (let index = len - 1; index >= 0; index--) value = value * 256 + (pending[at + offset + index] ?? 0);
    return value;
  }

  return { push, next, atBoundary: () => !inFrame && toSkip === 0 && at === pending.length };
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}
