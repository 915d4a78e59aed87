/**
 * Layout of a connection's decisive frames: which rows are shown, how many packets lie between them, what a RST did.
 * Pure; the text and every later skin draw from it.
 */
import type { Side } from '../terms/actors.ts';
import type { LadderRow, Rst } from './types.ts';

/** Packets left out between two frames. */
export interface LadderFold {
  readonly kind: 'fold';
  readonly packets: number;
}

export interface LadderFrame {
  readonly kind: 'frame';
  readonly frame: number;
  /** With several captures: its frame in each of them, null where it was not seen. */
  readonly seen?: readonly (number | null)[];
  /** Milliseconds since the connection's first frame. */
  readonly atMs: number;
  readonly from: Side;
  readonly label: string;
  readonly rst: boolean;
  /** What became of a RST, in words; empty for other frames. */
  readonly mark: string;
}

export type LadderLine = LadderFold | LadderFrame;

export const MAX_LADDER_FRAMES = 10;
export const MAX_LADDER_LINES = 12;

/** A RST, and whether it came when the connection had ended already. */
type Timed = Rst & { readonly late: boolean };

/** Lines of a ladder: at most 10 frames in 12 lines, chosen around the RST that ended the connection. */
export function toLadder(
  rows: readonly LadderRow[],
  rsts: readonly Rst[] = [],
  late: ReadonlySet<number> = new Set(),
): LadderLine[] {
  const marks = rstByRow(rows, rsts, late);
  for (let frames = Math.min(rows.length, MAX_LADDER_FRAMES); ; frames--) {
    const lines = toLines(rows, pickRows(rows, marks, frames), marks);
    if (lines.length <= MAX_LADDER_LINES || frames <= 1) return lines;
  }
}

/** The RST of each row that is one; of several captures the one that is no copy. */
function rstByRow(rows: readonly LadderRow[], rsts: readonly Rst[], late: ReadonlySet<number>): Map<LadderRow, Timed> {
  const marks = new Map<LadderRow, Timed>();
  for (const row of rows) {
    const rst = rsts.find(
      ({ input, frame, sameAs }) =>
        sameAs === undefined && (row.seen === undefined ? row.frame === frame : row.seen[input] === frame),
    );
    if (rst !== undefined) marks.set(row, { ...rst, late: late.has(rst.frame) });
  }
  return marks;
}

function toLines(
  rows: readonly LadderRow[],
  shown: ReadonlySet<number>,
  rsts: ReadonlyMap<LadderRow, Timed>,
): LadderLine[] {
  const lines: LadderLine[] = [];
  let packets = 0;
  for (const [index, row] of rows.entries()) {
    packets += row.folded;
    if (!shown.has(index)) {
      packets += 1;
      continue;
    }
    if (packets > 0) lines.push({ kind: 'fold', packets });
    packets = 0;
    const { folded: _, ...frame } = row;
    lines.push({ kind: 'frame', ...frame, mark: toMark(rsts.get(row)) });
  }
  if (packets > 0) lines.push({ kind: 'fold', packets });
  return lines;
}

/** The ending RST first, then the opening row, then what lies nearest to that RST: before it rather than after. */
function pickRows(rows: readonly LadderRow[], rsts: ReadonlyMap<LadderRow, Rst>, frames: number): Set<number> {
  let anchor = rows.findIndex((row) => rsts.get(row)?.ended);
  if (anchor < 0) anchor = rows.findLastIndex(({ rst }) => rst);
  if (anchor < 0) anchor = rows.length - 1;
  const order = [...rows.keys()].sort((a, b) => distance(a, anchor) - distance(b, anchor));
  return new Set([anchor, 0, ...order].filter((index, at, all) => all.indexOf(index) === at).slice(0, frames));
}

function distance(index: number, anchor: number): number {
  return index <= anchor ? anchor - index : 2 * (index - anchor);
}

function toMark(rst: Timed | undefined): string {
  if (!rst) return '';
  if (rst.duplicateOf !== null) return `the same packet as #${rst.duplicateOf}`;
  const forged = rst.actor === 'middlebox' ? `not sent by the ${rst.from}` : '';
  const ending = rst.effect === 'unknown' ? 'may have ended the connection' : 'ended the connection';
  return [rst.ended ? ending : rst.late ? 'came after the end' : EFFECTS[rst.effect], forged]
    .filter(Boolean)
    .join(', ');
}

const EFFECTS: Readonly<Record<Rst['effect'], string>> = {
  accepted: 'accepted',
  challenged: 'answered by a challenge ACK',
  ignored: 'ignored by its receiver',
  unknown: '',
};
