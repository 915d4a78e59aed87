/**
 * The report for people: the answer first, then who, what happened, each reset, what cannot be told.
 * Everything that comes from a capture passes through the ink's `safe`.
 */
import { groupBy } from './group-by.ts';
import type { Ink, InkOptions } from './ink.ts';
import { toInk } from './ink.ts';
import {
  type Detail,
  renderResetBlock,
  renderResetLines,
  renderSilenceBlock,
  renderSilenceLines,
} from './text-reset.ts';
import { renderStories } from './text-story.ts';
import { renderInputs, renderSenders, renderVerdict } from './text-summary.ts';
import { toCount } from './words.ts';
import type { Report, Reset, Silence, Story } from './types.ts';

export interface TextOptions extends InkOptions {
  /**
   * quiet: verdict and senders. brief: each reset in a few lines, who, why, cost and the first remedy. normal: the
   * first of each story whole, the others a line each. full: every reset whole. all: with every piece of evidence.
   * Default normal.
   */
  readonly detail?: 'quiet' | 'brief' | 'normal' | 'full' | 'all';
}

/** Addresses in the table of senders before the rest is only counted. */
const SENDER_LINES = 10;
/** Stories whose first reset is shown whole by default. */
const WHOLE_BLOCKS = 5;
/** One-line resets behind a whole one, and behind all of them, before the rest is only counted. */
const BRIEF_LINES = 5;
const LAST_LINES = 12;

/** The whole report as text, final newline included. */
export function renderText(report: Report, options: TextOptions = {}): string {
  const ink = toInk(options);
  const detail = options.detail ?? 'normal';
  const most = detail === 'full' || detail === 'all' ? Infinity : SENDER_LINES;
  if (detail === 'brief') return page(renderEach(report, ink));
  const sections = [renderVerdict(report, ink), renderSenders(report, ink, most)];
  if (detail !== 'quiet') {
    sections.push(renderStories(report.stories, ink), renderInputs(report.inputs, ink));
    const showing = { detail, ink, inputs: report.inputs };
    sections.push(...renderResets(report, showing), ...renderSilences(report.silences, showing));
  }
  return page(sections);
}

/** Sections with a blank line between them. */
function page(sections: readonly (readonly string[])[]): string {
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => line.trimEnd()).join('\n'))
    .join('\n\n')}\n`;
}

function renderEach(report: Report, ink: Ink): string[][] {
  return [
    ...report.resets.map((reset) => renderResetBlock(reset, 'brief', report.inputs, ink)),
    ...report.silences.map((silence) => renderSilenceBlock(silence, 'brief', report.inputs, ink)),
  ];
}

interface Showing {
  readonly detail: 'normal' | 'full' | 'all';
  readonly ink: Ink;
  readonly inputs: Report['inputs'];
}

function renderResets(report: Report, showing: Showing): string[][] {
  const { detail, ink, inputs } = showing;
  const toBlock = (reset: Reset): string[] => renderResetBlock(reset, detail === 'all' ? 'all' : 'some', inputs, ink);
  if (detail !== 'normal') return report.resets.map(toBlock);
  const groups = toGroups(report.resets, report.stories);
  const toLines = (reset: Reset): string[] => renderResetLines(reset, ink);
  return [
    ...groups
      .slice(0, WHOLE_BLOCKS)
      .flatMap(([first, ...others]) => [first ? toBlock(first) : [], renderBrief(others, toLines, BRIEF_LINES, ink)]),
    renderBrief(groups.slice(WHOLE_BLOCKS).flat(), toLines, LAST_LINES, ink),
  ];
}

function renderSilences(silences: readonly Silence[], showing: Showing): string[][] {
  if (silences.length === 0) return [];
  const { detail, ink, inputs } = showing;
  const level: Detail = detail === 'all' ? 'all' : 'some';
  const whole = detail === 'normal' ? toFirsts(silences) : silences;
  const brief = silences.filter((silence) => !whole.includes(silence));
  const heading = ink.style.strong('Silent, without any RST');
  const blocks = whole.map((silence) => renderSilenceBlock(silence, level, inputs, ink));
  return [[heading], ...blocks, renderBrief(brief, (silence) => renderSilenceLines(silence, ink), LAST_LINES, ink)];
}

/** Resets by story, in the order of the stories; what no story tells follows by cause. */
function toGroups(resets: readonly Reset[], stories: readonly Story[]): Reset[][] {
  const rest = new Map(resets.map((reset) => [reset.id, reset]));
  const take = (ids: Iterable<string>): Reset[] =>
    [...ids].flatMap((id) => {
      const reset = rest.get(id);
      rest.delete(id);
      return reset ? [reset] : [];
    });
  const told = stories.map((story) => take(story.resets));
  const untold = groupBy(rest.values(), ({ cause, sender }) => `${cause.id} ${sender.side}`);
  return [...told, ...untold.values()].filter((group) => group.length > 0);
}

function toFirsts(silences: readonly Silence[]): Silence[] {
  const seen = new Set<string>();
  return silences.filter(({ cause }) => !seen.has(cause.id) && seen.add(cause.id));
}

function renderBrief<Item>(
  items: readonly Item[],
  toLines: (item: Item) => string[],
  most: number,
  ink: Ink,
): string[] {
  if (items.length === 0) return [];
  const left = items.length - most;
  const hint =
    left > 0 ? `${toCount(left, 'more', 'more')} like these; -v shows each one whole.` : '-v shows each one whole.';
  const shown = items.slice(0, most).flatMap(toLines);
  return [...shown, `    ${ink.style.faint(hint)}`];
}
