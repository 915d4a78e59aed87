/**
 * Pass one: what every packet adds to its connection's row. Runs for each packet of the capture, so it allocates
 * nothing and keeps only what the summary, the populations and the choice of connections for pass two need.
 */
import type { Layers } from '../wire/layers.ts';
import { seqDiff } from '../wire/seq.ts';
import { ACK, dstPort, FIN, flags as readFlags, RST, seq as readSeq, srcPort, SYN } from '../wire/tcp.ts';
import { CLASS_SEGMENT, CLASS_SYN, CLASS_SYN_ACK, noteTtl } from './hosts.ts';
import {
  DATA_0,
  DATA_1,
  FIN_0,
  FIN_1,
  HAS_RST,
  HAS_SYN,
  HAS_SYN_ACK,
  lookup,
  open,
  OPENER_1,
  type Connections,
  type Found,
} from './table.ts';

const NS_PER_MS = 1e6;

/** Adds one TCP packet to its connection and returns the connection's row. */
export function survey(
  table: Connections,
  view: DataView,
  layers: Layers,
  frame: number,
  tNs: number,
  found: Found,
): number {
  const tcp = layers.tcp;
  const flags = readFlags(view, tcp);
  const seq = readSeq(view, tcp);
  lookup(table, view, layers.src, layers.dst, layers.version, srcPort(view, tcp), dstPort(view, tcp), found);
  const side = found.side;
  let row = found.row;
  if (row < 0 || isNewIncarnation(table, row, side, flags, seq)) row = open(table, found, frame, tNs);

  const length = layers.payloadLen;
  const sequenceLength = (flags & RST ? 0 : length) + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0);
  const end = (seq + sequenceLength) >>> 0;
  const at = row * 2 + side;
  const sideBit = 1 << side;
  let repeats = false;
  if ((table.seen[row]! & sideBit) === 0) {
    table.seen[row]! |= sideBit;
    table.startSeq[at] = flags & SYN ? (seq + 1) >>> 0 : seq;
    table.nextSeq[at] = end;
  } else if ((flags & RST) === 0) {
    if (seqDiff(end, table.nextSeq[at]!) > 0) table.nextSeq[at] = end;
    else repeats = sequenceLength > 0;
  }

  if (table.tailSide[row] !== side) {
    table.tailSide[row] = side;
    table.tailCount[row] = 0;
    table.tailRepeats[row] = 0;
  }
  if (table.tailCount[row]! < 0xffff) {
    table.tailCount[row]!++;
    if (repeats) table.tailRepeats[row]!++;
  }

  if (length > 0 && (flags & RST) === 0) {
    table.flags[row]! |= side === 0 ? DATA_0 : DATA_1;
    const before = table.lastDataNs[row]!;
    if (before >= 0) {
      const idleMs = (tNs - before) / NS_PER_MS;
      if (idleMs > table.longestIdleMs[row]!) table.longestIdleMs[row] = idleMs;
    }
    table.lastDataNs[row] = tNs;
  }
  if (flags & (SYN | FIN | RST)) noteControl(table, row, side, flags);
  const host = side === 0 ? found.host0 : found.host1;
  if ((flags & RST) === 0) {
    noteTtl(table.hosts, host, flags & SYN ? (flags & ACK ? CLASS_SYN_ACK : CLASS_SYN) : CLASS_SEGMENT, layers.ttl);
  }
  table.packets[row]!++;
  table.lastFrame[row] = frame;
  table.lastNs[row] = tNs;
  return row;
}

/**
 * RFC 9293 §3.4.1: a SYN with another initial sequence number opens a new incarnation; the same number is the
 * same SYN tried again. A SYN that answers one (simultaneous open) belongs to the connection it answers.
 */
function isNewIncarnation(table: Connections, row: number, side: number, flags: number, seq: number): boolean {
  if ((flags & (SYN | ACK | RST)) !== SYN) return false;
  if ((table.seen[row]! & (1 << side)) === 0) {
    const onlySynFromPeer = table.packets[row] === 1 && (table.flags[row]! & HAS_SYN) !== 0;
    return !onlySynFromPeer;
  }
  return table.startSeq[row * 2 + side] !== (seq + 1) >>> 0;
}

function noteControl(table: Connections, row: number, side: number, flags: number): void {
  let bits = table.flags[row]!;
  if (flags & RST) {
    bits |= HAS_RST;
    table.rsts[row]!++;
  } else if (flags & SYN) {
    if (flags & ACK) {
      bits |= HAS_SYN_ACK;
      if ((bits & HAS_SYN) === 0) bits = side === 0 ? bits | OPENER_1 : bits & ~OPENER_1;
    } else {
      if ((bits & HAS_SYN) === 0) bits = side === 1 ? bits | OPENER_1 : bits & ~OPENER_1;
      bits |= HAS_SYN;
    }
  }
  if (flags & FIN) bits |= side === 0 ? FIN_0 : FIN_1;
  table.flags[row] = bits;
}
