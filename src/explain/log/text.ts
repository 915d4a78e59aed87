/** The log report for people: what the failures have in common first. Everything from a log passes `ink.safe`. */
import { clipColumns, padColumns, toParagraph } from '../../report/flow-text.ts';
import { type Ink, type InkOptions, type Paint, toInk } from '../../report/ink.ts';
import { RETRY_WORDS } from '../../report/words.ts';
import type { LogGroup, LogReport, Moment, Rate } from './define.ts';
import { explainedBefore } from './meaning.ts';
import * as words from './words.ts';

export interface LogTextOptions extends InkOptions {
  /** quiet: headline, groups and findings; full: all groups, causes, commands, events and moments. Default normal. */
  readonly detail?: 'quiet' | 'normal' | 'full';
}

const SOME_GROUPS = 6;
const SOME_NEARBY = 6;
const SOME_MOMENTS = 5;
const SOME_EPISODES = 6;
const SOME_CAUSES = 2;
const LABEL_COLUMNS = 9;
const BARS = [...'▁▂▃▄▅▆▇█'];

interface Page {
  readonly ink: Ink;
  readonly report: LogReport;
  readonly detail: 'quiet' | 'normal' | 'full';
  /** The number, or all where everything was asked for. */
  readonly most: (some: number) => number;
}

/** The whole report, final newline included. */
export function renderLogText(report: LogReport, options: LogTextOptions = {}): string {
  const ink = toInk(options);
  const { detail = 'normal' } = options;
  const page: Page = { ink, report, detail, most: (some) => (detail === 'full' ? Infinity : some) };
  const isQuiet = detail === 'quiet';
  const groups = report.groups.slice(0, isQuiet ? Infinity : page.most(SOME_GROUPS));
  const sections = [
    toParagraph(words.toHeadline(report), { width: ink.width, first: '', rest: '', paint: ink.style.strong }),
    isQuiet ? [] : renderTimeline(page),
    ...groups.map((group) => renderGroup(group, page)),
    renderRest(report.groups.slice(groups.length), page),
    isQuiet ? [] : renderNearby(page),
    isQuiet ? [] : renderNotes(page),
  ];
  const texts = sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => line.trimEnd()).join('\n'));
  return `${texts.join(isQuiet ? '\n' : '\n\n')}\n`;
}

function renderGroup(group: LogGroup, page: Page): string[] {
  const { ink, detail, report, most } = page;
  const name = toParagraph(ink.safe(`${words.toOrigin(report, group.input)}${words.toGroupTitle(group)}`), {
    width: ink.width,
    first: `${group.id} `,
    rest: '    ',
    paint: ink.style.alarm,
  });
  const title = [
    ...name,
    ...group.findings.flatMap((finding) => field('finding', words.toFinding(finding), ink, ink.style.strong)),
  ];
  if (detail === 'quiet') return title;
  const before = explainedBefore(group, report.groups);
  const advice = before
    ? field('why', `as ${before.id}, and the same advice`, ink)
    : [
        ...group.causes.slice(0, most(SOME_CAUSES)).flatMap(({ id, why }) => field('why', `${id}: ${why}`, ink)),
        ...field('retry', RETRY_WORDS[group.retry], ink),
      ];
  return [
    ...title,
    ...field('when', words.toTimes(group), ink),
    ...field('rate', group.count > 1 ? toRate(group.rate, ink) : '', ink),
    ...field(group.peerSide === 'remote' ? 'peer' : group.peerSide, words.toPeers(group), ink),
    ...field('what', group.what, ink),
    ...advice,
    ...group.next
      .slice(0, before && detail !== 'full' ? 0 : most(1))
      .flatMap(({ text, command }) => [
        ...field('next', text, ink, ink.style.remedy),
        `${' '.repeat(4 + LABEL_COLUMNS)}${ink.style.strong(ink.safe(command))}`,
      ]),
    `    ${ink.style.faint(`${padColumns('line', LABEL_COLUMNS)}${clip(group.example, 4 + LABEL_COLUMNS, ink)}`)}`,
  ];
}

function renderRest(rest: readonly LogGroup[], { report: { moreGroups, moreGroupLines }, ink }: Page): string[] {
  const count = rest.length + moreGroups;
  if (count === 0) return [];
  const lines = rest.reduce((sum, group) => sum + group.count, moreGroupLines);
  return [ink.style.faint(`and ${lines.toLocaleString('en-US')} failures of ${count} more kinds (-v shows them)`)];
}

function renderNearby(page: Page): string[] {
  const { ink, most, report } = page;
  const { nearby, moreNearby } = report;
  if (nearby.length === 0) return [];
  const shown = nearby.slice(0, most(SOME_NEARBY));
  return [
    ink.style.strong('Processes meanwhile'),
    ...shown.flatMap((one) => [
      ...toParagraph(ink.safe(`${words.toOrigin(report, one.input)}${words.toNearby(one)}`), {
        width: ink.width,
        first: '    ',
        rest: '        ',
      }),
      `      ${ink.style.faint(clip(one.example.trim(), 6, ink))}`,
    ]),
    ...andMore(nearby.length - shown.length + moreNearby, ink),
  ];
}

/** Of one log the rates tell as much; of several it is the point. */
function renderTimeline(page: Page): string[] {
  const { ink, most, detail, report } = page;
  const { timeline, moreMoments, inputs } = report;
  if (timeline.length === 0 || (inputs.length === 1 && detail !== 'full')) return [];
  const shown = (detail === 'full' ? timeline : words.toTelling(timeline)).slice(0, most(SOME_MOMENTS));
  return [
    ink.style.strong(inputs.length > 1 ? 'Together in more than one log' : 'Timeline'),
    ...shown.flatMap((moment) => renderMoment(moment, page)),
    ...andMore(timeline.length - shown.length + moreMoments, ink),
  ];
}

function renderMoment(moment: Moment, page: Page): string[] {
  const { ink, most, report } = page;
  const episodes = (page.detail === 'full' ? moment.episodes : words.toJoined(moment)).slice(0, most(SOME_EPISODES));
  const hidden = moment.episodes.length - episodes.length;
  return [
    ...toParagraph(ink.safe(words.toMomentTitle(moment)), { width: ink.width, first: '    ', rest: '        ' }),
    ...episodes.map((episode) => {
      return `      ${clip(`${words.toOrigin(report, episode.input)}${words.toEpisodeText(episode, moment)}`, 6, ink)}`;
    }),
    ...(hidden > 0 ? [`      ${ink.style.faint(`and ${hidden} more at this moment`)}`] : []),
  ];
}

/** A line of a log in one line of the page, `left` columns taken. */
function clip(text: string, left: number, ink: Ink): string {
  return clipColumns(ink.safe(text), ink.width - left, ink.glyphs.ellipsis);
}

function andMore(count: number, ink: Ink): string[] {
  return count > 0 ? [`    ${ink.style.faint(`and ${count} more`)}`] : [];
}

function renderNotes({ report: { inputs, notes }, ink }: Page): string[] {
  const margins = { width: ink.width, first: '', rest: '    ', paint: ink.style.faint };
  return [...inputs.map(words.toInputText), ...notes].flatMap((text) => toParagraph(ink.safe(text), margins));
}

/** A bar for each bucket, and the rate in words; words alone where there is only ASCII. */
function toRate(rate: Rate | null, ink: Ink): string {
  if (!rate) return '';
  const peak = rate.counts.reduce((most, count) => Math.max(most, count), 1);
  const said = words.toRate(rate);
  if (ink.glyphs.dot === '-' || rate.counts.length === 1 || peak === 1) return said;
  const bars = rate.counts.map((count) => (count === 0 ? '·' : BARS[Math.ceil((count / peak) * BARS.length) - 1]));
  return `${bars.join('')} ${said}`;
}

function field(label: string, text: string, ink: Ink, paint?: Paint): string[] {
  if (text === '') return [];
  const first = `    ${ink.style.faint(padColumns(label, LABEL_COLUMNS))}`;
  const lines = toParagraph(ink.safe(text), {
    width: ink.width - 4 - LABEL_COLUMNS,
    first: '',
    rest: '',
    ...(paint && { paint }),
  });
  return lines.map((line, at) => `${at === 0 ? first : ' '.repeat(4 + LABEL_COLUMNS)}${line}`);
}
