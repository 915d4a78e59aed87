import { describe, expect, it } from 'vitest';
import { backlogOverflow } from './backlog-overflow.ts';
import { atMs, BARREN, fires, mark, resetCase, resetFacts, trigger, type Change } from './testing/facts.ts';
import type { ResetFacts } from '../evidence/facts.ts';

function overflowing(change: Change<ResetFacts['half']['server']>, sinceMs: number): ResetFacts {
  return resetFacts({
    ...BARREN,
    half: { client: { packets: 2 }, server: { packets: 1, dataPackets: 0, ...change } },
    marks: [mark({ frame: 2, side: 1, seq: 5000 }), mark({ frame: 4, side: 1, seq: 5000 }), mark({ frame: 5 })],
    trigger: trigger('ack', 0.3, { frame: 8, tNs: atMs(1 + sinceMs) }),
  });
}

const judge = (facts: ResetFacts, mechanism: 'passive-answer' | 'active-abort' = 'passive-answer') =>
  backlogOverflow.judge(resetCase(facts, mechanism));

describe('backlog-overflow', () => {
  it('is likely when the server repeated its SYN+ACK and then reset', () => {
    const repeated = overflowing({ packets: 3, retransmissions: 2 }, 60_000);
    const judged = fires(backlogOverflow, judge({ ...repeated, observedAt: 'server' }));
    expect(judged).toMatchObject({ weight: 0.85, level: 'likely' });
    expect(judged.evidence[1]!.frames.map(({ frame }) => frame)).toEqual([2, 4]);
  });
  it('is only possible where the client’s packets may have been lost behind the capture', () => {
    const judged = fires(backlogOverflow, judge(overflowing({ packets: 3, retransmissions: 2 }, 60_000)));
    expect(judged).toMatchObject({ level: 'possible', wouldTell: expect.stringContaining('TcpExtListenOverflows') });
  });
  it('is a twin of no-socket when the RST answers the end of the handshake at once', () => {
    expect(fires(backlogOverflow, judge(overflowing({}, 5)))).toMatchObject({
      weight: 0.7,
      level: 'possible',
      twins: ['no-socket'],
    });
  });
  it('stays quiet when the client had waited since the handshake', () => {
    expect(judge(overflowing({}, 5000)).outcome).toBe('no');
  });
  it('stays quiet when the server acknowledged anything', () => {
    expect(judge(overflowing({ packets: 2 }, 5)).outcome).toBe('no');
  });
  it('stays quiet when the capture missed the handshake or a live socket was aborted', () => {
    expect(judge({ ...overflowing({}, 5), startSeen: false }).outcome).toBe('no');
    expect(judge(overflowing({}, 5), 'active-abort').outcome).toBe('no');
  });
});
