/** Chooses the decisive packets of a connection and names them: what a ladder of it shows. */
import type { Side } from '../terms/actors.ts';
import { windowText } from '../causes/window-text.ts';
import type { ConnectionFacts } from '../evidence/facts.ts';
import type { Half } from '../flow/half.ts';
import { DUPLICATE, KEEP_ALIVE, OUT_OF_ORDER, RETRANSMISSION, ZERO_WINDOW, type Packet } from '../flow/packets.ts';
import type { Mark } from '../flow/marks.ts';
import { ACK, FIN, PSH, RST, SYN } from '../wire/tcp.ts';
import type { LadderRow } from './types.ts';

const MAX_ROWS = 24;

/** At most 24 rows; packets between them are counted in `folded`. `frames` are those that the evidence names. */
export function ladderRows(facts: ConnectionFacts, frames: ReadonlySet<number>): LadderRow[] {
  const { marks } = facts;
  const chosen = choose(marks, frames);
  const rows: LadderRow[] = [];
  /** By side of the row: its last window was 0. */
  const closed = [false, false];
  let folded = 0;
  for (const [index, mark] of marks.entries()) {
    folded += mark.missing;
    if (mark.missing > 0) closed.fill(false);
    const { packet } = mark;
    const peerClosed = closed[1 - packet.side]!;
    if (!(packet.flags & (RST | SYN))) closed[packet.side] = packet.window === 0;
    if (!chosen.has(index)) {
      folded++;
      continue;
    }
    const from: Side = packet.side === facts.clientSide ? 'client' : 'server';
    rows.push({
      frame: packet.frame,
      atMs: Math.round((packet.tNs - facts.firstNs) / 1e3) / 1e3,
      from,
      label: nameOf(mark, facts.half[from], peerClosed),
      folded,
      rst: (packet.flags & RST) !== 0,
    });
    folded = 0;
  }
  return rows;
}

/** `SYN`, `GET / HTTP/1.1 (78 B)`, `RST+ACK win 64256, timestamps`. */
function nameOf(mark: Mark, sender: Half, peerClosed: boolean): string {
  const { packet } = mark;
  const base = mark.label === '' ? flagNames(packet) : mark.label;
  const notes: string[] = [];
  if (packet.length > 0) notes.push(`${packet.length} B`);
  if (packet.notes & RETRANSMISSION) notes.push('retransmitted');
  // A closed window is probed with a byte beyond it (RFC 9293 §3.8.6.1); Linux sends the segment that keeps alive.
  if (peerClosed && (packet.notes & KEEP_ALIVE || packet.length === 1)) notes.push('zero-window probe');
  else if (packet.notes & KEEP_ALIVE) notes.push('keep-alive probe');
  if (packet.notes & OUT_OF_ORDER) notes.push('out of order');
  if (packet.notes & ZERO_WINDOW && !(packet.flags & RST)) notes.push('window full');
  if (packet.notes & DUPLICATE) notes.push('captured twice');
  if (packet.flags & RST) {
    notes.push(`win ${windowText(sender, packet)}`);
    if (packet.tsVal >= 0) notes.push('timestamps');
    else if (sender.timestamps && packet.flags & ACK) notes.push('no timestamps');
  }
  return notes.length === 0 ? base : `${base}  (${notes.join(', ')})`;
}

function choose(marks: readonly Mark[], frames: ReadonlySet<number>): Set<number> {
  const ranked: { readonly index: number; readonly rank: number }[] = [];
  for (let index = 0; index < marks.length; index++) {
    const rank = rankOf(marks, index, frames);
    if (rank > 0) ranked.push({ index, rank });
  }
  if (ranked.length > MAX_ROWS) ranked.sort((a, b) => b.rank - a.rank || b.index - a.index);
  const chosen = new Set<number>();
  for (let i = 0; i < ranked.length && i < MAX_ROWS; i++) chosen.add(ranked[i]!.index);
  return chosen;
}

function rankOf(marks: readonly Mark[], index: number, frames: ReadonlySet<number>): number {
  const { packet, label } = marks[index]!;
  if (frames.has(packet.frame)) return 9;
  if (packet.flags & RST) return 8;
  if (packet.flags & FIN) return 7;
  if (index === 0) return 7;
  if (label !== '') return label.startsWith('TLS') ? 4 : 6;
  if (packet.flags & SYN) return 5;
  const next = marks[index + 1]?.packet;
  if (packet.notes & (KEEP_ALIVE | ZERO_WINDOW)) return 4;
  if (packet.length > 0 && (next === undefined || next.side !== packet.side || next.flags & RST)) return 4;
  if (packet.notes & RETRANSMISSION) return 3;
  if (next !== undefined && next.flags & RST) return 3;
  return packet.length > 0 ? 1 : 0;
}

function flagNames(packet: Packet): string {
  const names: string[] = [];
  if (packet.flags & SYN) names.push('SYN');
  if (packet.flags & FIN) names.push('FIN');
  if (packet.flags & RST) names.push('RST');
  if (packet.flags & ACK && (names.length > 0 || packet.length === 0)) names.push('ACK');
  if (packet.length > 0 && names.length === 0) return packet.flags & PSH ? 'data' : 'data …';
  return names.length === 0 ? 'no flags' : names.join('+');
}
