/**
 * Thousands of literals searched in one pass, without regard to the case of ASCII letters. Of every literal the four bytes
 * that are rarest in logs are its window. Any three bytes of text at an even place are looked up in a table of 64 KiB: a
 * window, wherever it stands, has three of its bytes at an even place. What the table knows is compared.
 */
import { FACTOR3, FOLD, slotOf, slotOf3, slotOf4, type Tables, toTables } from './literal-tables.ts';

/** Shorter literals cannot be searched. */
export const MIN_LITERAL_LEN: number = 4;

/** Searches texts and bytes for the same literals. */
export interface LiteralScanner {
  /** Indexes of the literals that occur, each once. */
  findAll(text: string): number[];
  /** Where an occurrence of any literal begins within `bytes[from, to)`, none lying wholly before it; or -1. */
  find(bytes: Uint8Array, from: number, to: number): number;
}

/** Searches for literals of ASCII characters, at most 65,535; upper case counts as lower, in them too. */
export function toScanner(literals: readonly string[]): LiteralScanner {
  let tables: Tables | undefined;
  const encoder = new TextEncoder();
  let scratch = new Uint8Array(1024);
  for (const literal of literals) check(literal);
  if (literals.length > MAX_LITERALS) throw new RangeError(`${literals.length} literals: ${MAX_LITERALS} at most`);
  return {
    findAll(text) {
      tables ??= toTables(literals);
      if (scratch.length < text.length * 3) scratch = new Uint8Array(text.length * 3);
      const { written } = encoder.encodeInto(text, scratch);
      const found: number[] = [];
      for (let at = 0; at + 3 <= written; at += 2) {
        if (tables.marks[slotOf3(scratch, at)] !== 0) collect(tables, scratch, at, written, found);
      }
      return found;
    },
    find(bytes, from, to) {
      return find((tables ??= toTables(literals)), bytes, from, to);
    },
  };
}

const MAX_LITERALS = 0xffff;
/** Words are read in the order of the machine; where that is not the order of the slots, bytes are. */
const READS_WORDS = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

function find(tables: Tables, bytes: Uint8Array, from: number, to: number): number {
  const base = bytes.byteOffset;
  // Even places are even in the buffer, so that words can be read whole.
  let first = ((base + from) & ~3) - base;
  if (READS_WORDS && to - from >= 16) {
    const words = new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2);
    const last = Math.min((base + to) >> 2, words.length) - 2;
    while (first < to) {
      const index = findWindow(tables.marks, tables.heads, words, (base + first) >> 2, last);
      first = index * 4 - base;
      if (index >= last) break;
      const begin = findAmong(tables, bytes, from, to, first, first + 8);
      if (begin !== -1) return begin;
      first += 8;
    }
  }
  return findAmong(tables, bytes, from, to, first, to);
}

/** Index of the first two words where a window may be, or one not below `last`; words up to `last + 1` are read. */
function findWindow(marks: Uint8Array, heads: Uint16Array, words: Int32Array, from: number, last: number): number {
  let index = from;
  let before = index > 0 ? words[index - 1]! | FOLD : 0;
  let word = words[index]! | FOLD;
  for (; index < last; index += 2) {
    const second = words[index + 1]! | FOLD;
    const third = words[index + 2]! | FOLD;
    const inner = (word >>> 16) | (second << 16);
    const outer = (second >>> 16) | (third << 16);
    const mark0 = marks[Math.imul(word, FACTOR3) >>> 16]!;
    const mark2 = marks[Math.imul(inner, FACTOR3) >>> 16]!;
    const mark4 = marks[Math.imul(second, FACTOR3) >>> 16]!;
    const mark6 = marks[Math.imul(outer, FACTOR3) >>> 16]!;
    if ((mark0 | mark2 | mark4 | mark6) !== 0) {
      // A window at the marked place or one byte before it.
      const known =
        ((heads[slotOf((before >>> 24) | (word << 8))]! | heads[slotOf(word)]!) & -mark0) |
        ((heads[slotOf((word >>> 8) | (second << 24))]! | heads[slotOf(inner)]!) & -mark2) |
        ((heads[slotOf((word >>> 24) | (second << 8))]! | heads[slotOf(second)]!) & -mark4) |
        ((heads[slotOf((second >>> 8) | (third << 24))]! | heads[slotOf(outer)]!) & -mark6);
      if (known !== 0) return index;
    }
    before = second;
    word = third;
  }
  return index;
}

/** Looks at every second place from `first` on, which may be before the range, up to `last`. */
function findAmong(tables: Tables, bytes: Uint8Array, from: number, to: number, first: number, last: number): number {
  const { marks, heads, nexts, offsets } = tables;
  const end = Math.min(last, to - 2);
  for (let at = first < from ? first + ((from - first + 1) & ~1) : first; at < end; at += 2) {
    if (marks[slotOf3(bytes, at)] === 0) continue;
    for (let window = Math.max(at - 1, from); window <= at && window + 4 <= to; window++) {
      for (let next = heads[slotOf4(bytes, window)]!; next !== 0; next = nexts[next - 1]!) {
        const literal = next - 1;
        const begin = window - offsets[literal]!;
        if (begin >= from && isAt(tables, literal, bytes, begin, to)) return begin;
      }
    }
  }
  return -1;
}

/** Adds the literals whose window has the three bytes at `at`. */
function collect(tables: Tables, bytes: Uint8Array, at: number, to: number, found: number[]): void {
  const { heads, nexts, offsets } = tables;
  for (let window = Math.max(at - 1, 0); window <= at && window + 4 <= to; window++) {
    for (let next = heads[slotOf4(bytes, window)]!; next !== 0; next = nexts[next - 1]!) {
      const literal = next - 1;
      const begin = window - offsets[literal]!;
      if (begin >= 0 && isAt(tables, literal, bytes, begin, to) && !found.includes(literal)) found.push(literal);
    }
  }
}

function isAt({ bytes: all, begins }: Tables, literal: number, bytes: Uint8Array, begin: number, to: number): boolean {
  const first = begins[literal]!;
  const len = begins[literal + 1]! - first;
  if (begin + len > to) return false;
  for (let at = 0; at < len; at++) {
    if (LOWER[bytes[begin + at]!] !== all[first + at]) return false;
  }
  return true;
}

const LOWER = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte));

function check(literal: string): void {
  const named = JSON.stringify(literal);
  if (!/^[\0-\x7f]*$/.test(literal)) throw new RangeError(`literal ${named}: only ASCII is searched`);
  if (literal.length < MIN_LITERAL_LEN)
    throw new RangeError(`literal ${named}: at least ${MIN_LITERAL_LEN} characters are needed`);
}
