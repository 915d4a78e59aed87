import { describe, expect, it } from 'vitest';
import type { RstRecord } from './rst-record.ts';
import { followOne, type ConversationOptions } from './testing/conversation.ts';

const OPEN = '0 > S\n10 < SA\n10.1 > A\n20 > PA len=10\n30 < PA len=10\n30.1 > A\n';

function rsts(lines: string, options: ConversationOptions = {}): readonly RstRecord[] {
  return followOne(lines, options).trace.rsts;
}

const answered = (lines: string): (number | undefined)[] => rsts(lines).map(({ trigger }) => trigger?.frame);

describe('several bare RSTs of one number', () => {
  const SEGMENTS = `${OPEN}40 < FA\n40.1 > A\n50 > PA len=200\n60 > FA\n`;
  it('answer as many segments in order, however slow the path is', () => {
    const both = rsts(`${SEGMENTS}1000 < R\n1000.1 < R`);
    expect(both.map(({ trigger, takesTurn }) => [trigger?.frame, takesTurn])).toEqual([
      [9, true],
      [10, true],
    ]);
  });
  it('and so does each of a longer train, behind pure ACKs that answer nothing', () => {
    expect(answered(`${SEGMENTS}70 > A\n80 > PA len=5\n1000 < R\n1000.1 < R\n1000.2 < R`)).toEqual([9, 10, 12]);
  });
  it.each([
    ['are fewer than the segments', `${SEGMENTS}70 > PA len=5\n1000 < R\n1000.1 < R`],
    ['are more than the segments', `${SEGMENTS}1000 < R\n1000.1 < R\n1000.2 < R`],
    ['come later than any path is long', `${SEGMENTS}9000 < R\n9000.1 < R`],
  ])('take no turns when they %s', (_name, lines) => {
    const told = rsts(lines).at(-1)!;
    expect(told.takesTurn).toBe(false);
  });
});

/** A device with its own counter writes both directions, each with the TTL of the side it stands for. */
const written = (ids: readonly number[], rstId: number): string =>
  `${OPEN}${ids.map((id, i) => `${40 + i} ${i % 2 === 0 ? '>' : '<'} PA len=5 id=${id}\n`).join('')}50 < RA id=${rstId}`;

describe('one counter of IP-IDs for both sides', () => {
  const SHARED = [500, 501, 503, 505, 512, 513];
  const TTLS = { clientTtl: 63, serverTtl: 126 };

  it('is told with the packets that show it', () => {
    const [rst] = rsts(written(SHARED, 518), TTLS);
    expect(rst!.oneCounterFrames).toEqual([7, 8, 9, 10, 11, 12, 13]);
  });
  it.each([
    ['each side counts on its own', [500, 900, 501, 901, 502, 902], 903, TTLS],
    ['the RST leaves the counter', SHARED, 9000, TTLS],
    ['only some of them fit', [500, 501, 700, 9000, 9001, 12], 9003, TTLS],
    ['no packet is numbered', [0, 0, 0, 0, 0, 0], 0, TTLS],
    ['both addresses may be of one host', SHARED, 518, { clientTtl: 64, serverTtl: 64 }],
  ])('is not when %s', (_name, ids, rstId, ttls) => {
    expect(rsts(written(ids, rstId), ttls)[0]!.oneCounterFrames).toEqual([]);
  });
});

const after = (lines: string) => rsts(`${OPEN}40 > R\n${lines}`)[0]!.after;

describe('what comes behind a RST', () => {
  it.each([
    ['another SYN+ACK', '50 < SA rawseq=777777\n60 < PA len=5 rawseq=777778', 8],
    ['a segment after minutes at another number', '50 < A\n300000 < PA len=5 seq=900', 9],
    ['a segment of its sender after minutes at another number', '300000 > PA len=5 seq=900', 8],
  ])('says nothing from %s on', (_name, lines, frame) => {
    const { renewedFrame, newFromSender, newDataFromReceiver } = after(lines);
    expect({ renewedFrame, newFromSender, newDataFromReceiver }).toEqual({
      renewedFrame: frame,
      newFromSender: 0,
      newDataFromReceiver: 0,
    });
  });
  it.each([
    ['the same SYN+ACK again', '50 < SA\n60 < PA len=5'],
    ['minutes in which segments kept coming', '200000 < PA len=5\n400000 < PA len=5\n600000 < PA len=5 seq=21'],
    ['a pause of minutes, at the very next number', '300000 < PA len=5'],
    ['a keep-alive probe after minutes', '300000 < A seq=10\n300010 < PA len=5'],
  ])('counts behind %s', (_name, lines) => {
    const { renewedFrame, newDataFromReceiver } = after(lines);
    expect(renewedFrame).toBe(0);
    expect(newDataFromReceiver).toBeGreaterThan(0);
  });
});
