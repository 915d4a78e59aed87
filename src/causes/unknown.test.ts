import { describe, expect, it } from 'vitest';
import { rankCauses } from './engine.ts';
import { resetCase, resetFacts } from './testing/facts.ts';
import { unknown } from './unknown.ts';

describe('unknown', () => {
  const unexplained = resetCase(resetFacts(), 'unknown');

  it('is what is left when nothing fires, and is certain of nothing else', () => {
    const { id, confidence, level, alternatives } = rankCauses(unexplained);
    expect({ id, confidence, level, alternatives }).toEqual({
      id: 'unknown',
      confidence: 1,
      level: 'possible',
      alternatives: [],
    });
  });
  it('never fires itself, whatever the mechanism', () => {
    for (const mechanism of unknown.mechanisms) {
      expect(unknown.judge(resetCase(resetFacts(), mechanism)).outcome).toBe('no');
    }
    expect(rankCauses(resetCase(resetFacts(), 'active-abort')).id).not.toBe('unknown');
  });
  it('cannot tell, and says which capture would', () => {
    expect(unknown.tell(unexplained)).toContain('the capture does not show why');
    const [again] = unknown.remedies(unexplained);
    expect(again!.text).toContain('from before the connection opens');
    expect(again!.command).toContain('host 10.0.0.9 and port 443');
    expect(unknown.confirm(unexplained).length).toBeGreaterThan(1);
  });
});
