import { describe, expect, it } from 'vitest';
import { judge } from './testing/read.ts';

/** Connected, one exchange of four bytes each. */
const OPEN = '0 > S\n1 < SA\n1.1 > A\n2 > PA len=4\n3 < PA len=4\n3.1 > A\n';

describe('no-socket', () => {
  it('fires on a bare answer without a FIN before', () => {
    const { fired } = judge(OPEN + '5 > PA len=4\n6 < R');
    expect(fired).toContain('no-socket');
  });
  it('stays quiet when a live socket aborts', () => {
    const { fired } = judge(OPEN + '5 > PA len=4\n6 < A\n7 < RA');
    expect(fired).not.toContain('no-socket');
  });
});
