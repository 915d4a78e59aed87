import { describe, expect, it } from 'vitest';
import { judge } from './testing/read.ts';

/** Connected, one exchange of four bytes each. */
const OPEN = '0 > S\n1 < SA\n1.1 > A\n2 > PA len=4\n3 < PA len=4\n3.1 > A\n';

describe('benign-close', () => {
  it('fires when both sides had closed', () => {
    const { fired } = judge(OPEN + '4 > FA\n5 < FA\n6 > RA');
    expect(fired).toContain('benign-close');
  });
  it('stays quiet when a request is unanswered', () => {
    const { fired } = judge(OPEN + '10 > PA len=4\n11 < A\n20 < RA');
    expect(fired).not.toContain('benign-close');
  });
});
