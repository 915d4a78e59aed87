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

/** Lines of a ladder: at most 10 frames in 12 lines, chosen around the RST that ended the connection. */
export function toLadder(rows: readonly LadderRow[], rsts: readonly Rst[] = []): LadderLine[] {
  const marks = new Map(rsts.map((rst) => [rst.frame, rst]));
  for (let frames = Math.min(rows.length, MAX_LADDER_FRAMES); ; frames--) {
    const lines = toLines(rows, pickRows(rows, marks, frames), marks);
    if (lines.length <= MAX_LADDER_LINES || frames <= 1) return lines;
  }
}

function toLines(rows: readonly LadderRow[], shown: ReadonlySet<number>, rsts: ReadonlyMap<number, Rst>): LadderLine[] {
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
    const { frame, atMs, from, label, rst } = row;
    lines.push({ kind: 'frame', frame, atMs, from, label, rst, mark: toMark(rsts.get(frame)) });
  }
  if (packets > 0) lines.push({ kind: 'fold', packets });
  return lines;
}

/** The ending RST first, then the opening row, then what lies nearest to that RST: before it rather than after. */
function pickRows(rows: readonly LadderRow[], rsts: ReadonlyMap<number, Rst>, frames: number): Set<number> {
  let anchor = rows.findIndex(({ frame }) => rsts.get(frame)?.ended);
  if (anchor < 0) anchor = rows.findLastIndex(({ rst }) => rst);
  if (anchor < 0) anchor = rows.length - 1;
  const order = [...rows.keys()].sort((a, b) => distance(a, anchor) - distance(b, anchor));
  return new Set([anchor, 0, ...order].filter((index, at, all) => all.indexOf(index) === at).slice(0, frames));
}

function distance(index: number, anchor: number): number {
  return index <= anchor ? anchor - index : 2 * (index - anchor);
}

function toMark(rst: Rst | undefined): string {
  if (!rst) return '';
  if (rst.duplicateOf !== null) return `the same packet as #${rst.duplicateOf}`;
  const forged = rst.actor === 'middlebox' ? `not sent by the ${rst.from}` : '';
  const ending = rst.effect === 'unknown' ? 'may have ended the connection' : 'ended the connection';
  return [rst.ended ? ending : EFFECTS[rst.effect], forged].filter(Boolean).join(', ');
}

const EFFECTS: Readonly<Record<Rst['effect'], string>> = {
  accepted: 'accepted',
  challenged: 'answered by a challenge ACK',
  ignored: 'ignored by its receiver',
  unknown: '',
};
