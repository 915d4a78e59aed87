/** The ladder as text: frame, time, direction, label; two columns, client left and server right. */
import { clipColumns, padColumns, toColumns } from './flow-text.ts';
import type { Ink } from './ink.ts';
import type { LadderFrame, LadderLine } from './ladder.ts';
import { toCount } from './words.ts';

/** Lines of a ladder, each no wider than the ink's width. */
export function renderLadder(ladder: readonly LadderLine[], margin: string, ink: Ink): string[] {
  const frames = ladder.filter((line) => line.kind === 'frame');
  const toTime = pickClock(frames);
  const numberColumns = Math.max(...frames.map(({ frame }) => `#${frame}`.length), 0);
  const timeColumns = Math.max(...frames.map(({ atMs }) => toTime(atMs).length), 0);
  return ladder.flatMap((line) => {
    if (line.kind === 'fold') {
      const indent = margin + ' '.repeat(numberColumns + timeColumns + 4);
      return (
        indent + ink.style.faint(`${ink.glyphs.ellipsis} ${toCount(line.packets, 'packet')} ${ink.glyphs.ellipsis}`)
      );
    }
    const number = padColumns(`#${line.frame}`, numberColumns);
    return renderFrame(line, `${margin}${number}  ${toTime(line.atMs).padStart(timeColumns)}  `, ink);
  });
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
