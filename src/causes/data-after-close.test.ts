import { describe, expect, it } from 'vitest';
import { judge } from './testing/read.ts';

/** Connected, one exchange of four bytes each. */
const OPEN = '0 > S\n1 < SA\n1.1 > A\n2 > PA len=4\n3 < PA len=4\n3.1 > A\n';

describe('data-after-close', () => {
  it('can be the cause when the peer wrote on after a FIN', () => {
    const { fired } = judge(OPEN + '4 < FA\n4.1 > A\n5 > PA len=4\n6 < R');
    expect(fired).toContain('data-after-close');
  });
  it('stays quiet without a FIN', () => {
    const { fired } = judge(OPEN + '5 > PA len=4\n6 < R');
    expect(fired).not.toContain('data-after-close');
  });
});
