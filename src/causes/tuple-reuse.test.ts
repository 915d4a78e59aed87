import { describe, expect, it } from 'vitest';
import type { ResetFacts } from '../evidence/facts.ts';
import { RST, SYN } from '../wire/tcp.ts';
import { fires, mark, packet, resetCase, resetFacts, trigger, type Change } from './testing/facts.ts';
import { tupleReuse } from './tuple-reuse.ts';

function reused(change: Change<ResetFacts> = {}): ResetFacts {
  const base: Change<ResetFacts> = {
    sender: 'client',
    bytes: { client: 0, server: 0 },
    trigger: trigger('ack', 0.1, { frame: 2, side: 1, ack: 77_777 }),
    half: { client: { dataPackets: 0, nextSeq: 1001 }, server: { synAckNs: -1, isn: -1, dataPackets: 0 } },
    rst: { packet: packet({ frame: 3, flags: RST, seq: 77_777 }), after: { anyFromSender: 1, fromReceiver: 1 } },
    marks: [
      mark({ frame: 1, flags: SYN }),
      mark({ frame: 2, side: 1 }),
      mark({ frame: 3, flags: RST }),
      mark({ frame: 4, flags: SYN }),
    ],
  };
  return resetFacts({ ...base, ...change });
}
const judge = (facts: ResetFacts) => tupleReuse.judge(resetCase(facts, 'passive-answer'));

describe('tuple-reuse', () => {
  it('fires on SYN, challenge ACK, RST, and shows the repeated SYN', () => {
    const judged = fires(tupleReuse, judge(reused()));
    expect(judged).toMatchObject({ weight: 0.92, level: 'likely' });
    expect(judged.evidence.map((e) => e.frames.map(({ frame }) => frame))).toEqual([[1, 2, 3], [4]]);
    expect(judged.evidence[0]).toMatchObject({
      expected: 'SYN+ACK with acknowledgement 1001',
      received: 'ACK with acknowledgement 77777',
    });
  });
  it('is only possible when somebody else may have sent the RST', () => {
    const input = resetCase(reused(), 'passive-answer');
    const doubtful = { ...input, mechanism: { ...input.mechanism, actor: 'unknown' as const } };
    expect(fires(tupleReuse, tupleReuse.judge(doubtful)).level).toBe('possible');
  });
  it('is only possible when the ACK knows the new SYN', () => {
    const ofThisSyn = trigger('ack', 0.1, { frame: 2, side: 1, ack: 1000 });
    expect(fires(tupleReuse, judge(reused({ trigger: ofThisSyn }))).level).toBe('possible');
    const next = trigger('ack', 0.1, { frame: 2, side: 1, ack: 1002 });
    expect(fires(tupleReuse, judge(reused({ trigger: next }))).level).toBe('likely');
  });
  it('fires when the old connection answers with its own data', () => {
    const data = trigger('data', 0.1, { frame: 2, side: 1, ack: 77_777, length: 9 });
    expect(judge(reused({ trigger: data })).outcome).toBe('fires');
  });
  it('stays quiet when the ACK acknowledges the SYN', () => {
    expect(judge(reused({ trigger: trigger('ack', 0.1, { frame: 2, side: 1, ack: 1001 }) })).outcome).toBe('no');
  });
  it('stays quiet when the RST answers a SYN+ACK', () => {
    expect(judge(reused({ trigger: trigger('syn-ack', 0.1) })).outcome).toBe('no');
  });
  it('stays quiet once the connection was accepted or carried data', () => {
    expect(judge(reused({ half: { client: { dataPackets: 0, nextSeq: 1001 } } })).outcome).toBe('no');
    expect(judge(reused({ half: { server: { synAckNs: -1 } } })).outcome).toBe('no');
  });
});
