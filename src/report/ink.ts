/** How text is put on the page: width, colours, signs. Free of Node, so that a terminal and a browser can both supply it. */
import { escapeAscii, escapeText } from './escape.ts';

export type Paint = (text: string) => string;

/** Colours by meaning. The command line supplies a terminal's, everything else the plain one. */
export interface Style {
  /** Headlines. */
  readonly strong: Paint;
  /** Metadata. */
  readonly faint: Paint;
  /** A RST and who sent it. */
  readonly alarm: Paint;
  /** What to do about it. */
  readonly remedy: Paint;
}

export interface Glyphs {
  readonly to: string;
  readonly ellipsis: string;
  readonly bullet: string;
  readonly dot: string;
  readonly mark: string;
  readonly right: string;
  readonly left: string;
  readonly rstRight: string;
  readonly rstLeft: string;
}

export interface Ink {
  /** Columns, 60 or more. */
  readonly width: number;
  readonly style: Style;
  readonly glyphs: Glyphs;
  /** Escapes a string that may come from a capture. */
  readonly safe: Paint;
}

export interface InkOptions {
  /** Columns; default 100, at least 60. */
  readonly width?: number;
  /** Printable ASCII only. */
  readonly ascii?: boolean;
  readonly style?: Style;
}

const asIs: Paint = (text) => text;

/** No colours. */
export const PLAIN: Style = { strong: asIs, faint: asIs, alarm: asIs, remedy: asIs };

const UNICODE: Glyphs = {
  to: '→',
  ellipsis: '…',
  bullet: '•',
  dot: '·',
  mark: '←',
  right: '──▶',
  left: '◀──',
  rstRight: '══▶',
  rstLeft: '◀══',
};

const ASCII: Glyphs = {
  to: '->',
  ellipsis: '...',
  bullet: '*',
  dot: '-',
  mark: '<-',
  right: '-->',
  left: '<--',
  rstRight: '==>',
  rstLeft: '<==',
};

/** The ink for a page of the given width. */
export function toInk(options: InkOptions = {}): Ink {
  return {
    width: Math.max(60, Math.floor(options.width ?? 100)),
    style: options.style ?? PLAIN,
    glyphs: options.ascii ? ASCII : UNICODE,
    safe: options.ascii ? escapeAscii : escapeText,
  };
}
