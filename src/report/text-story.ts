/** Stories: what happened, a sentence each, and what sets these connections apart from those that survived. */
import { toParagraph } from './flow-text.ts';
import type { Ink } from './ink.ts';
import { toCount } from './words.ts';
import type { Story } from './types.ts';

/** Ids named in a story before the rest is only counted. */
const NAMED_IDS = 4;
const SHOWN_STORIES = 8;

export function renderStories(stories: readonly Story[], ink: Ink): string[] {
  if (stories.length === 0) return [];
  const lines = stories.slice(0, SHOWN_STORIES).flatMap((story) => renderStory(story, ink));
  const left = stories.length - SHOWN_STORIES;
  if (left > 0)
    lines.push(ink.style.faint(`  ${ink.glyphs.ellipsis} and ${toCount(left, 'smaller story', 'smaller stories')}`));
  return [ink.style.strong('What happened'), ...lines];
}

function renderStory(story: Story, ink: Ink): string[] {
  const { bullet, dot } = ink.glyphs;
  const title = `${ink.safe(story.title)} (${toIds(story.resets, ink)})`;
  return [
    ...toParagraph(title, { width: ink.width, first: `  ${bullet} `, rest: '    ' }),
    ...story.contrast.flatMap((line) =>
      toParagraph(ink.safe(line), { width: ink.width, first: `    ${dot} `, rest: '      ', paint: ink.style.faint }),
    ),
  ];
}

function toIds(ids: readonly string[], ink: Ink): string {
  const named = ids.slice(0, NAMED_IDS).map((id) => ink.safe(id));
  const left = ids.length - named.length;
  return left > 0 ? `${named.join(', ')} and ${left.toLocaleString('en-US')} more` : named.join(', ');
}
