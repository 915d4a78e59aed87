/** A reset that several captures show: judged in the one that lies nearest to its sender, proved by the others. */
import { judgeOrigin } from '../causes/origin.ts';
import { who } from '../causes/telling.ts';
import type { ResetFacts } from '../evidence/facts.ts';
import type { Population } from '../evidence/population.ts';
import type { RstRecord } from '../flow/rst-record.ts';
import type { Shared } from '../vantage/joined.ts';
import { passagesOf, type Passage } from '../vantage/passages.ts';
import { nameOfSegment } from '../vantage/same-packet.ts';
import type { Sighting } from '../vantage/sighting.ts';
import { buildReset, type JudgedReset } from './build.ts';
import { jointLadder } from './joint-ladder.ts';
import type { Captures } from './joint-report.ts';
import { translation, viewsOf } from './joint-views.ts';
import type { Evidence, Rst } from './types.ts';

/** `facts` are those of each capture that shows a RST of the connection. */
export function jointReset(
  id: string,
  group: Shared,
  facts: readonly ResetFacts[],
  populations: readonly Population[],
  captures: Captures,
): JudgedReset {
  const passages = group.vantage === null ? [] : passagesOf(group.vantage);
  const own = primaryOf(facts, passages);
  borrowWitness(own, facts);
  const sightingOf = (one: ResetFacts): Sighting => group.sightings.find(({ input }) => input === one.input)!;
  const judged = facts.map((one) => {
    const elsewhere = (base: Parameters<typeof judgeOrigin>[0], rst: RstRecord): typeof base => {
      const passage = passageOf(passages, one.input, rst.packet.frame);
      return passage === undefined
        ? base
        : judgeOrigin(base, rst, {
            origin: passage.origin,
            arrived: passage.arrived,
            seen: passage.seen.map(({ input, rst: { packet } }) => ({ input, frame: packet.frame })),
            ...namesOf(one, sightingOf(one), passage),
            nameOf: captures.nameOf,
          });
    };
    return buildReset(id, one, populations[one.input]!, elsewhere);
  });
  const main = judged.find((one) => one.facts === own)!;
  const rsts = judged.flatMap(({ reset, facts: { input } }) =>
    reset.rsts.map((rst) => asCopy(rst, passageOf(passages, input, rst.frame))),
  );
  const { reset } = main;
  const evidence = [
    ...reset.evidence.filter(({ fact }) => BY_PLACE.has(fact)),
    ...otherEnd(passages, own, captures),
    ...translation(group, own, captures),
    ...reset.evidence.filter(({ fact }) => !BY_PLACE.has(fact)),
  ];
  return {
    ...main,
    reset: {
      ...reset,
      connection: { ...reset.connection, views: viewsOf(group, own, captures) },
      rsts,
      ...moreOf(judged),
      evidence,
      ladder: jointLadder(group, own, evidence, captures),
    },
  };
}

/** What the places prove stands before what one capture lets one guess. */
const BY_PLACE: ReadonlySet<string> = new Set(['seen-leaving', 'never-left-its-host', 'trigger-never-arrived']);

/** The capture nearest to the sender of the RST that ended the connection first; without places the first capture. */
function primaryOf(facts: readonly ResetFacts[], passages: readonly Passage[]): ResetFacts {
  for (const { seen } of passages) {
    for (const { input, rst } of seen) {
      const own = facts.find((one) => isRstOf(one, input, rst.packet.frame));
      if (own !== undefined) return own;
    }
  }
  return facts[0]!;
}

/**
 * What a host says of a reset is joined to a capture by time, so to the one whose clock is that host's. It is of the same
 * RST wherever that was seen.
 */
function borrowWitness(own: ResetFacts, facts: readonly ResetFacts[]): void {
  if (settles(own)) return;
  const name = nameOfRst(own);
  const same = facts.filter((one) => one.sender === own.sender && nameOfRst(one) === name);
  const { witness } = same.find(settles) ?? own;
  if (witness !== undefined) own.witness = witness;
}

/** Captures number the sides each in its own way. */
function nameOfRst({ rst: { packet } }: ResetFacts): string {
  return nameOfSegment({ ...packet, side: 0 });
}

function settles({ witness }: ResetFacts): boolean {
  return witness !== undefined && (witness.sent !== null || witness.letGo !== null || witness.death !== null);
}

function isRstOf(facts: ResetFacts, input: number, frame: number): boolean {
  return facts.input === input && facts.rst.packet.frame === frame;
}

function passageOf(passages: readonly Passage[], input: number, frame: number): Passage | undefined {
  return passages.find(({ seen }) => seen.some((one) => one.input === input && one.rst.packet.frame === frame));
}

/** Sides of the group are told apart by number; each capture knows which of them is the client. */
function namesOf(facts: ResetFacts, { side0 }: Sighting, { side }: Passage): { sideText: string; peerText: string } {
  const isClient = (side ^ side0) === facts.clientSide;
  return {
    sideText: who(facts, isClient ? 'client' : 'server'),
    peerText: who(facts, isClient ? 'server' : 'client'),
  };
}

/** Both ends were reset, each in the name of the other, and neither RST left the host that it names. */
function otherEnd(passages: readonly Passage[], own: ResetFacts, { nameOf }: Captures): Evidence[] {
  const main = passageOf(passages, own.input, own.rst.packet.frame);
  if (main?.origin.kind !== 'between') return [];
  const other = passages.find(({ side, origin }) => side !== main.side && origin.kind === 'between' && origin.sure);
  if (other === undefined || other.origin.kind !== 'between') return [];
  const { receiver } = own;
  return [
    {
      fact: 'both-ends-reset',
      frames: other.seen.map(({ input, rst: { packet } }) => ({ input, frame: packet.frame })),
      text: `the other end was reset as well, in the ${receiver}’s name, and ${nameOf(other.origin.without)} shows that the ${receiver} did not send that one either: each end accuses the other, and neither did it`,
    },
  ];
}

/** A RST is listed for every capture that shows it; but the one nearest to its sender, the others are copies. */
function asCopy(rst: Rst, passage: Passage | undefined): Rst {
  const first = passage?.seen[0];
  if (first === undefined || first.input === rst.input) return rst;
  return { ...rst, ended: false, sameAs: { input: first.input, frame: first.rst.packet.frame } };
}

function moreOf(judged: readonly JudgedReset[]): { moreRsts?: number } {
  const more = judged.reduce((sum, { reset }) => sum + (reset.moreRsts ?? 0), 0);
  return more === 0 ? {} : { moreRsts: more };
}
