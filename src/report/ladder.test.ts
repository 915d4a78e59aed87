import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toColumns } from './flow-text.ts';
import { toInk } from './ink.ts';
import { renderLadder } from './ladder-text.ts';
import { MAX_LADDER_FRAMES, MAX_LADDER_LINES, toLadder } from './ladder.ts';
import { SAMPLE_LADDER, SAMPLE_RST } from './testing/sample.ts';
import type { LadderRow } from './types.ts';

const manyRows = (count: number, folded: number): LadderRow[] =>
  Array.from({ length: count }, (_, at) => ({
    frame: at + 1,
    atMs: at,
    from: 'client',
    label: `row ${at}`,
    folded,
    rst: false,
  }));

describe('toLadder', () => {
  it('names the packets left out and what the RST did', () => {
    expect(toLadder(SAMPLE_LADDER, [SAMPLE_RST])).toMatchObject([
      { kind: 'frame', frame: 14, mark: '' },
      { kind: 'frame', frame: 15, mark: '' },
      { kind: 'fold', packets: 3 },
      { kind: 'frame', frame: 19, rst: true, mark: 'ended the connection' },
    ]);
  });

  it('tells a copy, a challenged and a forged RST apart from the one that ended the connection', () => {
    const rows = [1, 2, 3, 4].map((frame) => ({ ...SAMPLE_LADDER[2]!, frame, folded: 0 }));
    const marks = toLadder(rows, [
      { ...SAMPLE_RST, frame: 1, ended: false, effect: 'challenged' },
      { ...SAMPLE_RST, frame: 2, actor: 'middlebox' },
      { ...SAMPLE_RST, frame: 3, ended: false, duplicateOf: 2 },
      { ...SAMPLE_RST, frame: 4, effect: 'unknown' },
    ]).map((line) => line.kind === 'frame' && line.mark);
    expect(marks).toEqual([
      'answered by a challenge ACK',
      'ended the connection, not sent by the server',
      'the same packet as #2',
      'may have ended the connection',
    ]);
  });

  it('keeps the opening row and the ending RST when there are too many rows, and accounts for every packet', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 80 }), fc.nat(3), fc.nat(100), (count, folded, at) => {
        const ended = at % count;
        const ladder = toLadder(manyRows(count, folded), [{ ...SAMPLE_RST, frame: ended + 1 }]);
        const frames = ladder.filter((line) => line.kind === 'frame');
        const folds = ladder.filter((line) => line.kind === 'fold');
        expect(frames.length).toBeLessThanOrEqual(MAX_LADDER_FRAMES);
        expect(ladder.length).toBeLessThanOrEqual(MAX_LADDER_LINES);
        expect(frames.map(({ frame }) => frame)).toEqual(expect.arrayContaining([1, ended + 1]));
        expect(folds.reduce((sum, { packets }) => sum + packets, frames.length)).toBe(count * (folded + 1));
      }),
    );
  });

  it('has nothing to show for no rows', () => {
    expect(toLadder([], [])).toEqual([]);
  });
});

describe('renderLadder', () => {
  it('draws two columns with arrows', () => {
    expect(renderLadder(toLadder(SAMPLE_LADDER, [SAMPLE_RST]), '  ', toInk())).toEqual([
      '  #14   0.000 s  client ──▶ server   GET /report HTTP/1.1  (412 B)',
      '  #15   0.012 s  client ◀── server   HTTP/1.1 200 OK  (5310 B)',
      '                 … 3 packets …',
      '  #19  60.013 s  client ◀══ server   RST+ACK  win 502, timestamps  ← ended the connection',
    ]);
  });

  it('draws in plain ASCII', () => {
    expect(renderLadder(toLadder(SAMPLE_LADDER, [SAMPLE_RST]), '', toInk({ ascii: true })).join('\n')).toBe(
      [
        '#14   0.000 s  client --> server   GET /report HTTP/1.1  (412 B)',
        '#15   0.012 s  client <-- server   HTTP/1.1 200 OK  (5310 B)',
        '               ... 3 packets ...',
        '#19  60.013 s  client <== server   RST+ACK  win 502, timestamps  <- ended the connection',
      ].join('\n'),
    );
  });

  it('counts in milliseconds when all is over within a second', () => {
    expect(renderLadder(toLadder(SAMPLE_LADDER.slice(0, 2)), '', toInk())[1]).toBe(
      '#15  12.100 ms  client ◀── server   HTTP/1.1 200 OK  (5310 B)',
    );
  });

  it('stays within the width and escapes labels', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.integer({ min: 60, max: 120 }), (label, width) => {
        const ladder = toLadder([{ ...SAMPLE_LADDER[2]!, label: `\u001b[2J${label}` }], [SAMPLE_RST]);
        for (const line of renderLadder(ladder, '    ', toInk({ width }))) {
          expect(toColumns(line)).toBeLessThanOrEqual(width);
          expect(line).not.toMatch(/\p{C}/u);
        }
      }),
    );
  });
});
