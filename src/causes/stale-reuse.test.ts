import { describe, expect, it } from 'vitest';
import { judge } from './testing/read.ts';

/** Connected, one exchange of four bytes each. */
const OPEN = '0 > S\n1 < SA\n1.1 > A\n2 > PA len=4\n3 < PA len=4\n3.1 > A\n';

describe('stale-reuse', () => {
  it('fires when a new request meets a closed socket', () => {
    const { fired } = judge(OPEN + '5003 < FA\n5003.1 > A\n5400 > PA len=4\n5401 < R');
    expect(fired).toContain('stale-reuse');
  });
  it('stays quiet without a FIN', () => {
    const { fired } = judge(OPEN + '5400 > PA len=4\n5401 < R');
    expect(fired).not.toContain('stale-reuse');
  });
  it('tells a FIN that crossed the request from one that had arrived', () => {
    const race = judge(OPEN + '5003 < FA\n5003.05 > PA len=4 ack=5\n5004 < R seq=5').cause.evidence;
    expect(race.map(({ fact }) => fact)).toContain('race');
    const late = judge(OPEN + '5003 < FA\n5003.1 > A\n5400 > PA len=4\n5401 < R').cause.evidence;
    expect(late.map(({ fact }) => fact)).toContain('late');
  });
});
