/** What hosts tried to reach, for those that knocked in vain: how many doors, and what answered. */
import {
  DATA_0,
  DATA_1,
  flagsOf,
  HAS_RST,
  HAS_SYN,
  HAS_SYN_ACK,
  hostOf,
  lastNsOf,
  OPENER_1,
  portOf,
  type Connections,
} from '../flow/table.ts';
import { listenerKey } from './listener-rows.ts';

export interface Attempts {
  readonly attempts: number;
  /** Attempts that carried no data and ended in a RST, a refusal or silence. */
  readonly barren: number;
  /** Different listeners, hosts and ports among the barren ones. */
  readonly targets: number;
  readonly hosts: number;
  readonly ports: number;
  /** How the barren ones were answered. */
  readonly accepted: number;
  readonly refused: number;
  readonly unanswered: number;
  /** From the first barren attempt to the end of the last, milliseconds. */
  readonly spanMs: number;
}

/** Fewer are not worth an entry. */
const LEAST_BARREN = 3;

/** The hosts most of whose attempts were barren, by host id. Eight bytes a host, and an entry for each of these. */
export function barrenClients(table: Connections): Map<number, Attempts> {
  const attempts = new Uint32Array(table.hosts.count);
  const barren = new Uint32Array(table.hosts.count);
  for (let row = 0; row < table.count; row++) {
    const client = openerOf(table, row);
    if (client < 0) continue;
    attempts[client]!++;
    if (isBarrenRow(flagsOf(table, row))) barren[client]!++;
  }
  // A client's attempts stand together in `targets`, from `ends[client]` less their number on.
  const ends = new Int32Array(table.hosts.count);
  let total = 0;
  for (let host = 0; host < ends.length; host++) {
    const counts = barren[host]! >= LEAST_BARREN && barren[host]! * 2 >= attempts[host]!;
    if (!counts) barren[host] = 0;
    ends[host] = total;
    total += barren[host]!;
  }
  const clients = new Map<number, Attempts>();
  if (total === 0) return clients;
  const rows = new Int32Array(total);
  for (let row = 0; row < table.count; row++) {
    const client = openerOf(table, row);
    if (client >= 0 && barren[client]! > 0 && isBarrenRow(flagsOf(table, row))) rows[ends[client]!++] = row;
  }
  for (let host = 0; host < ends.length; host++) {
    const count = barren[host]!;
    if (count === 0) continue;
    clients.set(host, summed(table, rows.subarray(ends[host]! - count, ends[host]!), attempts[host]!));
  }
  return clients;
}

function summed(table: Connections, rows: Int32Array, attempts: number): Attempts {
  const targets = new Float64Array(rows.length);
  let accepted = 0;
  let refused = 0;
  let firstNs = Number.POSITIVE_INFINITY;
  let lastNs = Number.NEGATIVE_INFINITY;
  for (const [i, row] of rows.entries()) {
    const flags = flagsOf(table, row);
    const server = flags & OPENER_1 ? 0 : 1;
    targets[i] = listenerKey(hostOf(table, row, server), portOf(table, row, server));
    if (flags & HAS_SYN_ACK) accepted++;
    else if (flags & HAS_RST) refused++;
    firstNs = Math.min(firstNs, table.firstNs[row]!);
    lastNs = Math.max(lastNs, lastNsOf(table, row));
  }
  return {
    attempts,
    barren: rows.length,
    targets: distinct(targets),
    hosts: distinct(targets.map((key) => Math.floor(key / 65_536))),
    ports: distinct(targets.map((key) => key % 65_536)),
    accepted,
    refused,
    unanswered: rows.length - accepted - refused,
    spanMs: Math.max(0, lastNs - firstNs) / 1e6,
  };
}

function distinct(values: Float64Array): number {
  values.sort();
  let count = 0;
  for (let i = 0; i < values.length; i++) if (i === 0 || values[i] !== values[i - 1]) count++;
  return count;
}

/** Host id of the side that sent the SYN; -1 without a SYN. */
function openerOf(table: Connections, row: number): number {
  const flags = flagsOf(table, row);
  return flags & HAS_SYN ? hostOf(table, row, flags & OPENER_1 ? 1 : 0) : -1;
}

function isBarrenRow(flags: number): boolean {
  return (flags & (DATA_0 | DATA_1)) === 0 && ((flags & HAS_RST) !== 0 || (flags & HAS_SYN_ACK) === 0);
}
