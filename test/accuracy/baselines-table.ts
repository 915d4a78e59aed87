/** firsthand beside three simpler ways to name the sender, on the same resets. */
import type { Actor } from '../../src/terms/actors.ts';
import type { Case } from './cases.ts';
import { matrix, rateCell, table } from './markdown.ts';
import type { Outcome } from './statistics.ts';

interface Contender {
  readonly name: string;
  readonly actor: (one: Case) => Actor;
}

const CONTENDERS: readonly Contender[] = [
  { name: 'firsthand', actor: ({ said }) => actorIn(said.who) },
  { name: 'source address', actor: ({ baselines }) => baselines?.sourceAddress ?? 'unknown' },
  { name: 'Weaver’s detectors', actor: ({ baselines }) => baselines?.weaver ?? 'unknown' },
  { name: 'TTL difference', actor: ({ baselines }) => baselines?.ttl ?? 'unknown' },
];

/** The section; `cases` are those whose bytes name the sender. */
export function renderBaselines(cases: readonly Case[]): string {
  const ofEndpoints = cases.filter(({ truth }) => actorIn(truth.who) === 'endpoint');
  const ofMiddleboxes = cases.filter(({ truth }) => actorIn(truth.who) === 'middlebox');
  const rows = CONTENDERS.map(({ name, actor }) => {
    const hits = (of: readonly Case[]): Outcome[] =>
      of.map((one) => ({ cluster: one.scenario, right: actor(one) === actorIn(one.truth.who) }));
    const accused = ofEndpoints.filter((one) => actor(one) === 'middlebox').length;
    return [name, rateCell(hits(cases)), rateCell(hits(ofMiddleboxes)), rateCell(hits(ofEndpoints)), String(accused)];
  });
  const head = ['', 'who is right', 'middleboxes found', 'endpoints found', 'endpoints called a middlebox'];
  return `## Beside simpler methods

On the same resets, those whose bytes name the sender. *Source address*: whoever's address the first RST bears sent it. *Weaver's
detectors* (Weaver, Sommer, Paxson, NDSS 2009: RST_SEQ_DATA, DATA_SEQ_RST, RST_SEQ_CHANGE, RST_ACK_CHANGE, SYN_RST): a RST that
one matches is injected, any other is the endpoint's. *TTL difference*: a RST whose TTL none of the sender's other packets has
is a middlebox's. None of the three says why.

${table(head, rows)}

${CONTENDERS.map(
  ({ name, actor }) =>
    `### Who: ${name}\n\n${matrix(
      'true actor',
      cases.map((one) => [actorIn(one.truth.who), actor(one)]),
    )}`,
).join('\n\n')}`;
}

function actorIn(who: Case['truth']['who']): Actor {
  return (who?.split(' ')[1] ?? 'unknown') as Actor;
}
