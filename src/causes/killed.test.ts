import { describe, expect, it } from 'vitest';
import { killed } from './killed.ts';
import { BARREN, resetCase, resetFacts } from './testing/facts.ts';

describe('killed', () => {
  it('cannot tell from an abort in mid-stream or out of quiet, and names ss -K', () => {
    for (const facts of [resetFacts(), resetFacts({ phase: 'idle', quietMs: 5000 })]) {
      expect(killed.judge(resetCase(facts, 'active-abort'))).toMatchObject({
        outcome: 'cannot-tell',
        wouldTell: expect.stringContaining('ss -K'),
      });
    }
  });
  it('cannot tell a forged RST from tcpkill', () => {
    expect(killed.judge(resetCase(resetFacts(), 'forged'))).toMatchObject({
      outcome: 'cannot-tell',
      wouldTell: expect.stringContaining('tcpkill'),
    });
  });
  it('stays quiet while the connection was closing, fresh, or gone', () => {
    expect(killed.judge(resetCase(resetFacts({ half: { client: { finFrame: 7 } } }), 'active-abort')).outcome).toBe(
      'no',
    );
    expect(killed.judge(resetCase(resetFacts({ ...BARREN, quietMs: 1 }), 'active-abort')).outcome).toBe('no');
    expect(killed.judge(resetCase(resetFacts(), 'passive-answer')).outcome).toBe('no');
  });
});
