/** Whether to use colours, which, and how wide the page is. */
import { styleText } from 'node:util';
import { PLAIN, type Style } from '../report/ink.ts';
import type { ColourMode } from './colour-modes.ts';
import type { Io, Screen } from './io.ts';

const COLOURED: Style = {
  strong: (text) => paint('bold', text),
  faint: (text) => paint('dim', text),
  alarm: (text) => paint('red', text),
  remedy: (text) => paint('green', text),
};

/** Colours for a stream. auto: only on a terminal, and not under NO_COLOR or TERM=dumb. */
export function pickStyle(mode: ColourMode, screen: Screen, env: Io['env']): Style {
  if (mode === 'always') return COLOURED;
  if (mode === 'never') return PLAIN;
  if (env['NO_COLOR']) return PLAIN;
  if (env['FORCE_COLOR'] && env['FORCE_COLOR'] !== '0') return COLOURED;
  return screen.isTTY && env['TERM'] !== 'dumb' ? COLOURED : PLAIN;
}

/** Columns of the page: as asked, else the terminal's, else 100. */
export function pickWidth(asked: number | undefined, screen: Screen): number {
  // A terminal whose size was never set says 0.
  return asked ?? ((screen.isTTY && screen.columns) || 100);
}

function paint(format: 'bold' | 'dim' | 'red' | 'green', text: string): string {
  return text === '' ? '' : styleText(format, text, { validateStream: false });
}
