/** Which connections pass two follows, and how many of them are too many to be told of one by one. */
import type { Flows } from '../flow/flows.ts';
import {
  FIN_0,
  FIN_1,
  flagsOf,
  HAS_RST,
  HAS_SYN,
  HAS_SYN_ACK,
  hostOf,
  portOf,
  seenOf,
  tailOf,
  type Connections,
} from '../flow/table.ts';

/** Entries of a report that are told one by one; each takes some 15 kB of memory until the report is written. */
export const MAX_RESETS = 20_000;
/** A flood of SYNs is a million silences, all alike. */
export const MAX_SILENCES = 2000;

export interface Followed {
  /** By row: 1 for those that are followed. */
  readonly rows: Uint8Array;
  /** Connections with a RST, and silent ones, beyond those. */
  readonly untoldResets: number;
  readonly untoldSilences: number;
}

/** Those with a RST, those that fell silent, and samples of the survivors beside them; of too many the first. */
export function chooseFollowed(flows: Flows, maxResets: number, maxSilences: number = MAX_SILENCES): Followed {
  const { table } = flows;
  const rows = new Uint8Array(table.count);
  let resets = 0;
  let silences = 0;
  let connected = 0;
  for (let row = 0; row < table.count; row++) {
    if (flagsOf(table, row) & HAS_RST) {
      if (resets++ < maxResets) rows[row] = 1;
    } else if (isSilent(flows, row)) {
      silences++;
      if (seenOf(table, row) === 3 && connected++ < maxSilences) rows[row] = 1;
    }
  }
  // What was established goes before SYNs that nobody answered.
  let unanswered = Math.min(maxSilences, silences) - connected;
  for (let row = 0; row < table.count && unanswered > 0; row++) {
    if (seenOf(table, row) === 3 || !isSilent(flows, row)) continue;
    rows[row] = 1;
    unanswered--;
  }
  addSurvivors(table, rows);
  return {
    rows,
    untoldResets: Math.max(0, resets - maxResets),
    untoldSilences: Math.max(0, silences - maxSilences),
  };
}

/**
 * A connection that may have died without a RST: nobody closed it, and its last packets repeat themselves unanswered.
 * One lost SYN is a silence; data must have been repeated at least twice.
 */
export function isSilent(flows: Flows, row: number): boolean {
  const { table } = flows;
  const flags = flagsOf(table, row);
  if (flags & HAS_RST) return false;
  if (flags & HAS_SYN && (flags & HAS_SYN_ACK) === 0 && seenOf(table, row) !== 3) {
    const waitedNs = flows.lastNs - table.firstNs[row]!;
    return tailOf(table, row).count > 1 || waitedNs > 3e9;
  }
  if (flags & FIN_0 && flags & FIN_1) return false;
  return tailOf(table, row).repeats >= 2 && seenOf(table, row) === 3;
}

/** Survivors that are followed of each end that has resets, for the names that their headers tell. */
const SAMPLES = 4;

function addSurvivors(table: Connections, rows: Uint8Array): void {
  const wanted = new Map<number, number>();
  for (let row = 0; row < table.count; row++) {
    if ((flagsOf(table, row) & HAS_RST) === 0 || rows[row] === 0) continue;
    wanted.set(endOf(table, row, 0), SAMPLES);
    wanted.set(endOf(table, row, 1), SAMPLES);
  }
  for (let row = 0; row < table.count && wanted.size > 0; row++) {
    if (flagsOf(table, row) & HAS_RST) continue;
    for (const side of [0, 1] as const) {
      const end = endOf(table, row, side);
      const left = wanted.get(end);
      if (left === undefined) continue;
      rows[row] = 1;
      if (left === 1) wanted.delete(end);
      else wanted.set(end, left - 1);
    }
  }
}

/** An end of a connection as a number; either may be the listener. */
function endOf(table: Connections, row: number, side: number): number {
  return hostOf(table, row, side) * 65_536 + portOf(table, row, side);
}
