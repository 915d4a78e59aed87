/** The ladder as text: frame, time, direction, label; two columns, client left and server right. */
import { clipColumns, clipStart, padColumns, toColumns } from './flow-text.ts';
import type { Ink } from './ink.ts';
import type { LadderFrame, LadderLine } from './ladder.ts';
import { toCount } from './words.ts';

/** A capture's column: its number among the inputs, and its name. */
export interface LadderColumn {
  readonly input: number;
  readonly name: string;
}

/** Lines of a ladder, each no wider than the ink's width; a column of frame numbers for each of several captures. */
export function renderLadder(
  ladder: readonly LadderLine[],
  margin: string,
  ink: Ink,
  columns: readonly LadderColumn[] = [],
): string[] {
  const frames = ladder.filter((line) => line.kind === 'frame');
  const toTime = pickClock(frames);
  const numbers = toNumbers(frames, columns, ink);
  const numberColumns = Math.max(...frames.map((frame) => toColumns(numbers.of(frame))), 0);
  const timeColumns = Math.max(...frames.map(({ atMs }) => toTime(atMs).length), 0);
  const heading = numbers.heading === '' ? [] : [margin + ink.style.faint(numbers.heading)];
  const lines = ladder.flatMap((line) => {
    if (line.kind === 'fold') {
      const indent = margin + ' '.repeat(numberColumns + timeColumns + 4);
      return (
        indent + ink.style.faint(`${ink.glyphs.ellipsis} ${toCount(line.packets, 'packet')} ${ink.glyphs.ellipsis}`)
      );
    }
    const number = padColumns(numbers.of(line), numberColumns);
    return renderFrame(line, `${margin}${number}  ${toTime(line.atMs).padStart(timeColumns)}  `, ink);
  });
  return [...heading, ...lines];
}

/** Of a capture's name so much stands above its column. */
const NAME_COLUMNS = 14;

/** The frame of a packet in each capture, below the capture's name. */
function toNumbers(
  frames: readonly LadderFrame[],
  columns: readonly LadderColumn[],
  ink: Ink,
): { readonly heading: string; readonly of: (frame: LadderFrame) => string } {
  if (columns.length < 2) return { heading: '', of: ({ frame }) => `#${frame}` };
  const cell = (frame: LadderFrame, input: number): string => {
    const number = frame.seen?.[input] ?? null;
    return number === null ? ink.glyphs.dot : `#${number}`;
  };
  const names = columns.map(({ name }) => clipStart(ink.safe(name), NAME_COLUMNS, ink.glyphs.ellipsis));
  const widths = columns.map(({ input }, at) =>
    Math.max(toColumns(names[at]!), ...frames.map((frame) => toColumns(cell(frame, input)))),
  );
  const row = (cells: readonly string[]): string => cells.map((text, at) => padColumns(text, widths[at]!)).join('  ');
  return { heading: row(names), of: (frame) => row(columns.map(({ input }) => cell(frame, input))) };
}

function renderFrame(line: LadderFrame, head: string, ink: Ink): string[] {
  const { glyphs, style, safe } = ink;
  const toServer = line.rst ? glyphs.rstRight : glyphs.right;
  const toClient = line.rst ? glyphs.rstLeft : glyphs.left;
  const direction = `client ${line.from === 'client' ? toServer : toClient} server   `;
  const start = toColumns(head) + toColumns(direction);
  const label = clipColumns(safe(line.label), ink.width - start, glyphs.ellipsis);
  const mark = line.mark === '' ? '' : `${glyphs.mark} ${line.mark}`;
  const main = head + (line.rst ? style.alarm(direction + label) : style.faint(direction) + label);
  if (mark === '') return [main];
  if (start + toColumns(label) + 2 + toColumns(mark) <= ink.width) return [`${main}  ${style.strong(mark)}`];
  const room = ink.width - start;
  return [main, ' '.repeat(start) + style.strong(clipColumns(mark, room, glyphs.ellipsis))];
}

/** Milliseconds while everything happens within a second, else seconds: one unit for the whole ladder. */
function pickClock(frames: readonly LadderFrame[]): (atMs: number) => string {
  const seconds = frames.some(({ atMs }) => atMs >= 1000);
  return seconds ? (atMs) => `${(atMs / 1000).toFixed(3)} s` : (atMs) => `${atMs.toFixed(3)} ms`;
}
