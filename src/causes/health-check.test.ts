import { describe, expect, it } from 'vitest';
import type { ResetFacts } from '../evidence/facts.ts';
import { healthCheck } from './health-check.ts';
import { atMs, BARREN, fires, population, resetCase, resetFacts, type Change } from './testing/facts.ts';

function probes(startsMs: readonly number[], change: Change<ResetFacts> = {}): ResetFacts[] {
  return startsMs.map((ms, row) =>
    resetFacts({ ...BARREN, ...change, row, sender: 'client', firstNs: atMs(ms), atNs: atMs(ms + 1) }),
  );
}
const judge = (resets: readonly ResetFacts[]) =>
  healthCheck.judge(resetCase(resets[0]!, 'active-abort', population(resets)));

describe('health-check', () => {
  it('is likely for probes at an interval, and names it', () => {
    const judged = fires(healthCheck, judge(probes([0, 2000, 4000, 6010])));
    expect(judged).toMatchObject({ weight: 0.95, level: 'likely' });
    expect(judged.evidence[0]!.text).toContain('connected 4 times, about every 2.0 s');
  });
  it('is possible for repeats without an interval, and hardly for one', () => {
    expect(fires(healthCheck, judge(probes([0, 100, 9000, 9500])))).toMatchObject({ weight: 0.6, level: 'possible' });
    expect(fires(healthCheck, judge(probes([0])))).toMatchObject({
      weight: 0.2,
      level: 'possible',
      twins: ['connect-cancelled'],
    });
  });
  it('weighs more when the client is known to be a load balancer', () => {
    expect(fires(healthCheck, judge(probes([0], { client: { role: 'load-balancer' } }))).weight).toBeCloseTo(0.3);
  });
  it('is possible for the very same short question on a schedule, each answered', () => {
    const question: Change<ResetFacts> = {
      bytes: { client: 14, server: 7 },
      phase: 'idle',
      app: { turns: 1, lastSpeaker: 'server', firstText: { client: '*1' } },
    };
    const starts = [0, 500, 1002, 1499, 2001];
    const judged = fires(healthCheck, judge(probes(starts, question)));
    expect(judged).toMatchObject({ level: 'possible', twins: ['benign-close'] });
    expect(judged.evidence[0]!.text).toContain('asked the same 14 bytes on 5 connections, about every 502 ms');
    expect(judge(probes([0, 3, 700, 4000, 4100], question)).outcome).toBe('no');
    expect(judge(probes(starts.slice(0, 3), question)).outcome).toBe('no');
    const others = probes(starts, question).map((one, i) => ({ ...one, bytes: { client: 14 + i, server: 7 } }));
    expect(judge(others).outcome).toBe('no');
    const unanswered = probes(starts, { ...question, app: { ...question.app, lastSpeaker: 'client', turns: 0 } });
    expect(judge(unanswered).outcome).toBe('no');
  });
  it('stays quiet when the server reset or data was sent', () => {
    expect(healthCheck.judge(resetCase(resetFacts(BARREN), 'active-abort')).outcome).toBe('no');
    expect(healthCheck.judge(resetCase(resetFacts({ sender: 'client' }), 'active-abort')).outcome).toBe('no');
  });
});
