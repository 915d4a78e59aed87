import { describe, expect, it } from 'vitest';
import { shutdownInFlight } from './shutdown-in-flight.ts';
import { atMs, fires, resetCase, resetFacts } from './testing/facts.ts';
import { GAP, waveCase } from './testing/wave.ts';

describe('shutdown-in-flight', () => {
  it('is likely when the listener refuses and then accepts again', () => {
    expect(fires(shutdownInFlight, shutdownInFlight.judge(waveCase(GAP)))).toMatchObject({
      weight: 0.8,
      level: 'likely',
      twins: ['process-crash'],
    });
  });
  it('is possible without that gap', () => {
    expect(fires(shutdownInFlight, shutdownInFlight.judge(waveCase()))).toMatchObject({
      weight: 0.65,
      level: 'possible',
      twins: ['process-crash', 'drain-reset'],
    });
  });
  it('is only possible when the listener refuses and never comes back', () => {
    const judged = fires(shutdownInFlight, shutdownInFlight.judge(waveCase({ refused: GAP.refused! })));
    expect(judged).toMatchObject({ weight: 0.65, level: 'possible', twins: ['process-crash'] });
  });
  it('stays quiet when most connections of the listener lived on', () => {
    const begins = Array.from({ length: 20 }, () => 0);
    expect(shutdownInFlight.judge(waveCase({ begins, ends: begins.map(() => atMs(9000)) })).outcome).toBe('no');
  });
  it('stays quiet without a wave', () => {
    expect(shutdownInFlight.judge(resetCase(resetFacts(), 'active-abort')).outcome).toBe('no');
  });
});
