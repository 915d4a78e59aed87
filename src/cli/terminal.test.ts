import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Screen } from './io.ts';
import { pickWidth } from './terminal.ts';

const screen = (isTTY: boolean, columns?: number): Screen =>
  Object.assign(new Writable(), { isTTY, ...(columns === undefined ? {} : { columns }) });

describe('the width of the page', () => {
  it.each([
    ['as asked', 80, screen(true, 120), 80],
    ['the terminal’s', undefined, screen(true, 120), 120],
    ['100 where the terminal’s was never set', undefined, screen(true, 0), 100],
    ['100 where the terminal does not say', undefined, screen(true), 100],
    ['100 in a file or a pipe', undefined, screen(false, 40), 100],
  ])('is %s', (_name, asked, where, width) => {
    expect(pickWidth(asked, where)).toBe(width);
  });
});
