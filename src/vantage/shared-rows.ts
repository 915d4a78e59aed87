/**
 * Finds the rows of several captures that are one connection: by its addresses and ports, and through address
 * translation by the sequence numbers, which a translator leaves alone (RFC 3022 §4.1).
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

/** One connection as one capture shows it. */
export interface RowRef {
  readonly input: number;
  readonly row: number;
  /** The side of this row that is side 0 of the group's first row. */
  readonly side0: 0 | 1;
}

/** One connection that several captures show; one row of each at most, in the order of the captures. */
export type SharedRows = readonly RowRef[];

/** Rows that are one connection. `chosen` tells which rows somebody wants to know about; the others only join them. */
export function sharedRows(
  tables: readonly Connections[],
  chosen: (input: number, row: number) => boolean,
): SharedRows[] {
  const wanted = indexChosen(tables, chosen);
  const groups = new Map<string, RowRef[]>();
  for (const [input, table] of tables.entries()) {
    for (let row = 0; row < table.count; row++) {
      for (const leader of candidates(wanted, table, row)) {
        if (leader.input === input) continue;
        const match = matchRows(tables[leader.input]!, leader.row, table, row);
        if (match === null) continue;
        const key = `${leader.input} ${leader.row}`;
        const group = groups.get(key) ?? [{ ...leader, side0: 0 }];
        if (!group.some((member) => member.input === input)) group.push({ input, row, side0: match });
        groups.set(key, group);
      }
    }
  }
  return withoutRepeats([...groups.values()]);
}

interface Chosen {
  readonly input: number;
  readonly row: number;
}

interface Index {
  /** By the first sequence number of either side. */
  readonly byStart: Map<number, Chosen[]>;
  /** By an end, for rows that one of the captures knows from their middle only: all rows, and those without their start. */
  readonly byEnd: Map<string, Chosen[]>;
  readonly lateByEnd: Map<string, Chosen[]>;
}

/** A busy listener has many connections; more than these are not tried for one row. */
const MAX_CANDIDATES = 256;

function indexChosen(tables: readonly Connections[], chosen: (input: number, row: number) => boolean): Index {
  const byStart = new Map<number, Chosen[]>();
  const byEnd = new Map<string, Chosen[]>();
  const lateByEnd = new Map<string, Chosen[]>();
  for (const [input, table] of tables.entries()) {
    for (let row = 0; row < table.count; row++) {
      if (!chosen(input, row)) continue;
      for (const side of [0, 1]) {
        if (hasSide(table, row, side)) add(byStart, startOf(table, row, side), { input, row });
        add(byEnd, endOf(table, row, side), { input, row });
        if (!hasStart(table, row)) add(lateByEnd, endOf(table, row, side), { input, row });
      }
    }
  }
  return { byStart, byEnd, lateByEnd };
}

function add<Key>(index: Map<Key, Chosen[]>, key: Key, chosen: Chosen): void {
  const list = index.get(key);
  if (list === undefined) index.set(key, [chosen]);
  else if (list.length < MAX_CANDIDATES) list.push(chosen);
}

function candidates({ byStart, byEnd, lateByEnd }: Index, table: Connections, row: number): Set<Chosen> {
  const found = new Set<Chosen>();
  for (const side of [0, 1]) {
    if (hasSide(table, row, side)) for (const one of byStart.get(startOf(table, row, side)) ?? []) found.add(one);
  }
  // Both captures saw the start: then it was the same start, or it is another connection.
  const others = hasStart(table, row) ? lateByEnd : byEnd;
  for (const side of others.size === 0 ? [] : [0, 1]) {
    for (const one of others.get(endOf(table, row, side)) ?? []) found.add(one);
  }
  return found;
}

/** How well two rows fit by sequence number on one side. */
const APART = 0;
const UNSEEN = 1;
const OVERLAP = 2;
const EQUAL = 3;

/** Which side of the second row is side 0 of the first; null when they are two connections. */
export function matchRows(a: Connections, rowA: number, b: Connections, rowB: number): 0 | 1 | null {
  const sameWay = fit(a, rowA, b, rowB, 0);
  const otherWay = fit(a, rowA, b, rowB, 1);
  if (sameWay === otherWay) return null;
  return sameWay > otherWay ? 0 : 1;
}

/** 0 when the rows do not fit with this orientation; more the better they do. */
function fit(a: Connections, rowA: number, b: Connections, rowB: number, flip: 0 | 1): number {
  const first = likeness(a, rowA, 0, b, rowB, flip);
  const second = likeness(a, rowA, 1, b, rowB, 1 - flip);
  if (first === APART || second === APART || (first === UNSEEN && second === UNSEEN)) return 0;
  if (!sameOpener(a, rowA, b, rowB, flip)) return 0;
  const ends =
    Number(endOf(a, rowA, 0) === endOf(b, rowB, flip)) + Number(endOf(a, rowA, 1) === endOf(b, rowB, 1 - flip));
  const certain = first + second;
  // Thirty-two bits may agree by chance, sixty-four do not; with one end known the chance is that of its few connections.
  if (ends === 2) return certain + 8;
  if (first === EQUAL && second === EQUAL) return certain + ends;
  return ends === 1 && Math.max(first, second) >= OVERLAP && certain >= EQUAL + UNSEEN ? certain : 0;
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

function hasStart(table: Connections, row: number): boolean {
  return (flagsOf(table, row) & HAS_SYN) !== 0;
}

function sameOpener(a: Connections, rowA: number, b: Connections, rowB: number, flip: 0 | 1): boolean {
  const flagsA = flagsOf(a, rowA);
  const flagsB = flagsOf(b, rowB);
  if ((flagsA & HAS_SYN) === 0 || (flagsB & HAS_SYN) === 0) return true;
  return ((flagsA & OPENER_1) !== 0) === (((flagsB & OPENER_1) !== 0) !== (flip === 1));
}

function hasSide(table: Connections, row: number, side: number): boolean {
  return (seenOf(table, row) & (1 << side)) !== 0;
}

function startOf({ words }: Connections, row: number, side: number): number {
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

/** A connection that is wanted in two captures was found from both. */
function withoutRepeats(groups: readonly (readonly RowRef[])[]): SharedRows[] {
  const taken = new Set<string>();
  const kept: SharedRows[] = [];
  for (const group of [...groups].sort((a, b) => b.length - a.length)) {
    const names = group.map(({ input, row }) => `${input} ${row}`);
    if (names.some((name) => taken.has(name))) continue;
    for (const name of names) taken.add(name);
    const sorted = [...group].sort((a, b) => a.input - b.input);
    const flip = sorted[0]!.side0;
    kept.push(sorted.map((ref) => ({ ...ref, side0: (ref.side0 ^ flip) as 0 | 1 })));
  }
  return kept;
}
