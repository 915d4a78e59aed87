import { describe, expect, it } from 'vitest';
import { processCrash } from './process-crash.ts';
import { atMs, fires, resetCase, resetFacts } from './testing/facts.ts';
import { waveCase } from './testing/wave.ts';

describe('process-crash', () => {
  it('is possible beside a shutdown when a listener loses its connections at once', () => {
    expect(fires(processCrash, processCrash.judge(waveCase()))).toMatchObject({
      weight: 0.55,
      level: 'possible',
      twins: ['shutdown-in-flight', 'drain-reset'],
    });
  });
  it('weighs more when the listener refuses and does not come back', () => {
    expect(fires(processCrash, processCrash.judge(waveCase({ refused: [atMs(1500)] }))).weight).toBe(0.65);
  });
  it('cannot tell from one connection with an unanswered request', () => {
    const alone = resetCase(resetFacts({ app: { pending: true } }), 'active-abort');
    expect(processCrash.judge(alone)).toMatchObject({
      outcome: 'cannot-tell',
      wouldTell: expect.stringContaining('port 443 on 10.0.0.5'),
    });
  });
  it('stays quiet for one connection without a request, and for resets of the client', () => {
    expect(processCrash.judge(resetCase(resetFacts({ app: { pending: false } }), 'active-abort')).outcome).toBe('no');
    expect(processCrash.judge(waveCase({}, { sender: 'client' })).outcome).toBe('no');
  });
});
