/** What a line of text, or a whole stack trace, says about the connection. Pure: no file, no clock, no network. */
import type { Condition } from '../terms/conditions.ts';
import type { Retry } from '../terms/outcome.ts';
import type { Phase } from '../terms/phases.ts';
import type { Fields, LikelyCause, Step } from './define.ts';
import { fillSteps } from './fill.ts';
import { type FoundLine, isInsideOut, toInnermost } from './innermost.ts';
import { matchLine } from './match.ts';
import { toNearestWordings } from './nearest-wordings.ts';
import { readStamp } from './log/time.ts';

/** A text that was recognised. */
export interface Explained {
  readonly schemaVersion: 1;
  readonly recognised: true;
  /** The line that decided, as given. */
  readonly line: string;
  /** Its number in the text, from 1. */
  readonly lineNumber: number;
  /** Pattern that recognised it, such as `nginx/upstream-reset-header`. */
  readonly pattern: string;
  readonly program: string;
  readonly condition: Condition;
  readonly phase: Phase;
  readonly what: string;
  readonly doubt: string;
  readonly cleared: string;
  /** Most likely first. */
  readonly causes: readonly LikelyCause[];
  readonly retry: Retry;
  /** Commands, the line's addresses and time filled in; capitals stand for what the line does not say. */
  readonly next: readonly Step[];
  readonly certain: string;
  /** What the line says of addresses, ports, request, status. */
  readonly fields: Fields;
  readonly sources: readonly string[];
  /** Other wordings in the same text, outer errors of the same failure as a rule. */
  readonly also: readonly { readonly lineNumber: number; readonly pattern: string; readonly condition: Condition }[];
}

/** A text that no pattern knows. */
export interface NotRecognised {
  readonly schemaVersion: 1;
  readonly recognised: false;
  /** Known wordings that share most words with it. */
  readonly nearest: readonly string[];
}

export type Explanation = Explained | NotRecognised;

/** Lines that are looked at; a stack trace has fewer, a log is for the log reader. */
const MAX_LINES = 2000;
const MAX_ALSO = 8;

/** Stamps are only printed back: a missing year is left out again, a missing zone stays the reader’s own. */
const AS_UTC = { latestMs: 0, zoneOffsetMin: 0 } as const;

interface Found extends FoundLine {
  readonly lineNumber: number;
}

/**
 * Explains an error message, a log line or a stack trace. The innermost error decides.
 * @example explain('Error: connect ECONNREFUSED 10.0.0.5:443')
 */
export function explain(text: string): Explanation {
  const found = findAll(text);
  const best = toInnermost(found, isInsideOut(text));
  if (!best) return { schemaVersion: 1, recognised: false, nearest: toNearestWordings(text) };
  const { pattern, line, lineNumber } = best;
  const fields = found.reduce<Fields>(
    (known, { fields: more, pattern: { condition } }) =>
      condition === pattern.condition || condition === 'unknown' ? { ...more, ...known } : known,
    best.fields,
  );
  const { condition, phase, what, doubt, cleared, causes, retry, certain, sources } = pattern;
  return {
    schemaVersion: 1,
    recognised: true,
    line,
    lineNumber,
    pattern: pattern.id,
    program: pattern.program,
    condition,
    phase,
    what,
    doubt,
    cleared,
    causes,
    retry,
    next: fillSteps(pattern.next, fields, readStamp(line, AS_UTC) ?? readStamp(text, AS_UTC)),
    certain,
    fields,
    sources,
    also: found
      .filter((other) => other.pattern.id !== pattern.id)
      .slice(0, MAX_ALSO)
      .map((other) => ({
        lineNumber: other.lineNumber,
        pattern: other.pattern.id,
        condition: other.pattern.condition,
      })),
  };
}

function findAll(text: string): Found[] {
  return text.split(/\r?\n/, MAX_LINES).flatMap((line, at) => {
    // The ends of longer messages, given alone: `EOF`, `aborted`.
    const match = matchLine(line) ?? (line.length < 40 ? matchLine(`: ${line.trim()}`) : null);
    return match ? [{ ...match, line, lineNumber: at + 1 }] : [];
  });
}
