/** The ladder of a connection that several captures show: each packet once, with its frame in every capture that has it. */
import type { ConnectionFacts } from '../evidence/facts.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { Mark } from '../flow/marks.ts';
import type { Shared } from '../vantage/joined.ts';
import { nameOfSegment } from '../vantage/same-packet.ts';
import { ladderRows } from './ladder-rows.ts';
import type { Captures } from './joint-report.ts';
import { clientSideOf, fromClient } from './joint-views.ts';
import type { LadderRow } from './types.ts';

interface Merged {
  readonly mark: Mark;
  readonly atNs: number;
  /** Frame by input. */
  readonly seen: (number | null)[];
}

/** Copies of one packet lie no further apart; a retransmission may. */
const SAME_NS = 150e6;

export function jointLadder(
  group: Shared,
  facts: ConnectionFacts,
  evidence: readonly Evidence[],
  captures: Captures,
): LadderRow[] {
  const merged = merge(group, facts, captures);
  const firstNs = merged[0]?.atNs ?? 0;
  const frames = new Set<number>();
  for (const { input, frame } of evidence.flatMap((one) => one.frames)) {
    const index = merged.findIndex(({ seen }) => seen[input] === frame);
    if (index >= 0) frames.add(index + 1);
  }
  const clientSide = clientSideOf(group, facts) as 0 | 1;
  const marks = merged.map(({ mark, atNs }, index): Mark => ({
    ...mark,
    packet: { ...mark.packet, frame: index + 1, tNs: atNs },
  }));
  return ladderRows({ ...facts, clientSide, firstNs, marks }, frames).map((row) => {
    const { seen } = merged[row.frame - 1]!;
    return { ...row, frame: seen.find((frame) => frame !== null)!, seen };
  });
}

/** In the order of the common clock; without one, the packets of the capture that is judged. */
function merge(group: Shared, facts: ConnectionFacts, { list, kept }: Captures): Merged[] {
  const common = group.vantage?.common ?? ((_: number, ns: number): number => ns);
  const sightings =
    group.vantage === null ? group.sightings.filter(({ input }) => input === facts.input) : fromClient(group, facts);
  const merged: Merged[] = [];
  const open = new Map<string, Merged[]>();
  for (const { input, row, side0 } of sightings) {
    for (const own of kept[input]!.get(row)!.marks) {
      const mark: Mark = { ...own, packet: { ...own.packet, side: own.packet.side ^ side0 } };
      const atNs = common(input, mark.packet.tNs);
      const name = nameOfSegment(mark.packet);
      const known = open.get(name) ?? [];
      open.set(name, known);
      const same = known.find((one) => one.seen[input] === null && Math.abs(one.atNs - atNs) < SAME_NS);
      if (same !== undefined) {
        same.seen[input] = mark.packet.frame;
        continue;
      }
      const seen: (number | null)[] = list.map(() => null);
      seen[input] = mark.packet.frame;
      const one = { mark, atNs, seen };
      known.push(one);
      merged.push(one);
    }
  }
  return merged.sort((a, b) => a.atNs - b.atNs);
}
