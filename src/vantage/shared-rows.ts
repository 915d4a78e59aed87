/**
 * Finds the rows of several captures that are one connection. A scanner may give all its SYNs the same number, so that
 * many rows fit one: each is joined to the one that it fits best, and through address translation only if that is one.
 */
import { portOf, type Connections } from '../flow/table.ts';
import { endOf, fitOf, hasSide, hasStart, SAME_ENDS, startOf } from './row-fit.ts';

/** One connection as one capture shows it. */
export interface RowRef {
  readonly input: number;
  readonly row: number;
  /** The side of this row that is side 0 of the group's first row. */
  readonly side0: 0 | 1;
}

/** The same text for the same row of the same capture. */
export function nameOfRow({ input, row }: Pick<RowRef, 'input' | 'row'>): string {
  return `${input} ${row}`;
}

/** One connection that several captures show; one row of each at most, in the order of the captures. */
export type SharedRows = readonly RowRef[];

/** Rows that are one connection. `chosen` tells which rows somebody wants to know about; the others only join them. */
export function sharedRows(
  tables: readonly Connections[],
  chosen: (input: number, row: number) => boolean,
): SharedRows[] {
  const index = indexChosen(tables, chosen);
  const claims: Claims = new Map();
  for (const [input, table] of tables.entries()) {
    for (let row = 0; row < table.count; row++) {
      for (const found of fitsOf(index, tables, input, row).values()) claim(claims, found, input, row);
    }
  }
  const groups: RowRef[][] = [];
  for (const [{ input, row }, ofLeader] of claims) {
    const members = [...ofLeader.values()].filter(({ alone }) => alone).map(({ ref }) => ref);
    if (members.length > 0) groups.push([{ input, row, side0: 0 }, ...members]);
  }
  return withoutRepeats(groups);
}

/** One object for each chosen row. */
interface Chosen {
  readonly input: number;
  readonly row: number;
}

interface Index {
  /** By the first sequence number of either side, with both ports and alone. */
  readonly byStartAndPorts: Map<string, Chosen[]>;
  readonly byStart: Map<number, Chosen[]>;
  /** By an end, for rows that one of the captures knows from their middle only: all rows, and those without their start. */
  readonly byEnd: Map<string, Chosen[]>;
  readonly lateByEnd: Map<string, Chosen[]>;
}

/** A busy listener has many connections; more than these are not tried for one row. */
const MAX_CANDIDATES = 256;

function indexChosen(tables: readonly Connections[], chosen: (input: number, row: number) => boolean): Index {
  const index: Index = {
    byStartAndPorts: new Map(),
    byStart: new Map(),
    byEnd: new Map(),
    lateByEnd: new Map(),
  };
  for (const [input, table] of tables.entries()) {
    for (let row = 0; row < table.count; row++) {
      if (!chosen(input, row)) continue;
      const one = { input, row };
      for (const side of [0, 1]) {
        if (hasSide(table, row, side)) {
          add(index.byStartAndPorts, startAndPortsOf(table, row, side), one);
          add(index.byStart, startOf(table, row, side), one);
        }
        add(index.byEnd, endOf(table, row, side), one);
        if (!hasStart(table, row)) add(index.lateByEnd, endOf(table, row, side), one);
      }
    }
  }
  return index;
}

function add<Key>(index: Map<Key, Chosen[]>, key: Key, chosen: Chosen): void {
  const list = index.get(key);
  if (list === undefined) index.set(key, [chosen]);
  else if (list.length < MAX_CANDIDATES) list.push(chosen);
}

function startAndPortsOf(table: Connections, row: number, side: number): string {
  return `${startOf(table, row, side)} ${portOf(table, row, side)} ${portOf(table, row, 1 - side)}`;
}

/** A chosen row of another capture that may be the same connection. */
interface Found {
  readonly leader: Chosen;
  readonly side0: 0 | 1;
  readonly score: number;
}

/** By capture. */
function fitsOf(index: Index, tables: readonly Connections[], input: number, row: number): Map<number, Found[]> {
  const table = tables[input]!;
  const fits = new Map<number, Found[]>();
  const tried = new Set<Chosen>();
  const tryAll = (leaders: Iterable<Chosen>): void => {
    for (const leader of leaders) {
      if (leader.input === input || tried.has(leader)) continue;
      tried.add(leader);
      const fit = fitOf(tables[leader.input]!, leader.row, table, row);
      if (fit === null) continue;
      const found = fits.get(leader.input);
      if (found === undefined) fits.set(leader.input, [{ leader, ...fit }]);
      else found.push({ leader, ...fit });
    }
  };
  tryAll(samePorts(index, table, row));
  if (fits.size < tables.length - 1) tryAll(lessAlike(index, table, row));
  return fits;
}

/** What shows the start of a connection where no port is translated; few rows, also of a scan with one number. */
function* samePorts({ byStartAndPorts }: Index, table: Connections, row: number): Generator<Chosen> {
  for (const side of [0, 1]) {
    if (hasSide(table, row, side)) yield* byStartAndPorts.get(startAndPortsOf(table, row, side)) ?? [];
  }
}

function* lessAlike({ byStart, byEnd, lateByEnd }: Index, table: Connections, row: number): Generator<Chosen> {
  for (const side of [0, 1]) {
    if (hasSide(table, row, side)) yield* byStart.get(startOf(table, row, side)) ?? [];
  }
  // Both captures saw the start: then it was the same start, or it is another connection.
  const others = hasStart(table, row) ? lateByEnd : byEnd;
  for (const side of others.size === 0 ? [] : [0, 1]) yield* others.get(endOf(table, row, side)) ?? [];
}

/** By chosen row and capture: the row there that fits it best. */
type Claims = Map<Chosen, Map<number, Claim>>;

interface Claim {
  readonly ref: RowRef;
  readonly score: number;
  /** No other row of that capture fits as well. */
  readonly alone: boolean;
}

/** `found` are chosen rows of one capture, all of which the row fits. */
function claim(claims: Claims, found: Found[], input: number, row: number): void {
  found.sort((a, b) => b.score - a.score);
  const sameEnds = found.filter(({ score }) => score >= SAME_ENDS);
  if (sameEnds.length === 0 && found[1]?.score === found[0]!.score) return;
  for (const { leader, side0, score } of sameEnds.length === 0 ? found.slice(0, 1) : sameEnds) {
    const ofLeader = claims.get(leader) ?? new Map<number, Claim>();
    claims.set(leader, ofLeader);
    const before = ofLeader.get(input);
    if (before === undefined || before.score < score) {
      ofLeader.set(input, { ref: { input, row, side0 }, score, alone: true });
      return;
    }
    if (before.score === score && score < SAME_ENDS) ofLeader.set(input, { ...before, alone: false });
  }
}

/** A connection that is wanted in two captures was found from both. */
function withoutRepeats(groups: readonly (readonly RowRef[])[]): SharedRows[] {
  const taken = new Set<string>();
  const kept: SharedRows[] = [];
  for (const group of [...groups].sort((a, b) => b.length - a.length)) {
    const names = group.map(nameOfRow);
    if (names.some((name) => taken.has(name))) continue;
    for (const name of names) taken.add(name);
    const sorted = [...group].sort((a, b) => a.input - b.input);
    const flip = sorted[0]!.side0;
    kept.push(sorted.map((ref) => ({ ...ref, side0: (ref.side0 ^ flip) as 0 | 1 })));
  }
  return kept;
}
