import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeAscii, escapeText } from './escape.ts';

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.constantFrom(
    '\u001b[31m',
    '\u001b]0;title\u0007',
    '\u202eabc',
    '\ud800',
    'a\nb',
    '\u009b1m',
    '\u2066',
    '\u{e0041}',
  ),
);

describe('escapeText', () => {
  it('leaves no control, format, surrogate or separator character, whatever comes in', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const safe = escapeText(text);
        expect(safe).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
        expect(escapeText(safe)).toBe(safe);
      }),
    );
  });

  it('shows the character it replaced', () => {
    expect(escapeText('GET /\u001b[2J\u202e\r\n')).toBe('GET /\\x1b[2J\\u{202e}\\r\\n');
    expect(escapeText('\ud800x')).toBe('\\u{d800}x');
  });

  it('keeps ordinary text of every script', () => {
    expect(escapeText('Grüße → 東京 60 s')).toBe('Grüße → 東京 60 s');
  });
});

describe('escapeAscii', () => {
  it('answers in printable ASCII only', () => {
    fc.assert(fc.property(hostile, (text) => /^[\x20-\x7e]*$/.test(escapeAscii(text))));
  });

  it('keeps the meaning of the signs that reports use', () => {
    expect(escapeAscii('a → b … ≥ 3 × é')).toBe('a -> b ... >= 3 x \\xe9');
  });
});
