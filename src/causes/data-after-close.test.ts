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
  it('fires for a RST that acknowledges what it throws away, as Windows sends it', () => {
    const { cause, mechanism } = judge(OPEN + '4 > FA\n4.1 < PA len=42\n4.2 > RA win=0 ts=off');
    expect(mechanism.mechanism).toBe('active-abort');
    expect(cause).toMatchObject({ id: 'data-after-close', level: 'likely' });
  });
  it('fires when the RST answers the ACK behind the late data', () => {
    const { cause } = judge(OPEN + '4 > FA\n4.1 < PA len=3 ack=5\n4.2 < A\n5 > R');
    expect(cause.id).toBe('data-after-close');
    expect(cause.evidence[0]?.text).toContain('brought 3 more bytes');
  });
});
