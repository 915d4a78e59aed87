import { describe, expect, it } from 'vitest';
import { noSocket } from './no-socket.ts';
import { population } from './testing/facts.ts';
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
  it('cannot tell the host from a filter or another host in front of it, and asks on its own interface', () => {
    const { cause } = judge(OPEN + '5 > PA len=4\n6 < R');
    expect(cause).toMatchObject({ id: 'no-socket', level: 'possible' });
    expect(cause.group).toEqual(expect.arrayContaining(['state-mismatch', 'firewall-reject']));
    expect(cause.cannotTell[0]).toContain('a capture on its own interface');
  });
  it('does not look between two programs of one host', () => {
    const { cause, facts, mechanism } = judge(OPEN + '5 > PA len=4\n6 < R', { client: '10.0.0.5', serverTtl: 64 });
    expect(cause.cannotTell[0]).toContain('the kernel of 10.0.0.5 or a reject rule there');
    const checks = noSocket.confirm({ facts, mechanism, population: population([facts]) });
    expect(checks.map(({ why }) => why).join(' ')).not.toContain('in between');
    expect(checks.length).toBe(2);
  });
});
