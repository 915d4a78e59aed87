/** Holds a report against what was really done: right, abstained or wrong (never “close enough”). */
import type { Side } from '../src/terms/actors.ts';
import { CAUSES } from '../src/causes/list.ts';
import type { CauseId } from '../src/terms/causes.ts';
import type { Report, Reset, Silence } from '../src/report/types.ts';

/** One entry of a `truth.json`. */
export interface CaptureTruth {
  readonly title: string;
  readonly kind: 'fires' | 'quiet';
  readonly truth: {
    readonly sender: Side | null;
    readonly mechanism: string | null;
    readonly cause: string | null;
    readonly equivalent: readonly string[];
    /** Resets of other connections that this one followed, in their order. */
    readonly earlier?: readonly CaptureTruth['truth'][];
  };
  readonly resets: number;
}

export type Score = 'right' | 'abstained' | 'wrong';

export interface Scored {
  readonly sender: Score;
  readonly mechanism: Score;
  readonly cause: Score;
  /** What was said, for a failing test to print. */
  readonly said: string;
}

/** Scores one reset. A cause is right when it is the truth, or when the group holds the truth and nothing false. */
export function scoreReset(reset: Reset, truth: CaptureTruth['truth']): Scored {
  const { sender, mechanism, cause } = reset;
  const said = `${sender.side} (${sender.actor}) ${mechanism} ${cause.id}${cause.group ? ` [${cause.group.join(', ')}]` : ''} ${cause.level} ${cause.confidence}`;
  return {
    sender: sender.side === truth.sender ? 'right' : 'wrong',
    mechanism: possibleMechanisms(truth).has(mechanism) ? 'right' : mechanism === 'unknown' ? 'abstained' : 'wrong',
    cause: scoreCause(cause, truth),
    said,
  };
}

/** An operator, a lack of memory and an unseen far leg abort a socket in the same form; no scenario repeats them. */
const ALWAYS: readonly string[] = ['killed', 'resource-exhaustion', 'relayed'];

/** Where another cause leaves the same bytes, its mechanism is what the bytes show. */
function possibleMechanisms(truth: CaptureTruth['truth']): ReadonlySet<string> {
  const twins = truth.equivalent.flatMap((id) => CAUSES[id as CauseId].mechanisms);
  return new Set([...(truth.mechanism === null ? [] : [truth.mechanism]), ...twins]);
}

export function scoreCause(cause: Reset['cause'] | Silence['cause'], truth: CaptureTruth['truth']): Score {
  if (cause.id === 'unknown') return 'abstained';
  if (truth.equivalent.length === 0) return cause.id === truth.cause ? 'right' : 'wrong';
  if (cause.level !== 'possible') return 'wrong';
  const allowed = new Set([truth.cause, ...truth.equivalent, ...(truth.mechanism === 'active-abort' ? ALWAYS : [])]);
  const group: readonly string[] = cause.group ?? [cause.id];
  return group.includes(truth.cause ?? '') && group.every((id) => allowed.has(id)) ? 'right' : 'wrong';
}

/** Whether the report names the cause anywhere as its first explanation. */
export function names(report: Report, cause: string): boolean {
  return (
    report.resets.some((reset) => reset.cause.id === cause) ||
    report.silences.some((silence) => silence.cause.id === cause)
  );
}
