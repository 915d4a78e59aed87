import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toScanner } from './literals.ts';

const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), minLength: 1, maxLength: 5 });

describe('toScanner', () => {
  it('finds the literals that includes() finds, whatever the case, in text and in bytes', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(word, { minLength: 1, maxLength: 8 }),
        fc.string({ unit: fc.constantFrom('a', 'B', 'c', ' ', 'é', '中'), maxLength: 40 }),
        (literals, text) => {
          const scanner = toScanner(literals);
          const expected = literals.map((_, at) => at).filter((at) => text.toLowerCase().includes(literals[at]!));
          expect(scanner.findAll(text).toSorted((a, b) => a - b)).toEqual(expected);
          const bytes = new TextEncoder().encode(text);
          expect(scanner.firstEnd(bytes, 0, bytes.length) >= 0).toBe(expected.length > 0);
        },
      ),
    );
  });

  it('says where the first occurrence ends, and stays within the range', () => {
    const scanner = toScanner(['reset', 'set']);
    const bytes = new TextEncoder().encode('a ReSeT here');
    expect(scanner.firstEnd(bytes, 0, bytes.length)).toBe(7);
    expect(scanner.firstEnd(bytes, 0, 6)).toBe(-1);
    expect(scanner.firstEnd(bytes, 5, bytes.length)).toBe(-1);
  });

  it('refuses what it cannot search', () => {
    expect(() => toScanner(['é'])).toThrow('only ASCII is searched');
  });
});
