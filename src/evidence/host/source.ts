/** What the parsers of host evidence share: lines come one by one, everything is bounded, nothing throws. */

/** Reads one source line by line. */
export interface LineParser<T> {
  line(text: string): void;
  end(): T;
}

/** How much of a source was read. */
export interface Understood {
  readonly lines: number;
  /** Lines that say something the parser knows, used or not. */
  readonly understood: number;
  /** Lines beyond what is kept. */
  readonly dropped: number;
}

/** A longer line is cut: nothing that matters stands behind it. */
export const LONGEST_LINE = 8192;
/** Events kept of one source; the rest is counted. */
export const MOST_EVENTS = 200_000;

/** Runs a parser over a text. */
export function parseText<T>(parser: LineParser<T>, text: string): T {
  let start = 0;
  while (start <= text.length) {
    const end = text.indexOf('\n', start);
    const stop = end < 0 ? text.length : end;
    if (end >= 0 || stop > start) parser.line(text.slice(start, Math.min(stop, start + LONGEST_LINE)));
    if (end < 0) break;
    start = end + 1;
  }
  return parser.end();
}
