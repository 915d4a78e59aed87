/** The scenarios as a table: what there is, what it needs and where it is captured. */
import { CAUSES, SILENCES } from '../src/causes/list.ts';
import { padColumns, toParagraph } from '../src/report/flow-text.ts';
import type { Style } from '../src/report/ink.ts';
import { LOOPBACK, NAMESPACES, pointsOf } from './scenario.ts';
import type { Scenario } from './scenario.ts';

const NAME_COLUMNS = 28;

/** Every scenario under its cause. */
export function renderList(scenarios: readonly Scenario[], width: number, style: Style): string {
  const causes = [...new Set(scenarios.map(({ cause }) => cause))];
  const blocks = causes.map((cause) => {
    const { title } = { ...CAUSES, ...SILENCES }[cause];
    const head = toParagraph(`${cause}  ${title}`, { width, first: '', rest: '  ', paint: style.strong });
    const own = scenarios.filter((scenario) => scenario.cause === cause);
    return [...head, ...own.flatMap((scenario) => renderRow(scenario, width, style))].join('\n');
  });
  const legend = [
    `${scenarios.length} scenarios of ${causes.length} causes. ≠ is a near miss: it looks alike, and the cause must not be named.`,
    'Under each title: where it happens, where it is captured, and the programs that it takes besides tcpdump. Loopback is one of its own, not this machine’s; namespaces are a client, a router and a server inside this machine, each with a network of its own.',
    'Show one: firsthand lab CAUSE or firsthand lab CAUSE/NAME. As root it is made live, without root the recording that comes with firsthand is shown.',
  ];
  const foot = legend.flatMap((text) => toParagraph(text, { width, first: '', rest: '  ' }));
  return `${blocks.join('\n\n')}\n\n${foot.join('\n')}\n`;
}

function renderRow(scenario: Scenario, width: number, style: Style): string[] {
  const sign = scenario.kind === 'fires' ? ' ' : '≠';
  const name = scenario.id.slice(scenario.cause.length + 1);
  const first = `${sign} ${padColumns(name, NAME_COLUMNS)} `;
  const margins = { width, rest: ' '.repeat(NAME_COLUMNS + 3) };
  const common = scenario.where === 'loopback' ? LOOPBACK : NAMESPACES;
  const programs = scenario.needs.filter((need) => !common.includes(need));
  const points = pointsOf(scenario);
  const where = scenario.where === 'loopback' ? points[0]! : `namespaces, at ${points.join(' and ')}`;
  return [
    ...toParagraph(scenario.title, { ...margins, first }),
    ...toParagraph([where, ...programs].join(', '), { ...margins, first: margins.rest, paint: style.faint }),
  ];
}
