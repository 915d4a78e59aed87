/** A silence that several captures show: where along the path the unanswered segments stopped. */
import type { Evidence } from '../evidence/evidence.ts';
import type { Shared } from '../vantage/joined.ts';
import { nameOfSegment } from '../vantage/same-packet.ts';
import type { JudgedSilence } from './build.ts';
import { jointLadder } from './joint-ladder.ts';
import type { Captures } from './joint-report.ts';
import { clientSideOf, viewsOf } from './joint-views.ts';

export function jointSilence(judged: JudgedSilence, group: Shared, captures: Captures): JudgedSilence {
  const { facts, silence } = judged;
  const lost = lostBetween(judged, group, captures);
  const evidence = lost === null ? silence.evidence : [lost, ...silence.evidence];
  return {
    ...judged,
    silence: {
      ...silence,
      connection: { ...silence.connection, views: viewsOf(group, facts, captures) },
      evidence,
      ladder: jointLadder(group, facts, evidence, captures),
    },
  };
}

/** The last segment of the side that was not answered: how far along the path it was seen. */
function lostBetween({ facts }: JudgedSilence, group: Shared, { nameOf }: Captures): Evidence | null {
  const { vantage } = group;
  if (vantage === null) return null;
  const client = clientSideOf(group, facts);
  const side = facts.unanswered === 'client' ? client : 1 - client;
  const along = side === 0 ? vantage.path : [...vantage.path].reverse();
  const [first] = along;
  const last = first!.packets.findLast((packet) => packet.side === side);
  if (last === undefined) return null;
  const name = nameOfSegment(last);
  const atNs = vantage.common(first!.input, last.tNs);
  const frames = [{ input: first!.input, frame: last.frame }];
  let before = first!;
  for (const next of along.slice(1)) {
    const there = next.packets.findLast((packet) => nameOfSegment(packet) === name);
    if (there === undefined) {
      if (vantage.covers(next.input, atNs) !== 'yes') return null;
      return {
        fact: 'lost-between',
        frames,
        expected: `the same segment in ${nameOf(next.input)}`,
        received: 'nothing of it there, though that capture ran',
        text: `what the ${facts.unanswered} sent last was lost between the places of ${nameOf(before.input)} and ${nameOf(next.input)}`,
      };
    }
    frames.push({ input: next.input, frame: there.frame });
    before = next;
  }
  return {
    fact: 'arrived-unanswered',
    frames,
    text: `what the ${facts.unanswered} sent last arrived as far as ${nameOf(before.input)}, and nothing came back from behind it`,
  };
}
