import { describe, expect, it } from 'vitest';
import { judge } from './testing/read.ts';

/** Connected, one exchange of four bytes each. */
const OPEN = '0 > S\n1 < SA\n1.1 > A\n2 > PA len=4\n3 < PA len=4\n3.1 > A\n';

describe('client-abort', () => {
  it('fires when the client gives up waiting', () => {
    const { fired } = judge(OPEN + '10 > PA len=4\n11 < A\n3000 > RA');
    expect(fired).toContain('client-abort');
  });
  it('stays quiet when the server aborts', () => {
    const { fired } = judge(OPEN + '10 > PA len=4\n11 < A\n3000 < RA');
    expect(fired).not.toContain('client-abort');
  });
});
