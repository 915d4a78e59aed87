import { describe, expect, it } from 'vitest';
import { conversation } from '../../flow/testing/conversation.ts';
import { fires, silenceCase, silenceFacts } from '../testing/facts.ts';
import { readPackets } from '../testing/read.ts';
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
  it('names the packet that broke the quiet, and the quiet before it', () => {
    const open = '0 > S\n0.1 < SA\n0.2 > A\n1 > PA len=9\n2 < PA len=9\n2.1 > A\n';
    const pushes = [0, 200, 600, 1400, 3000].map((ms) => `${5000 + ms} < PA len=9 seq=10`).join('\n');
    const late = conversation('0 > S\n0.1 < SA', { clientPort: 2000, startMs: 60_000 });
    const [facts] = readPackets([...conversation(`${open}${pushes}`), ...late]).silent;
    expect(facts).toMatchObject({ idleMs: expect.closeTo(4997.9, 3), quietMs: expect.closeTo(4997.9, 3) });
    const { evidence } = fires(idleDropped, idleDropped.judge(silenceCase(facts!)));
    expect(evidence.map(({ frames }) => frames.map(({ frame }) => frame))).toEqual([[7], [8, 9, 10, 11]]);
  });
  it('advises probes well inside the quiet that was measured', () => {
    expect(idleDropped.remedies(silenceCase(silenceFacts({ quietMs: 350_400 })))[0]!.command).toContain(
      'setKeepAlive(true, 175000)',
    );
  });
});
