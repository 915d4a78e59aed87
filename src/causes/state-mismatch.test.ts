import { describe, expect, it } from 'vitest';
import { judge } from './testing/read.ts';

/** Connected, one exchange of four bytes each. */
const OPEN = '0 > S\n1 < SA\n1.1 > A\n2 > PA len=4\n3 < PA len=4\n3.1 > A\n';

describe('state-mismatch', () => {
  it('can be the cause in the middle of an active connection', () => {
    const { fired } = judge(OPEN + '5 > PA len=4\n6 < R');
    expect(fired).toContain('state-mismatch');
  });
  it('stays quiet after a FIN', () => {
    const { fired } = judge(OPEN + '4 < FA\n4.1 > A\n5 > PA len=4\n6 < R');
    expect(fired).not.toContain('state-mismatch');
  });
  it('stays quiet after a second without a packet: then it was not active', () => {
    const { fired } = judge(OPEN + '1500 > PA len=4\n1501 < R');
    expect(fired).not.toContain('state-mismatch');
  });
  it('cannot tell by itself which kernel answered', () => {
    const { cause } = judge(OPEN + '5 > PA len=4\n6 < R');
    expect(cause.level).toBe('possible');
    expect(cause.group).toEqual(expect.arrayContaining(['state-mismatch', 'no-socket', 'firewall-reject']));
  });
});
