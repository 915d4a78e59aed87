/** Breaking text into lines. Styles are put on after breaking, line by line: pagers forget a colour at the line's end. */
import type { Paint } from './ink.ts';

export interface Piece {
  readonly text: string;
  readonly paint?: Paint;
}

export interface Margins {
  /** Columns of the whole line, margin included. */
  readonly width: number;
  /** What the first line starts with. */
  readonly first: string;
  /** What every further line starts with. */
  readonly rest: string;
  readonly paint?: Paint;
}

/** East Asian wide and emoji blocks: two columns in every terminal. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const COMBINING = /\p{M}/u;

/** Text broken at spaces into lines no wider than `width`; a word longer than a line is cut. */
export function toParagraph(text: string, margins: Margins): string[] {
  const paint = margins.paint ?? ((line: string) => line);
  const room = margins.width - Math.max(toColumns(margins.first), toColumns(margins.rest));
  return breakWords(text, Math.max(8, room)).map((line, at) => (at === 0 ? margins.first : margins.rest) + paint(line));
}

/** Pieces set one after the other, two columns apart; a piece that does not fit starts the next line. */
export function toRow(pieces: readonly Piece[], margins: Margins): string[] {
  const lines: string[] = [];
  let line = margins.first;
  let used = toColumns(margins.first);
  let empty = true;
  for (const { text, paint } of pieces) {
    if (text === '') continue;
    const columns = toColumns(text);
    if (!empty && used + 2 + columns > margins.width) {
      lines.push(line);
      line = margins.rest;
      used = toColumns(margins.rest);
      empty = true;
    }
    if (used + columns > margins.width) {
      const broken = toParagraph(text, { ...margins, first: line, ...(paint && { paint }) });
      line = broken.pop() ?? line;
      lines.push(...broken);
      used = margins.width;
    } else {
      line += (empty ? '' : '  ') + (paint ? paint(text) : text);
      used += columns + (empty ? 0 : 2);
    }
    empty = false;
  }
  lines.push(line);
  return lines;
}

/** Columns that unstyled text takes on a terminal. */
export function toColumns(text: string): number {
  let columns = 0;
  for (const char of text) {
    if (char < '\u0300') columns++;
    else if (WIDE.test(char)) columns += 2;
    else if (!COMBINING.test(char)) columns++;
  }
  return columns;
}

/** Text padded with spaces to a number of columns. */
export function padColumns(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - toColumns(text)));
}

/** Text cut to a number of columns, the cut shown by `ellipsis`. */
export function clipColumns(text: string, columns: number, ellipsis: string): string {
  if (toColumns(text) <= columns) return text;
  const room = columns - toColumns(ellipsis);
  return takeColumns(text, Math.max(0, room)) + ellipsis;
}

/** As `clipColumns`, but keeps the end: names of captures of one thing differ there. */
export function clipStart(text: string, columns: number, ellipsis: string): string {
  let kept = [...text];
  if (toColumns(text) <= columns) return text;
  while (kept.length > 0 && toColumns(kept.join('')) > columns - toColumns(ellipsis)) kept = kept.slice(1);
  return ellipsis + kept.join('');
}

function breakWords(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (let word of text.split(' ')) {
    let columns = toColumns(word);
    if (line !== '' && used + 1 + columns > width) {
      lines.push(line);
      line = '';
      used = 0;
    }
    while (columns > width) {
      const head = takeColumns(word, width);
      lines.push(head);
      word = word.slice(head.length);
      columns = toColumns(word);
    }
    if (line !== '') used += 1;
    line += (line === '' ? '' : ' ') + word;
    used += columns;
  }
  lines.push(line);
  return lines;
}

function takeColumns(text: string, columns: number): string {
  let taken = '';
  let used = 0;
  for (const char of text) {
    used += toColumns(char);
    if (used > columns) break;
    taken += char;
  }
  return taken;
}
