/** The log report as Markdown for tickets: nothing that a log holds becomes markup. */
import { escapeText } from '../../report/escape.ts';
import { RETRY_WORDS } from '../../report/words.ts';
import type { LogGroup, LogReport } from './define.ts';
import { explainedBefore } from './meaning.ts';
import * as words from './words.ts';

const SOME_GROUPS = 20;
const SOME_NEARBY = 20;
const SOME_MOMENTS = 10;
const SOME_CAUSES = 4;
const SOME_STEPS = 3;

export interface LogMarkdownOptions {
  /** All groups, events and moments; else the first of each, the others counted. */
  readonly verbose?: boolean;
}

/** The whole report, final newline included. */
export function renderLogMarkdown(report: LogReport, { verbose = false }: LogMarkdownOptions = {}): string {
  const { inputs, groups, nearby, timeline } = report;
  const several = inputs.length > 1;
  const path = (input: number): string => words.toOrigin(report, input);
  const first = <Item>(items: readonly Item[], some: number): readonly Item[] =>
    items.slice(0, verbose ? Infinity : some);
  const rest = groups.slice(first(groups, SOME_GROUPS).length);
  const moments = several || verbose ? first(verbose ? timeline : words.toTelling(timeline), SOME_MOMENTS) : [];
  const sections = [
    `# ${plain(words.toHeadline(report))}`,
    section(
      several ? 'Together in more than one log' : 'Timeline',
      moments.map((moment) => {
        const episodes = (verbose ? moment.episodes : words.toJoined(moment)).map(
          (episode) => `  - ${plain(`${path(episode.input)}${words.toEpisodeText(episode, moment)}`)}`,
        );
        return [plain(words.toMomentTitle(moment)), ...episodes].join('\n');
      }),
      several || verbose ? timeline.length - moments.length + report.moreMoments : 0,
    ),
    ...first(groups, SOME_GROUPS).map((group) => toGroup(group, path(group.input), groups, verbose)),
    rest.length + report.moreGroups > 0
      ? `And ${rest.reduce((sum, { count }) => sum + count, report.moreGroupLines)} failures of ${rest.length + report.moreGroups} more kinds.`
      : '',
    section(
      'Processes meanwhile',
      first(nearby, SOME_NEARBY).map(
        (one) => `${plain(`${path(one.input)}${words.toNearby(one)}:`)} ${code(one.example)}`,
      ),
      nearby.length - first(nearby, SOME_NEARBY).length + report.moreNearby,
    ),
    section('What was read', [...inputs.map(words.toInputText), ...report.notes].map(plain), 0),
  ];
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

function toGroup(group: LogGroup, path: string, groups: readonly LogGroup[], verbose: boolean): string {
  const before = explainedBefore(group, groups);
  const items = [
    ...group.findings.map((finding) => `Finding: ${words.toFinding(finding)}`),
    words.toTimes(group),
    group.rate && group.count > 1 ? `Rate: ${words.toRate(group.rate)}` : '',
    group.peers.length > 0 ? `${PEER_WORDS[group.peerSide]}: ${words.toPeers(group)}` : '',
    group.what,
    ...(before
      ? [`Causes and retries: as ${before.id}.`]
      : [
          ...group.causes.slice(0, verbose ? Infinity : SOME_CAUSES).map(({ id, why }) => `Cause: ${id}, ${why}`),
          RETRY_WORDS[group.retry],
        ]),
  ];
  const list = [
    ...items.filter((item) => item !== '').map(plain),
    ...(before
      ? []
      : group.next
          .slice(0, verbose ? Infinity : SOME_STEPS)
          .map(({ text, command }) => `Next: ${plain(text)}: ${code(command)}`)),
    code(group.example),
  ];
  return [
    `## ${group.id} ${plain(`${path}${words.toGroupTitle(group)}`)}`,
    '',
    ...list.map((item) => `- ${item}`),
  ].join('\n');
}

const PEER_WORDS = { client: 'Clients', upstream: 'Upstreams', remote: 'Peers', none: 'Peers' } as const;

function section(title: string, items: readonly string[], more: number): string {
  if (items.length === 0) return '';
  const rest = more > 0 ? [`- and ${more} more`] : [];
  return [`## ${title}`, '', ...items.map((item) => `- ${item}`), ...rest].join('\n');
}

/** Every character that begins markup, as itself. */
function plain(text: string): string {
  return escapeText(text).replace(/[\\`*_[\]<>#|~!&]/g, (char) => `\\${char}`);
}

/** A code span fenced by more backticks than it holds. */
function code(text: string): string {
  const safe = escapeText(text);
  const longest = [...safe.matchAll(/`+/g)].reduce((most, [run]) => Math.max(most, run.length), 0);
  const fence = '`'.repeat(longest + 1);
  return `${fence} ${safe} ${fence}`;
}
