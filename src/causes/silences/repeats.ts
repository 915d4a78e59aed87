/** The unanswered packets at the end of a silence, as far as the capture kept them. */
import type { SilenceFacts } from '../../evidence/facts.ts';
import { survived } from '../../evidence/listener-rows.ts';
import { keyOf } from '../../evidence/population.ts';
import type { Mark } from '../../flow/marks.ts';
import { DUPLICATE, KEEP_ALIVE, RETRANSMISSION } from '../../flow/packets.ts';
import { lastNsOf } from '../../flow/table.ts';
import { FIN, SYN } from '../../wire/tcp.ts';
import type { SilenceCase } from '../define.ts';
import { lasting } from '../telling.ts';

/** The connection carried something before it fell silent. */
export function worked(facts: SilenceFacts): boolean {
  return facts.handshakeDone || (facts.bytes.client > 0 && facts.bytes.server > 0);
}

/** Frame of the packet that broke the quiet: the first that its peer, last heard before it, should have answered. */
export function firstUnanswered(facts: SilenceFacts): number[] {
  const first = unheard(facts).find(
    ({ packet: { length, flags, notes } }) =>
      length > 0 || (flags & (SYN | FIN)) !== 0 || (notes & (RETRANSMISSION | KEEP_ALIVE)) !== 0,
  );
  return first === undefined ? [] : [first.packet.frame];
}

/** Repeats of the side that is not answered, after its peer was last heard. */
export function repeatsOf(facts: SilenceFacts): readonly Mark[] {
  return unheard(facts).filter(({ packet }) => (packet.notes & (RETRANSMISSION | KEEP_ALIVE)) !== 0);
}

function unheard(facts: SilenceFacts): readonly Mark[] {
  const marks = facts.marks.filter(({ packet }) => (packet.notes & DUPLICATE) === 0);
  const side = marks.at(-1)?.packet.side;
  const lastHeard = marks.findLastIndex(({ packet }) => packet.side !== side);
  return marks.slice(lastHeard + 1);
}

export function repeatFrames(facts: SilenceFacts): number[] {
  return repeatsOf(facts).map(({ packet }) => packet.frame);
}

/** How many other connections of the same listener carried on after this one fell silent: its host was up. */
export function aliveMeanwhile({ facts, population }: SilenceCase): number {
  const { columns } = population;
  if (columns === undefined || facts.unanswered !== 'client') return 0;
  const sinceNs = facts.lastNs - facts.tryingMs * 1e6;
  let alive = 0;
  for (const row of columns.rows.of(keyOf(facts))) {
    if (row !== facts.row && survived(columns.table, row) && lastNsOf(columns.table, row) > sinceNs) alive++;
  }
  return alive;
}

/** `, pauses growing from 0.2 s to 6.4 s` as a retransmission timer backs off; empty when they do not grow. */
export function growingPauses(facts: SilenceFacts): string {
  const times = repeatsOf(facts).map(({ packet }) => packet.tNs);
  const pauses = times.slice(1).map((ns, i) => (ns - times[i]!) / 1e6);
  const first = pauses[0];
  const last = pauses.at(-1);
  if (first === undefined || last === undefined || last < first * 1.5) return '';
  return `, the pauses growing from ${lasting(first)} to ${lasting(last)}`;
}
