/** Finding the next record behind damage: a chain of headers that agree with each other, or the exact end of the file. */

/** `RecordProbe` results below one: no record starts here, or the answer lies behind the last byte present. */
export const NO_RECORD = 0;
export const NEED_MORE = -1;

/** The length of the record that plausibly starts at `at`, or NO_RECORD, or NEED_MORE. */
export type RecordProbe = (view: DataView, at: number, to: number) => number;

export interface Resync {
  /** Records in a row that count as found, 1 or more. */
  readonly chain: number;
  /** True when no byte follows. */
  readonly final: boolean;
  /** Accept only a chain that reaches the exact end: for a cut last record, whose payload may hold a capture itself. */
  readonly strict: boolean;
}

/** Longest chain walked per candidate, which keeps the whole scan linear. */
const MAX_CHAIN = 64;

/**
 * The offset at or after `from` where records start again, or `-1 - offset` when none was found and the scan
 * should go on at `offset` once more bytes are there.
 */
export function resync(view: DataView, from: number, to: number, probe: RecordProbe, options: Resync): number {
  for (let candidate = from; candidate < to; candidate++) {
    const verdict = chainFrom(view, candidate, to, probe, options);
    if (verdict === 1) return candidate;
    if (verdict === NEED_MORE) return -1 - candidate;
  }
  return -1 - to;
}

/** 1 when a chain of records starts at `first`. */
function chainFrom(view: DataView, first: number, to: number, probe: RecordProbe, options: Resync): number {
  const wanted = options.strict ? MAX_CHAIN : options.chain;
  let at = first;
  for (let records = 0; records < wanted; records++) {
    if (options.final && at === to && records > 0) return 1;
    const length = probe(view, at, to);
    if (length === NO_RECORD) return NO_RECORD;
    if (length === NEED_MORE) return options.final ? NO_RECORD : NEED_MORE;
    at += length;
  }
  // In a file that ended, a record that is not whole does not count.
  return options.final && at > to ? NO_RECORD : 1;
}
