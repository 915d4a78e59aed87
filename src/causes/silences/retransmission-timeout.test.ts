import { describe, expect, it } from 'vitest';
import { RETRANSMISSION } from '../../flow/packets.ts';
import { conversation } from '../../flow/testing/conversation.ts';
import { atMs, fires, mark, silenceCase, silenceFacts } from '../testing/facts.ts';
import { readPackets } from '../testing/read.ts';
import { retransmissionTimeout } from './retransmission-timeout.ts';

const repeat = (frame: number, ms: number) =>
  mark({ frame, tNs: atMs(ms), seq: 1501, length: 250, notes: RETRANSMISSION });

const large = (acknowledged: number) => [
  mark({ frame: 5, seq: 1001, length: acknowledged }),
  mark({ frame: 6, side: 1 }),
  mark({ frame: 9, seq: 1501, length: 1448 }),
  ...[10, 11].map((frame) => mark({ frame, seq: 1501, length: 1448, notes: RETRANSMISSION })),
];

const unaccepted = (retransmissions: number) =>
  fires(
    retransmissionTimeout,
    retransmissionTimeout.judge(
      silenceCase(
        silenceFacts({
          quietMs: 20,
          repeats: 3,
          half: { server: { dataPackets: 0, acked: 1001, retransmissions } },
        }),
      ),
    ),
  ).evidence.map(({ fact }) => fact);

const largeOnly = (acknowledged: number) =>
  fires(
    retransmissionTimeout,
    retransmissionTimeout.judge(
      silenceCase(
        silenceFacts({ quietMs: 20, repeats: 2, marks: large(acknowledged), half: { server: { acked: 1501 } } }),
      ),
    ),
  ).evidence;

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
  it('needs repeats as far apart as a retransmission timer is long', () => {
    for (const [tryingMs, level] of [
      [149, 'possible'],
      [200, 'likely'],
    ] as const) {
      const judged = retransmissionTimeout.judge(
        silenceCase(silenceFacts({ quietMs: 20, repeats: 2, tryingMs, marks })),
      );
      expect(fires(retransmissionTimeout, judged).level).toBe(level);
    }
  });
  it('counts from the first repeat where the peer acknowledged bytes that were never sent', () => {
    const { silent } = readPackets(
      conversation('0 > S\n1 < SA\n2 > A ack=999999\n50 < SA\n150 < SA', { timestamps: false }),
    );
    expect(silent.map(({ repeats, tryingMs }) => [repeats, tryingMs])).toEqual([[2, 100]]);
  });
  it('and from the segment itself where nothing came between', () => {
    const { silent } = readPackets(conversation('0 > S\n1 < SA\n2 > A\n10 > PA len=5\n210 > PA len=5 seq=1'));
    expect(silent.map(({ repeats, tryingMs }) => [repeats, tryingMs])).toEqual([[1, 200]]);
  });
  it('says when only segments are repeated that are larger than any that was acknowledged', () => {
    expect(largeOnly(500).find(({ fact }) => fact === 'only-large-repeated')?.text).toContain(
      'all 2 repeats carry at least 1448 bytes; the largest of the 1 segments seen to be acknowledged carried 500',
    );
    expect(largeOnly(1448).map(({ fact }) => fact)).not.toContain('only-large-repeated');
  });
  it('says when the server never got beyond its SYN+ACK', () => {
    expect(unaccepted(2)).toContain('syn-ack-repeated');
    expect(unaccepted(0)).not.toContain('syn-ack-repeated');
  });
  it('stays quiet with one repeat, and for a SYN', () => {
    expect(judge(20, 1).outcome).toBe('no');
    const connecting = silenceFacts({ phase: 'connect', quietMs: 20, repeats: 3 });
    expect(retransmissionTimeout.judge(silenceCase(connecting)).outcome).toBe('no');
  });
});
