import { describe, expect, it } from 'vitest';
import { judge } from './testing/read.ts';

/** Connected, one exchange of four bytes each. */
const OPEN = '0 > S\n1 < SA\n1.1 > A\n2 > PA len=4\n3 < PA len=4\n3.1 > A\n';

describe('linger-zero', () => {
  it('can be the cause when all was answered and a live socket aborts', () => {
    const { fired } = judge(OPEN + '400 < RA');
    expect(fired).toContain('linger-zero');
  });
  it('stays quiet when a kernel without a socket answers', () => {
    const { fired } = judge(OPEN + '10 > PA len=4\n11 < R');
    expect(fired).not.toContain('linger-zero');
  });
});
