/**
 * Lines put together to entries: a stack trace goes over many lines, names its error more than once, and bears its time
 * only on the first of them. An entry tells of one failure, the innermost error's.
 */
import type { LineMatch } from '../define.ts';
import { type FoundLine, isCause, isInsideOut, isProperty, toInnermost } from '../innermost.ts';
import type { Stamp } from './time.ts';

/** A line that was decoded. */
export interface Line {
  readonly text: string;
  /** From 1. */
  readonly number: number;
  readonly stamp: Stamp | null;
  readonly match: LineMatch | null;
}

/** One failure: the line that decides, and the line that begins the entry, whose time it has. */
export interface Failure {
  readonly text: string;
  readonly number: number;
  readonly match: LineMatch;
  readonly stamp: Stamp | null;
  /** First line of the entry, often the same. */
  readonly head: string;
}

export interface Entries {
  /** Lines in their order, those left out that were not decoded. */
  add(line: Line): void;
  /** Closes the last entry. */
  end(): void;
}

/** A trace is shorter; what stands farther below a time is not of that time. */
export const MAX_ENTRY_LINES = 60;
const MAX_FOUND = 16;

interface Entry {
  readonly head: string;
  readonly stamp: Stamp | null;
  readonly firstNumber: number;
  readonly found: (FoundLine & { readonly number: number })[];
  insideOut: boolean;
}

/** Calls back for each failure once its entry is whole. */
export function createEntries(onFailure: (failure: Failure) => void): Entries {
  let entry: Entry | null = null;

  function close(): void {
    const best = entry && toInnermost(entry.found, entry.insideOut);
    if (entry && best) {
      const { line: text, number, pattern, fields } = best;
      onFailure({ text, number, match: { pattern, fields }, stamp: entry.stamp, head: entry.head });
    }
    entry = null;
  }

  return {
    add(line) {
      if (!entry || !belongs(line, entry)) {
        close();
        if (!line.stamp && !line.match) return;
        entry = { head: line.text, stamp: line.stamp, firstNumber: line.number, found: [], insideOut: false };
      }
      if (!line.stamp && isInsideOut(line.text)) entry.insideOut = true;
      if (line.match && entry.found.length < MAX_FOUND)
        entry.found.push({ ...line.match, line: line.text, number: line.number });
    },
    end: close,
  };
}

/** Without a time of its own a line goes on with the entry above it, unless it says the same once more. */
function belongs({ text, number, stamp, match }: Line, entry: Entry): boolean {
  if (stamp) return entry.stamp !== null && stamp.ms - entry.stamp.ms <= 1000 && isStampedTrace(text);
  if (number - entry.firstNumber > MAX_ENTRY_LINES) return false;
  if (!match || /^\s/.test(text) || isProperty(text) || isCause(text) || entry.insideOut) return true;
  return entry.stamp !== null && !entry.found.some(({ pattern }) => pattern.id === match.pattern.id);
}

/** Docker and journald put a time before each line of a trace, which stays indented behind it. */
function isStampedTrace(text: string): boolean {
  return /^[^\]]{0,200}\]: (?:\s|Caused by)|^\S{10,40}Z (?:\s|Caused by)/.test(text);
}
