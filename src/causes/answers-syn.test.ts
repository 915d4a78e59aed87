import { describe, expect, it } from 'vitest';
import { answersSyn } from './answers-syn.ts';
import { judge } from './testing/read.ts';

const answers = (lines: string): boolean => answersSyn(judge(lines).facts.rst);

describe('a RST that answers a SYN', () => {
  it('acknowledges it, and nothing was established', () => {
    expect(answers('0 > S\n1 < RA rawseq=0 win=0 ts=off')).toBe(true);
  });
  it('is the client’s own change of mind otherwise, or an end of what was established', () => {
    expect(answers('0 > S\n1 < SA\n1.1 > R seq=1')).toBe(false);
    expect(answers('0 > S\n1 < SA\n1.1 > A\n2 < RA')).toBe(false);
  });
  it('may carry a number of its own, as devices write it', () => {
    expect(answers('0 > S\n1 < RA rawseq=77 ack=1 win=0 ts=off')).toBe(true);
  });
});
