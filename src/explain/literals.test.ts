import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toScanner } from './literals.ts';
import { PATTERNS } from './patterns/list.ts';

const letter = fc.constantFrom('a', 'b', 'c', ' ', '[', '_', '\0');
const literals = fc.uniqueArray(fc.string({ unit: letter, minLength: 4, maxLength: 7 }), {
  minLength: 1,
  maxLength: 8,
});
const otherCase = fc.constantFrom('a', 'A', 'b', 'B', 'c', ' ', '[', '{', '_', '\x7f', '\0', 'é', '中', '\u212a');
const text = fc.string({ unit: otherCase, maxLength: 80 });

describe('toScanner', () => {
  it('finds the literals that includes() finds, whatever the case, in text and in bytes', () => {
    fc.assert(
      fc.property(literals, text, (words, line) => {
        const scanner = toScanner(words);
        const expected = words.map((_, at) => at).filter((at) => toAsciiLower(line).includes(words[at]!));
        expect(scanner.findAll(line).toSorted((a, b) => a - b)).toEqual(expected);
        const bytes = new TextEncoder().encode(line);
        expect(scanner.find(bytes, 0, bytes.length) >= 0).toBe(expected.length > 0);
      }),
      { numRuns: 1000 },
    );
  });

  it('finds an occurrence with none wholly before it, in any range of any buffer, as a naive search does', () => {
    const bytes = fc.array(fc.constantFrom(0x61, 0x41, 0x62, 0x61, 0x62, 0x42, 0xe1), { maxLength: 120 });
    const word = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 4, maxLength: 8 });
    const few = fc.uniqueArray(word, { minLength: 1, maxLength: 3 });
    const range = fc.tuple(fc.nat(7), fc.nat(60), fc.nat(60));
    fc.assert(
      fc.property(few, bytes, range, (words, values, [shift, fromNat, lenNat]) => {
        const buffer = Uint8Array.from([...'abca'.repeat(2)].map((char) => char.charCodeAt(0)).concat(values));
        const view = buffer.subarray(shift);
        const from = Math.min(fromNat, view.length);
        const to = Math.min(from + lenNat, view.length);
        const all = occurrences(words, view.subarray(from, to)).map(([begin, end]) => [begin + from, end + from]);
        const found = toScanner(words).find(view, from, to);
        expect(all.length === 0 ? [-1] : all.map(([begin]) => begin)).toContain(found);
        expect(Math.min(...all.map(([, end]) => end!))).toBeGreaterThan(found);
      }),
      { numRuns: 3000 },
    );
  });

  it('finds every literal of every pattern at every place of a long text', () => {
    const words = [...new Set(PATTERNS.flatMap((pattern) => pattern.literals))];
    const scanner = toScanner(words);
    const line = new Uint8Array(200);
    for (const [index, word] of words.entries()) {
      const place = index % 100;
      line.fill(0x7a);
      new TextEncoder().encodeInto(index % 2 === 0 ? word : word.toUpperCase(), line.subarray(place));
      const found = scanner.find(line, 0, line.length);
      expect(found, word).toBeGreaterThanOrEqual(place);
      expect(found, word).toBeLessThan(place + word.length);
      expect(scanner.find(line, place + 1, line.length), word).not.toBe(place);
      expect(scanner.findAll(` ${word}`), word).toContain(index);
    }
  });

  it.each(['reset', 'connection reset by peer', 'zzzzzz the', 'the zzzzzz', 'a zzzz b'])(
    'stays within the range: %s',
    (word) => {
      const scanner = toScanner([word]);
      const bytes = new TextEncoder().encode(`-- ${word.toUpperCase()} and bytes enough for a word or two`);
      for (let from = 0; from < 6; from++) {
        for (let to = from; to <= bytes.length; to++) {
          expect(scanner.find(bytes, from, to), `${from} to ${to}`).toBe(from <= 3 && to >= 3 + word.length ? 3 : -1);
        }
      }
    },
  );

  it('refuses what it cannot search', () => {
    expect(() => toScanner(['réset'])).toThrow('only ASCII is searched');
    expect(() => toScanner(['eof'])).toThrow('at least 4 characters');
  });
});

function toAsciiLower(line: string): string {
  return line.replace(/[A-Z]/g, (char) => char.toLowerCase());
}

/** Begin and end of each occurrence, by comparing every literal at every place. */
function occurrences(words: readonly string[], bytes: Uint8Array): [number, number][] {
  const line = toAsciiLower(String.fromCharCode(...bytes));
  return words.flatMap((word) =>
    [...line].flatMap((_, at): [number, number][] => (line.startsWith(word, at) ? [[at, at + word.length]] : [])),
  );
}
