/** How the connections without a RST ended, counted from the columns alone, in the letters of Zeek's conn_state. */
import { FIN_0, FIN_1, flagsOf, HAS_RST, HAS_SYN, HAS_SYN_ACK, OPENER_1, type Connections } from './table.ts';

/** Counts by SF, S0, S1, S2, S3 and OTH; connections with a RST are left to their own entries. */
export function countEndings(table: Connections): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let row = 0; row < table.count; row++) {
    const flags = flagsOf(table, row);
    if (flags & HAS_RST) continue;
    const state = endingOf(flags);
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

function endingOf(flags: number): string {
  const originatorFin = flags & OPENER_1 ? FIN_1 : FIN_0;
  const responderFin = flags & OPENER_1 ? FIN_0 : FIN_1;
  if (flags & originatorFin && flags & responderFin) return 'SF';
  if (!(flags & HAS_SYN)) return 'OTH';
  if (!(flags & HAS_SYN_ACK)) return flags & originatorFin ? 'SH' : 'S0';
  if (flags & originatorFin) return 'S2';
  return flags & responderFin ? 'S3' : 'S1';
}
