import { describe, expect, it } from 'vitest';
import { drainReset } from './drain-reset.ts';
import { fires, resetCase, resetFacts } from './testing/facts.ts';
import { GAP, KEPT, waveCase } from './testing/wave.ts';

describe('drain-reset', () => {
  it('is likely for a load balancer that goes on accepting', () => {
    const judged = fires(drainReset, drainReset.judge(waveCase(KEPT, { server: { role: 'load-balancer' } })));
    expect(judged).toMatchObject({ weight: 0.75, level: 'likely' });
    expect(judged.twins).toBeUndefined();
  });
  it('is only possible for a host of unknown role', () => {
    expect(fires(drainReset, drainReset.judge(waveCase(KEPT)))).toMatchObject({
      weight: 0.35,
      level: 'possible',
      twins: ['shutdown-in-flight'],
    });
  });
  it('stays quiet when a server refused connections meanwhile', () => {
    expect(drainReset.judge(waveCase(GAP)).outcome).toBe('no');
  });
  it('stays quiet without a wave', () => {
    expect(drainReset.judge(resetCase(resetFacts({ server: { role: 'proxy' } }), 'active-abort')).outcome).toBe('no');
  });
});
