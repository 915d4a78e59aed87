import { describe, expect, it } from 'vitest';
import { fires, silenceCase, silenceFacts } from '../testing/facts.ts';
import { idleDropped } from './idle-dropped.ts';

const judge = (quietMs: number, repeats = 4) => idleDropped.judge(silenceCase(silenceFacts({ quietMs, repeats })));

describe('idle-dropped', () => {
  it('is possible after a long quiet, as a host that died leaves the same packets', () => {
    const judged = fires(idleDropped, judge(400_000));
    expect(judged).toMatchObject({ weight: 0.85, level: 'possible' });
    expect(judged.wouldTell).toContain('a host that died in the quiet looks the same');
  });
  it('is possible after a short one', () => {
    expect(fires(idleDropped, judge(5000))).toMatchObject({ weight: 0.5, level: 'possible' });
  });
  it('stays quiet without quiet, with one repeat, and when the connection never worked', () => {
    expect(judge(100).outcome).toBe('no');
    expect(judge(400_000, 1).outcome).toBe('no');
    const never = silenceFacts({ quietMs: 400_000, handshakeDone: false, bytes: { client: 1, server: 0 } });
    expect(idleDropped.judge(silenceCase(never)).outcome).toBe('no');
  });
  it('advises probes well inside the quiet that was measured', () => {
    expect(idleDropped.remedies(silenceCase(silenceFacts({ quietMs: 350_400 })))[0]!.command).toContain(
      'setKeepAlive(true, 175000)',
    );
  });
});
