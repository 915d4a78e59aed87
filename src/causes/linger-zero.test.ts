import { describe, expect, it } from 'vitest';
import { judge } from './testing/read.ts';

/** Connected, one exchange of four bytes each. */
const OPEN = '0 > S\n1 < SA\n1.1 > A\n2 > PA len=4\n3 < PA len=4\n3.1 > A\n';

describe('linger-zero', () => {
  it('can be the cause when all was answered and a live socket aborts', () => {
    const { cause } = judge(OPEN + '400 < RA');
    expect([cause.id, ...(cause.group ?? [])]).toContain('linger-zero');
  });
  it('stays quiet when a kernel without a socket answers', () => {
    const { cause } = judge(OPEN + '10 > PA len=4\n11 < R');
    expect([cause.id, ...cause.alternatives.map(({ id }) => id)]).not.toContain('linger-zero');
  });
});
