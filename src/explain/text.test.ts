import { describe, expect, it } from 'vitest';
import { CAUSES, SILENCES } from '../causes/list.ts';
import { toColumns } from '../report/flow-text.ts';
import { explain } from './explain.ts';
import { PATTERNS } from './patterns/list.ts';
import { renderCause, renderExplanation, renderTopic } from './text.ts';
import { TOPICS } from './topics.ts';

const render = (text: string, options = {}): string => {
  const found = explain(text);
  return found.recognised ? renderExplanation(found, options) : '';
};

describe('renderExplanation', () => {
  it('answers in its first line, and says who, why, whether to retry and what to run', () => {
    const [headline, ...lines] = render('Error: connect ECONNREFUSED 10.0.0.5:443').split('\n');
    expect(headline).toBe('Refused: a RST answered the SYN  while connecting');
    const labels = lines.map((line) => /^ {4}(\w+) /.exec(line)?.[1]).filter(Boolean);
    expect(labels).toEqual(['what', 'doubt', 'cleared', 'retry', 'why', 'next', 'certain', 'pattern']);
    expect(lines.join('\n')).toContain("ss -ltnp 'sport = :443'");
  });

  it('fits a screen, and hides nothing under -v', () => {
    for (const { example } of PATTERNS)
      expect(render(example, { width: 100 }).split('\n').length).toBeLessThanOrEqual(40);
    const all = render('read ECONNRESET', { verbose: true });
    expect(all).toContain('injected');
    expect(render('read ECONNRESET')).not.toContain('injected');
    expect(all).not.toContain('-v shows');
  });

  it('keeps to the width, commands aside', () => {
    for (const { example } of PATTERNS.slice(0, 40)) {
      const wide = render(example, { width: 72 })
        .split('\n')
        .filter((line) => toColumns(line) > 72);
      expect(wide.filter((line) => !/^ {14}\S/.test(line))).toEqual([]);
    }
  });

  it('escapes what the line brings', () => {
    const text = render('\u001b[31mread ECONNRESET\u202e from \u0007');
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{C}/u);
    expect(text).toContain('\\x1b[31m');
    expect(render('read ECONNRESET', { ascii: true })).toMatch(/^[\x20-\x7e\n]*$/);
  });
});

describe('renderCause and renderTopic', () => {
  it('show every cause and topic in plain text', () => {
    for (const cause of [...Object.values(CAUSES), ...Object.values(SILENCES)])
      expect(renderCause(cause, { ascii: true })).toMatch(new RegExp(`^${cause.id}: [\\x20-\\x7e\\n]+$`));
    for (const topic of TOPICS) expect(renderTopic(topic).startsWith(`${topic.title}\n\n`)).toBe(true);
  });
});
