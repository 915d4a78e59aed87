/** The table of the families that no judgement was made with. */
import type { Case } from './cases.ts';
import { rateCell, table } from './markdown.ts';
import { whoOutcomes, whyOutcomes } from './outcomes.ts';
import { asksWhy, isAbstained, isWrong, lineOf, summarize } from './summary.ts';

/** Each family's scenarios, by a word in their names. */
export const FAMILIES: readonly (readonly [string, string])[] = [
  ['the proxy stunnel', 'stunnel'],
  ['the injector hping3', 'hping'],
  ['a NAT without state', 'stateless-nat'],
];

export function renderHeldOut(cases: readonly Case[], recorded: string): string {
  const rows = FAMILIES.map(([title, word]) => ({ title: title as string, of: cases.filter(isNamed(word)) }))
    .concat({ title: 'all', of: [...cases] })
    .map(({ title, of }) => [
      title,
      String(of.length),
      rateCell(whoOutcomes(of)),
      rateCell(whyOutcomes(of.filter(asksWhy))),
      rateCell(whyOutcomes(of.filter((one) => !one.identifiable))),
      String(of.filter((one) => !isWrong(one) && isAbstained(one)).length),
      String(of.filter(isWrong).length),
    ]);
  return `## Families held out

No judgement was made with these ([why](../lab/held-out/README.md)), and they are in none of the other tables; ${recorded}.

    ${lineOf(summarize(cases))}

${table(['family', 'cases', 'who', 'why', 'group', 'abstained', 'wrong'], rows)}`;
}

function isNamed(word: string): (one: Case) => boolean {
  return ({ scenario }) => scenario.includes(word);
}
