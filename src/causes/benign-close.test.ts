import { describe, expect, it } from 'vitest';
import { judge } from './testing/read.ts';

/** Connected, one exchange of four bytes each. */
const OPEN = '0 > S\n1 < SA\n1.1 > A\n2 > PA len=4\n3 < PA len=4\n3.1 > A\n';

describe('benign-close', () => {
  it('fires when both sides had closed', () => {
    const { fired } = judge(OPEN + '4 > FA\n5 < FA\n6 > RA');
    expect(fired).toContain('benign-close');
  });
  it('stays quiet when a request is unanswered', () => {
    const { fired } = judge(OPEN + '10 > PA len=4\n11 < A\n20 < RA');
    expect(fired).not.toContain('benign-close');
  });
  it('stays quiet when both had closed, but data met the closed socket', () => {
    const { fired } = judge(OPEN + '4 > PA len=900\n4.1 > FA\n4.2 < FA ack=5\n5 < RA win=0 ts=off ack=5');
    expect(fired).not.toContain('benign-close');
    expect(fired).toContain('data-after-close');
  });
  it('fires when only a TLS close_notify met the closed socket', () => {
    const notify = '"\\u0015\\u0003\\u0003\\u0000\\u0002\\u0001\\u0000"';
    const hello = '"\\u0016\\u0003\\u0001\\u0000\\u0001\\u0001"';
    const { cause } = judge(
      `0 > S\n1 < SA\n1.1 > A\n2 > PA ${hello}\n3 < PA len=90\n4 < FA\n4.1 > PA ${notify}\n4.2 > FA\n4.3 < R`,
    );
    expect(cause.id).toBe('benign-close');
  });
  it('fires when a keep-alive probe meets a socket that had closed long before', () => {
    const { cause } = judge(OPEN + '4 < FA\n4.1 > A\n120000 > A seq=4\n120000.1 < R');
    expect(cause).toMatchObject({ id: 'benign-close', level: 'likely' });
    expect(cause.evidence[0]?.text).toContain('keep-alive probe');
  });
});
