/** First and last occurrence: by time where the lines bear one, else by their order. */
import type { Seen } from './define.ts';
import { toIso } from './rate.ts';

export interface Span {
  count: number;
  firstMs: number | null;
  firstLine: number;
  lastMs: number | null;
  lastLine: number;
}

/** Before the first line. */
export function emptySpan(): Span {
  return { count: 0, firstMs: null, firstLine: 0, lastMs: null, lastLine: 0 };
}

/** Takes in one more line; lines need not come in the order of time. */
export function extend(span: Span, ms: number | null, line: number): void {
  if (span.count++ === 0 || isBefore(ms, span.firstMs)) [span.firstMs, span.firstLine] = [ms, line];
  if (span.count === 1 || span.lastMs === null || (ms !== null && ms >= span.lastMs)) {
    [span.lastMs, span.lastLine] = [ms ?? span.lastMs, line];
  }
}

function isBefore(ms: number | null, other: number | null): boolean {
  return ms !== null && (other === null || ms < other);
}

/** The ends of a span as a report has them. */
export function toEnds({ firstMs, firstLine, lastMs, lastLine }: Span): { first: Seen; last: Seen } {
  return { first: toSeen(firstMs, firstLine), last: toSeen(lastMs, lastLine) };
}

/** A place in a log. */
export function toSeen(ms: number | null, line: number): Seen {
  return { at: ms === null ? null : toIso(ms), line };
}
