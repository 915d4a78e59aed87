/**
 * Cuts bytes into lines and finds those worth decoding: lines that hold a literal, and a thin sample of the others.
 * Lines that are neither are only counted, four bytes at a time; nothing is allocated for them.
 */
import type { LiteralScanner } from '../literals.ts';

/** Longer lines are read to here. */
export const MAX_LINE_LEN: number = 64 * 1024;
const LF = 10;
const NEWLINE: Uint8Array = Uint8Array.of(LF);

export interface LineSink {
  /** A line without its newline; the bytes are valid during the call only. `isSampled`: it would be given without a literal too. */
  candidate(bytes: Uint8Array, line: number, isSampled: boolean): void;
  sampled(bytes: Uint8Array, line: number): void;
}

export interface LineScanner {
  feed(bytes: Uint8Array): void;
  /** Takes the rest as the last line. */
  end(): void;
  /** Within a call of the sink: the whole lines above the line, newest last, at most 16 KiB of them. */
  above(): Uint8Array;
  readonly lines: number;
  readonly cutLines: number;
}

/** A stack trace of some two hundred frames. */
const ABOVE_LEN = 16 * 1024;

/** Every line of the first ones is sampled, later every so many-th: by number, so that pieces do not matter. */
const SAMPLED_WHOLE = 10_000;
const SAMPLED_EVERY = 256;

/** Gives lines to the sink in their order, whatever the pieces they come in. */
export function createLineScanner(scanner: LiteralScanner, sink: LineSink): LineScanner {
  const rest = new Uint8Array(MAX_LINE_LEN);
  /** Bytes of the unfinished line, those beyond `rest` included. */
  let restLen = 0;
  let lines = 0;
  let cutLines = 0;
  /** The last bytes before the piece at hand. */
  const tail = new Uint8Array(ABOVE_LEN);
  let tailLen = 0;
  let piece: Uint8Array = tail;
  let pieceFrom = 0;
  let lineFrom = 0;

  function takeRest(): void {
    const len = Math.min(restLen, MAX_LINE_LEN);
    takeLines(rest.subarray(0, len), 0, len);
    addToTail(NEWLINE, 0, 1);
    if (restLen > MAX_LINE_LEN) cutLines++;
    restLen = 0;
  }

  function addToRest(bytes: Uint8Array): void {
    const room = MAX_LINE_LEN - restLen;
    if (room > 0) rest.set(room < bytes.length ? bytes.subarray(0, room) : bytes, restLen);
    restLen += bytes.length;
  }

  /** Whole lines, the newline of the last one left out. */
  function takeLines(bytes: Uint8Array, from: number, to: number): void {
    piece = bytes;
    pieceFrom = from;
    let hit = scanner.find(bytes, from, to);
    for (let start = from; start <= to;) {
      start = passLines(bytes, start, hit === -1 ? to : hit, linesBeforeSample(lines));
      const found = start === to ? -1 : bytes.indexOf(LF, start);
      const end = found === -1 || found > to ? to : found;
      const cut = Math.min(end, start + MAX_LINE_LEN);
      lines++;
      lineFrom = start;
      if (cut < end) cutLines++;
      const isHit = hit !== -1 && hit < cut && (cut === end || scanner.find(bytes, start, cut) !== -1);
      if (isHit) sink.candidate(withoutReturn(bytes, start, cut), lines, isSampled(lines));
      else if (isSampled(lines)) sink.sampled(withoutReturn(bytes, start, cut), lines);
      if (hit !== -1 && hit < end) hit = scanner.find(bytes, end, to);
      start = end + 1;
    }
    addToTail(bytes, from, to);
  }

  function addToTail(bytes: Uint8Array, from: number, to: number): void {
    const added = Math.min(to - from, ABOVE_LEN);
    const kept = Math.min(tailLen, ABOVE_LEN - added);
    tail.copyWithin(0, tailLen - kept, tailLen);
    tail.set(bytes.subarray(to - added, to), kept);
    tailLen = kept + added;
  }

  function above(): Uint8Array {
    const fromPiece = Math.min(lineFrom - pieceFrom, ABOVE_LEN);
    const fromTail = Math.min(tailLen, ABOVE_LEN - fromPiece);
    const bytes = new Uint8Array(fromTail + fromPiece);
    bytes.set(tail.subarray(tailLen - fromTail, tailLen));
    bytes.set(piece.subarray(lineFrom - fromPiece, lineFrom), fromTail);
    // The first line may be cut off, unless the log begins with it.
    return bytes.length < ABOVE_LEN ? bytes : bytes.subarray(bytes.indexOf(LF) + 1);
  }

  /** Counts at most `count` lines that end before `limit`; returns where the next one begins. */
  function passLines(bytes: Uint8Array, from: number, limit: number, count: number): number {
    if (count === 0) return from;
    const base = bytes.byteOffset;
    const words = new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2);
    const lastLine = lines + count;
    let start = from;
    for (let at = from; at < limit;) {
      if (((base + at) & 3) === 0) {
        at = skipWords(words, base + at, base + limit) - base;
        if (at >= limit) break;
      }
      if (bytes[at++] !== LF) continue;
      if (at - 1 - start > MAX_LINE_LEN) cutLines++;
      start = at;
      if (++lines === lastLine) break;
    }
    return start;
  }

  return {
    feed(bytes) {
      let from = 0;
      if (restLen > 0) {
        const end = bytes.indexOf(LF);
        if (end === -1) return addToRest(bytes);
        addToRest(bytes.subarray(0, end));
        takeRest();
        from = end + 1;
      }
      const last = bytes.lastIndexOf(LF);
      if (last >= from) {
        takeLines(bytes, from, last);
        addToTail(NEWLINE, 0, 1);
        from = last + 1;
      }
      addToRest(bytes.subarray(from));
    },
    end() {
      if (restLen > 0) takeRest();
    },
    above,
    get lines() {
      return lines;
    },
    get cutLines() {
      return cutLines;
    },
  };
}

function isSampled(line: number): boolean {
  return line <= SAMPLED_WHOLE || line % SAMPLED_EVERY === 0;
}

/** How many lines behind this one are not sampled. */
function linesBeforeSample(line: number): number {
  return line < SAMPLED_WHOLE ? 0 : SAMPLED_EVERY - 1 - (line % SAMPLED_EVERY);
}

/** Offset of the first word that has a newline and lies before `limit`, or of the first that does not. */
function skipWords(words: Int32Array, from: number, limit: number): number {
  const last = limit >> 2;
  let index = from >> 2;
  for (; index < last; index++) {
    const word = words[index]! ^ 0x0a0a_0a0a;
    // Not zero if and only if a byte of the word is (Lamport, CACM 18(8), 1975).
    if (((word - 0x0101_0101) & ~word & 0x8080_8080) !== 0) break;
  }
  return index << 2;
}

function withoutReturn(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return bytes.subarray(from, to > from && bytes[to - 1] === 13 ? to - 1 : to);
}
