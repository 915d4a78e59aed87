import { describe, expect, it } from 'vitest';
import { deadPeer } from './dead-peer.ts';
import { population } from './testing/facts.ts';
import { judge } from './testing/read.ts';

/** Connected, one exchange of four bytes each. */
const OPEN = '0 > S\n1 < SA\n1.1 > A\n2 > PA len=4\n3 < PA len=4\n3.1 > A\n';

describe('dead-peer', () => {
  it('fires after unanswered keep-alive probes', () => {
    const { fired } = judge(OPEN + '10000 > A seq=4\n11000 > A seq=4\n12000 > A seq=4\n13000 > RA');
    expect(fired).toContain('dead-peer');
  });
  it('stays quiet when the probes asked whether a closed window had opened', () => {
    const { fired } = judge(OPEN + '3.2 > A win=0\n10000 < A seq=4\n11000 < A seq=4\n13000 < RA');
    expect(fired).not.toContain('dead-peer');
  });
  it('stays quiet when the probes were answered', () => {
    const { fired } = judge(OPEN + '10000 > A seq=4\n10001 < A\n11000 > A seq=4\n11001 < A\n13000 > RA');
    expect(fired).not.toContain('dead-peer');
  });
  it('does not count a probe that has had no time to be answered', () => {
    expect(judge(OPEN + '10000 > A seq=4\n10001 < A\n11000 > A seq=4\n11080 > RA').fired).not.toContain('dead-peer');
    expect(judge(OPEN + '10000 > A seq=4\n10001 < A\n11000 > A seq=4\n12000 > RA').fired).toContain('dead-peer');
    const far = '0 > S\n800 < SA\n800.1 > A\n802 > PA len=4\n1603 < PA len=4\n1603.1 > A\n10000 > A seq=4\n10801 < A\n';
    expect(judge(`${far}12000 > A seq=4\n13000 > RA`).fired).not.toContain('dead-peer');
  });
  describe('advises by what went unanswered', () => {
    it('probes: how often they are sent', () => {
      const said = advice(`${OPEN}10000 > A seq=4\n11000 > A seq=4\n12000 > A seq=4\n13000 > RA`);
      expect(said).toMatch(/TCP_KEEPIDLE/);
      expect(said).toMatch(/timer:\(keepalive/);
      expect(said).not.toMatch(/TCP_USER_TIMEOUT|[Rr]etransmission/);
    });
    it('retransmissions: how long they go on', () => {
      const repeats = [200, 600, 1400, 3000, 6000, 12000].map((at) => `${at} < PA len=500 seq=5`).join('\n');
      const said = advice(`${OPEN}4 < PA len=500\n${repeats}\n24000 < RA`);
      expect(said).toMatch(/TCP_USER_TIMEOUT 30000/);
      expect(said).toMatch(/tcp_retries2/);
      expect(said).toMatch(/TCPAbortOnTimeout/);
      expect(said).not.toMatch(/TCP_KEEPIDLE|timer:\(keepalive|[Pp]robes/);
    });
  });
});

function advice(lines: string): string {
  const { facts, mechanism, cause } = judge(lines);
  const input = { facts, mechanism, population: population([facts]) };
  expect(cause.id).toBe('dead-peer');
  const said = [...deadPeer.remedies(input), ...deadPeer.confirm(input)];
  return said.map(({ text, command, why }) => `${text} ${command} ${why}`).join('\n');
}
