import { describe, expect, it } from 'vitest';
import { stray } from './stray.ts';
import { fires, half, resetCase, resetFacts } from './testing/facts.ts';

describe('stray', () => {
  const lone = { half: { client: half(), server: half() } };

  it('fires when the capture shows nothing but RSTs, and asks for an earlier capture', () => {
    const judged = fires(stray, stray.judge(resetCase(resetFacts(lone), 'passive-answer')));
    expect(judged).toMatchObject({
      weight: 0.9,
      level: 'possible',
      wouldTell: expect.stringContaining('begins earlier'),
    });
  });
  it('stays quiet when either side was seen before or after the RST', () => {
    expect(
      stray.judge(resetCase(resetFacts({ half: { client: half(), server: half({ packets: 1 }) } }), 'unknown')).outcome,
    ).toBe('no');
    expect(
      stray.judge(resetCase(resetFacts({ ...lone, rst: { after: { fromReceiver: 1 } } }), 'unknown')).outcome,
    ).toBe('no');
  });
});
