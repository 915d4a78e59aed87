import { describe, expect, it } from 'vitest';
import { judge } from './testing/read.ts';

/** Connected, three exchanges of four bytes each; the server's TTL as captured is 61, its answers take 10 ms. */
const OPEN = `
0    > S
10   < SA
10.1 > A
20   > PA len=4
30   < PA len=4
30.1 > A
40   > PA len=4
50   < PA len=4
50.1 > A
60   > PA len=4
70   < PA len=4
70.1 > A
`;
const facts = (lines: string): readonly string[] => judge(OPEN + lines).cause.evidence.map(({ fact }) => fact);

describe('an answer from nearer than all before', () => {
  it('speaks for another kernel, or a filter, against the host that had answered', () => {
    const { cause } = judge(`${OPEN}800 > PA len=4\n806 < R ttl=62`);
    expect(cause).toMatchObject({
      id: 'state-mismatch',
      level: 'possible',
      group: ['state-mismatch', 'firewall-reject'],
    });
    expect(cause.evidence[0]).toMatchObject({
      fact: 'answered-from-nearer',
      text: expect.stringContaining('one hop less on its TTL, and 6.0 ms after the segment'),
      expected: 'TTL 61, 10 ms or more',
      received: 'TTL 62, 6.0 ms',
    });
    const share = (id: string) => cause.alternatives.find((other) => other.id === id)!.confidence;
    expect(share('firewall-reject')).toBeCloseTo(cause.confidence, 2);
    expect(share('no-socket')).toBeLessThan(cause.confidence / 2);
  });
  it('may come from a device that forgot, too, when it was quiet before', () => {
    const { cause } = judge(`${OPEN}400000 > PA len=4\n400006 < R ttl=62`);
    expect(cause.level).toBe('possible');
    expect(new Set(cause.group)).toEqual(new Set(['firewall-state-expiry', 'firewall-reject', 'state-mismatch']));
  });
  it('leaves a filter in front after a short quiet, and the host that answered before out of the group', () => {
    const { cause } = judge(`${OPEN}3000 > PA len=4\n3006 < R ttl=62`);
    expect(cause.group).toEqual(['firewall-reject', 'state-mismatch', 'firewall-state-expiry']);
  });
  it.each([
    ['as many hops, only sooner', '800 > PA len=4\n806 < R'],
    ['fewer hops, but no sooner', '800 > PA len=4\n810 < R ttl=62'],
    ['more hops', '800 > PA len=4\n806 < R ttl=60'],
    ['a TTL that no hops explain', '800 > PA len=4\n806 < R ttl=255'],
    ['it may answer the acknowledgement before', '798 > A\n800 > PA len=4\n806 < R ttl=62'],
  ])('is not shown by %s', (_name, lines) => {
    const { cause } = judge(OPEN + lines);
    expect(facts(lines)).not.toContain('answered-from-nearer');
    expect(cause.group).toContain('no-socket');
  });
  it('needs several answers to know the fastest', () => {
    const few = '0 > S\n30 < SA\n30.1 > A\n40 > PA len=4\n50 < PA len=4\n50.1 > A\n';
    expect(judge(`${few}800 > PA len=4\n806 < R ttl=62`).cause.id).toBe('no-socket');
  });
  it('cannot be told from a host in the same rack', () => {
    const near =
      '0 > S\n2 < SA\n2.1 > A\n3 > PA len=4\n5 < PA len=4\n6 > PA len=4\n8 < PA len=4\n9 > PA len=4\n11 < PA len=4\n11.1 > A\n';
    expect(judge(`${near}200 > PA len=4\n200.5 < R ttl=62`).cause.id).toBe('no-socket');
  });
});
