import { describe, expect, it } from 'vitest';
import { RETRANSMISSION } from '../../flow/packets.ts';
import { atMs, fires, mark, silenceCase, silenceFacts } from '../testing/facts.ts';
import { retransmissionTimeout } from './retransmission-timeout.ts';

const repeat = (frame: number, ms: number) =>
  mark({ frame, tNs: atMs(ms), seq: 1501, length: 250, notes: RETRANSMISSION });

describe('retransmission-timeout', () => {
  const marks = [
    repeat(7, 900),
    mark({ frame: 8, side: 1 }),
    mark({ frame: 9, seq: 1501, length: 250 }),
    repeat(10, 1200),
    repeat(11, 1600),
    repeat(12, 2400),
  ];
  const judge = (quietMs: number, repeats = 3) =>
    retransmissionTimeout.judge(silenceCase(silenceFacts({ quietMs, repeats, marks })));

  it('is likely in the middle of a transfer, and shows the range and the growing pauses', () => {
    const judged = fires(retransmissionTimeout, judge(20));
    expect(judged).toMatchObject({ weight: 0.8, level: 'likely' });
    expect(judged.evidence[0]!.text).toBe(
      'bytes 501 to 750: sent again 3 times in 15 s, never acknowledged, the pauses growing from 400 ms to 800 ms',
    );
    expect(judged.evidence[0]!.frames.map(({ frame }) => frame)).toEqual([10, 11, 12]);
  });
  it('gives way to a forgotten state the longer the quiet before it', () => {
    expect(fires(retransmissionTimeout, judge(5000))).toMatchObject({ weight: 0.4, level: 'possible' });
    expect(fires(retransmissionTimeout, judge(60_000))).toMatchObject({ weight: 0.12, level: 'possible' });
  });
  it('stays quiet with one repeat, and for a SYN', () => {
    expect(judge(20, 1).outcome).toBe('no');
    const connecting = silenceFacts({ phase: 'connect', quietMs: 20, repeats: 3 });
    expect(retransmissionTimeout.judge(silenceCase(connecting)).outcome).toBe('no');
  });
});
