/**
 * How well the rows of two captures fit as one connection: by its addresses and ports, and through address translation
 * by the sequence numbers, which a translator leaves alone (RFC 3022 §4.1).
 */
import { formatAddress } from '../wire/address.ts';
import { seqDiff } from '../wire/seq.ts';
import {
  flagsOf,
  HAS_SYN,
  hostOf,
  NEXT_SEQ,
  OPENER_1,
  portOf,
  seenOf,
  START_SEQ,
  type Connections,
} from '../flow/table.ts';

export interface Fit {
  /** Which side of the second row is side 0 of the first. */
  readonly side0: 0 | 1;
  /** From `SAME_ENDS` on both ends are the same, from `SAME_PORTS` on both ports are; more is better. */
  readonly score: number;
}

/** Above all that the sequence numbers and one end add up to. */
export const SAME_PORTS = 8;
export const SAME_ENDS = 16;

/** Null when they are two connections. */
export function fitOf(a: Connections, rowA: number, b: Connections, rowB: number): Fit | null {
  const sameWay = scoreOf(a, rowA, b, rowB, 0);
  const otherWay = scoreOf(a, rowA, b, rowB, 1);
  if (sameWay === otherWay) return null;
  return sameWay > otherWay ? { side0: 0, score: sameWay } : { side0: 1, score: otherWay };
}

/** How well two rows fit by sequence number on one side. */
const APART = 0;
const UNSEEN = 1;
const OVERLAP = 2;
const EQUAL = 3;

/** 0 when the rows do not fit with this orientation; more the better they do. */
function scoreOf(a: Connections, rowA: number, b: Connections, rowB: number, flip: 0 | 1): number {
  const first = likeness(a, rowA, 0, b, rowB, flip);
  const second = likeness(a, rowA, 1, b, rowB, 1 - flip);
  if (first === APART || second === APART || (first === UNSEEN && second === UNSEEN)) return 0;
  if (!sameOpener(a, rowA, b, rowB, flip)) return 0;
  const certain = first + second;
  const ends =
    Number(endOf(a, rowA, 0) === endOf(b, rowB, flip)) + Number(endOf(a, rowA, 1) === endOf(b, rowB, 1 - flip));
  if (ends === 2) return SAME_ENDS + certain;
  const samePorts =
    portOf(a, rowA, 0) === portOf(b, rowB, flip) && portOf(a, rowA, 1) === portOf(b, rowB, 1 - flip) ? SAME_PORTS : 0;
  // Thirty-two bits may agree by chance, sixty-four do not; with one end known the chance is that of its few connections.
  if (first === EQUAL && second === EQUAL) return samePorts + certain + ends;
  return ends === 1 && Math.max(first, second) >= OVERLAP && certain >= EQUAL + UNSEEN ? samePorts + certain : 0;
}

function likeness(a: Connections, rowA: number, sideA: number, b: Connections, rowB: number, sideB: number): number {
  if (!hasSide(a, rowA, sideA) || !hasSide(b, rowB, sideB)) return UNSEEN;
  const startA = startOf(a, rowA, sideA);
  const startB = startOf(b, rowB, sideB);
  if (startA === startB) return EQUAL;
  if (sawSyn(a, rowA, sideA) && sawSyn(b, rowB, sideB)) return APART;
  const later = seqDiff(startA, startB) > 0 ? startA : startB;
  const end = later === startA ? nextOf(b, rowB, sideB) : nextOf(a, rowA, sideA);
  return seqDiff(end, later) >= 0 ? OVERLAP : APART;
}

/** The first number of a side is its initial one when its SYN was seen; of the opener's the row says so. */
function sawSyn(table: Connections, row: number, side: number): boolean {
  const flags = flagsOf(table, row);
  return (flags & HAS_SYN) !== 0 && ((flags & OPENER_1) !== 0 ? side === 1 : side === 0);
}

function sameOpener(a: Connections, rowA: number, b: Connections, rowB: number, flip: 0 | 1): boolean {
  const flagsA = flagsOf(a, rowA);
  const flagsB = flagsOf(b, rowB);
  if ((flagsA & HAS_SYN) === 0 || (flagsB & HAS_SYN) === 0) return true;
  return ((flagsA & OPENER_1) !== 0) === (((flagsB & OPENER_1) !== 0) !== (flip === 1));
}

export function hasStart(table: Connections, row: number): boolean {
  return (flagsOf(table, row) & HAS_SYN) !== 0;
}

export function hasSide(table: Connections, row: number, side: number): boolean {
  return (seenOf(table, row) & (1 << side)) !== 0;
}

/** The first sequence number of a side. */
export function startOf({ words }: Connections, row: number, side: number): number {
  return words[row * 16 + START_SEQ + side]!;
}

function nextOf({ words }: Connections, row: number, side: number): number {
  return words[row * 16 + NEXT_SEQ + side]!;
}

/** `10.0.0.5:443`; host ids differ from capture to capture. */
export function endOf(table: Connections, row: number, side: number): string {
  const { hosts } = table;
  const host = hostOf(table, row, side);
  return `${formatAddress(hosts.view, host * 16, hosts.family[host]!)}:${portOf(table, row, side)}`;
}
