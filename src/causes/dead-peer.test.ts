import { describe, expect, it } from 'vitest';
import { judge } from './testing/read.ts';

/** Connected, one exchange of four bytes each. */
const OPEN = '0 > S\n1 < SA\n1.1 > A\n2 > PA len=4\n3 < PA len=4\n3.1 > A\n';

describe('dead-peer', () => {
  it('fires after unanswered keep-alive probes', () => {
    const { fired } = judge(OPEN + '10000 > A seq=4\n11000 > A seq=4\n12000 > A seq=4\n13000 > RA');
    expect(fired).toContain('dead-peer');
  });
  it('stays quiet when the probes asked whether a closed window had opened', () => {
    const { fired } = judge(OPEN + '3.2 > A win=0\n10000 < A seq=4\n11000 < A seq=4\n13000 < RA');
    expect(fired).not.toContain('dead-peer');
  });
  it('stays quiet when the probes were answered', () => {
    const { fired } = judge(OPEN + '10000 > A seq=4\n10001 < A\n11000 > A seq=4\n11001 < A\n13000 > RA');
    expect(fired).not.toContain('dead-peer');
  });
});
