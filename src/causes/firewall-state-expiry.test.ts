import { describe, expect, it } from 'vitest';
import { judge } from './testing/read.ts';

/** Connected, one exchange of four bytes each. */
const OPEN = '0 > S\n1 < SA\n1.1 > A\n2 > PA len=4\n3 < PA len=4\n3.1 > A\n';

describe('firewall-state-expiry', () => {
  it('can be the cause when the first packet after a long quiet is answered', () => {
    const { fired } = judge(OPEN + '400003 > PA len=4\n400004 < R');
    expect(fired).toContain('firewall-state-expiry');
  });
  it('stays quiet without a quiet', () => {
    const { fired } = judge(OPEN + '10 > PA len=4\n11 < R');
    expect(fired).not.toContain('firewall-state-expiry');
  });
  it('cannot tell a device that forgot from a host that did', () => {
    const { cause } = judge(OPEN + '400003 > PA len=4\n400004 < R');
    expect(cause.level).toBe('possible');
    expect(cause.group).toEqual(expect.arrayContaining(['firewall-state-expiry', 'no-socket', 'firewall-reject']));
  });
});
