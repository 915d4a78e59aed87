/** A reset as it happens: the time, the headline, what it cost. */
import { toParagraph } from './flow-text.ts';
import type { Ink } from './ink.ts';
import { renderResetLines } from './text-reset.ts';
import { IMPACT_WORDS, RETRY_WORDS } from './words.ts';
import type { Reset } from './types.ts';

/** A few lines, UTC in front, each within the ink's width. */
export function renderLiveReset(reset: Reset, ink: Ink): string[] {
  const rst = reset.rsts.find(({ ended }) => ended) ?? reset.rsts[0];
  const time = ink.safe(`${(rst?.at ?? reset.connection.openedAt).slice(11, 23)}Z`);
  const rest = ' '.repeat(time.length + 2);
  const lines = renderResetLines(reset, { ...ink, width: ink.width - rest.length });
  const cost = `${IMPACT_WORDS[reset.impact]} ${RETRY_WORDS[reset.retry]}`;
  const margin = `${rest}    `;
  return [
    ...lines.map((line, at) => (at === 0 ? `${ink.style.faint(time)}  ` : rest) + line),
    ...toParagraph(cost, { width: ink.width, first: margin, rest: margin, paint: ink.style.faint }),
  ];
}
