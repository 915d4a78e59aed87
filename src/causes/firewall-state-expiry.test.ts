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
  it('can be the cause where only keep-alive probes passed: some devices do not count them', () => {
    const probed = '1000 > A seq=4\n1001 < A\n2000 > A seq=4\n2001 < A\n';
    const { cause, fired } = judge(`${OPEN}${probed}2500 > PA len=4\n2501 < R`);
    expect(fired).toContain('firewall-state-expiry');
    expect(cause.group).toContain('firewall-state-expiry');
  });
  it('can be the cause when whoever spoke last speaks again after a long quiet', () => {
    const { facts, fired } = judge(`${OPEN}3000 < PA len=4\n3001 > R`);
    expect(facts).toMatchObject({ idleMs: expect.closeTo(2997), quietMs: expect.closeTo(2996.9) });
    expect(fired).toContain('firewall-state-expiry');
    expect(judge(`${OPEN}500 < PA len=4\n3000 < PA len=4 seq=5\n3001 > R`).facts.idleMs).toBeCloseTo(1);
  });
  it('cannot tell a device that forgot from a host that did', () => {
    const { cause } = judge(OPEN + '400003 > PA len=4\n400004 < R');
    expect(cause.level).toBe('possible');
    expect(cause.group).toEqual(expect.arrayContaining(['firewall-state-expiry', 'no-socket', 'firewall-reject']));
  });
});
