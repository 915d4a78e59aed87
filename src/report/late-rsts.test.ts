import { describe, expect, it } from 'vitest';
import { toInk } from './ink.ts';
import { toLadder } from './ladder.ts';
import { lateFrames } from './late-rsts.ts';
import { SAMPLE_LADDER, SAMPLE_RST, sampleReset } from './testing/sample.ts';
import { renderResetBlock } from './text-reset.ts';
import type { Evidence, Rst } from './types.ts';

const ignored: Rst = { ...SAMPLE_RST, frame: 21, effect: 'ignored', ended: false };
const AFTER_CLOSE: Evidence = { fact: 'rst-after-close', frames: [{ input: 0, frame: 21 }], text: 'both had closed' };

describe('a RST without effect', () => {
  it('came after the end when an accepted one had ended the connection before', () => {
    expect([...lateFrames(sampleReset({ rsts: [SAMPLE_RST, ignored] }))]).toEqual([21]);
  });
  it('came after the end when both sides had closed', () => {
    const { evidence } = sampleReset();
    expect([...lateFrames(sampleReset({ rsts: [ignored], evidence: [...evidence, AFTER_CLOSE] }))]).toEqual([21]);
  });
  it('was ignored where the connection lived, or may have lived', () => {
    expect(lateFrames(sampleReset({ rsts: [ignored] })).size).toBe(0);
    expect(lateFrames(sampleReset({ rsts: [ignored, SAMPLE_RST] })).size).toBe(0);
    expect(lateFrames(sampleReset({ rsts: [{ ...SAMPLE_RST, effect: 'unknown' }, ignored] })).size).toBe(0);
  });
  it('says so in the list of RSTs and in the ladder', () => {
    const row = { ...SAMPLE_LADDER[2]!, frame: 21, folded: 0 };
    const late = sampleReset({ rsts: [SAMPLE_RST, ignored], ladder: [...SAMPLE_LADDER, row] });
    const text = renderResetBlock(late, 'all', [], toInk({ width: 120 })).join('\n');
    expect(text).toContain('#19 from the server, ended it; #21 from the server, came after the end');
    expect(text).toMatch(/#21 .*← came after the end/);
    expect(text).not.toContain('ignored');
    expect(toLadder([row], [ignored]).at(-1)).toMatchObject({ mark: 'ignored by its receiver' });
  });
});
