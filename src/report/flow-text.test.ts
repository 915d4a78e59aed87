import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeText } from './escape.ts';
import { clipColumns, toColumns, toParagraph, toRow } from './flow-text.ts';

describe('toParagraph', () => {
  it('breaks at spaces and hangs the following lines', () => {
    expect(toParagraph('one two three four', { width: 14, first: 'a: ', rest: '   ' })).toEqual([
      'a: one two',
      '   three four',
    ]);
  });

  it('cuts a word that no line can hold', () => {
    expect(toParagraph('x'.repeat(20), { width: 10, first: '', rest: '' })).toEqual(['x'.repeat(10), 'x'.repeat(10)]);
  });

  it('styles each line by itself, margins left alone', () => {
    expect(toParagraph('aaaa bbbb', { width: 10, first: '- ', rest: '  ', paint: (text) => `<${text}>` })).toEqual([
      '- <aaaa>',
      '  <bbbb>',
    ]);
  });

  it('never exceeds the width and loses no character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 20, max: 120 }), (raw, width) => {
        const text = escapeText(raw);
        const lines = toParagraph(text, { width, first: '  ', rest: '    ' });
        for (const line of lines) expect(toColumns(line)).toBeLessThanOrEqual(width);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
      }),
    );
  });
});

describe('toRow', () => {
  it('keeps pieces whole and moves those that do not fit to the next line', () => {
    const pieces = [{ text: 'r1' }, { text: 'a -> b' }, { text: 'reset by the server' }];
    expect(toRow(pieces, { width: 40, first: '', rest: '    ' })).toEqual(['r1  a -> b  reset by the server']);
    expect(toRow(pieces, { width: 25, first: '', rest: '    ' })).toEqual(['r1  a -> b', '    reset by the server']);
  });

  it('breaks a piece wider than the line', () => {
    expect(toRow([{ text: 'r1' }, { text: 'one two three four five' }], { width: 14, first: '', rest: '  ' })).toEqual([
      'r1',
      '  one two',
      '  three four',
      '  five',
    ]);
  });
});

describe('clipColumns', () => {
  it('counts wide characters twice', () => {
    expect(toColumns('東京')).toBe(4);
    expect(clipColumns('東京都', 5, '…')).toBe('東京…');
    expect(clipColumns('abc', 3, '…')).toBe('abc');
  });
});
