import { describe, expect, it } from 'vitest';
import type { ResetFacts } from '../evidence/facts.ts';
import { relayed } from './relayed.ts';
import { atMs, fires, population, resetCase, resetFacts, type Change } from './testing/facts.ts';

/** The other leg of the proxy 10.0.0.5 (host 2): to its upstream 10.0.0.7 (host 3). */
function upstream(change: Change<ResetFacts> = {}): ResetFacts {
  return resetFacts({
    row: 1,
    client: { address: '10.0.0.5', port: 40_000, host: 2 },
    server: { address: '10.0.0.7', port: 3000, host: 3 },
    atNs: atMs(1005),
    ...change,
  });
}
function judge(facts: ResetFacts, ...others: ResetFacts[]) {
  return relayed.judge(resetCase(facts, 'active-abort', population([facts, ...others])));
}

describe('relayed', () => {
  it('is likely when the other leg was reset just before with the same bytes', () => {
    const judged = fires(relayed, judge(resetFacts(), upstream()));
    expect(judged).toMatchObject({ weight: 0.85, level: 'likely' });
    expect(judged.evidence[0]!.text).toBe('10.0.0.7:3000 reset the other connection of 10.0.0.5 5.0 ms before');
  });
  it('names the leg on which to look', () => {
    const facts = resetFacts();
    const input = resetCase(facts, 'active-abort', population([facts, upstream()]));
    expect(relayed.tell(input)).toContain('passed on the reset that 10.0.0.7:3000 had sent');
    expect(relayed.remedies(input)[0]!.text).toContain('10.0.0.5:40000 to 10.0.0.7:3000');
  });
  it('follows a client’s reset from the near leg to the far one', () => {
    const far = upstream({ sender: 'client', atNs: atMs(1012) });
    const near = resetFacts({ sender: 'client' });
    expect(fires(relayed, judge(far, near)).weight).toBe(0.85);
    expect(judge(near, far).outcome).toBe('no');
  });
  it('is possible by time alone only when the host is known to forward', () => {
    const other = upstream({ bytes: { client: 1, server: 2 } });
    expect(judge(resetFacts(), other).outcome).toBe('no');
    expect(fires(relayed, judge(resetFacts({ server: { role: 'proxy' } }), other))).toMatchObject({
      weight: 0.5,
      level: 'possible',
    });
  });
  it('stays quiet when the other reset came earlier, later or from elsewhere', () => {
    expect(judge(resetFacts(), upstream({ atNs: atMs(700) })).outcome).toBe('no');
    expect(judge(resetFacts(), upstream({ atNs: atMs(1012) })).outcome).toBe('no');
    expect(judge(resetFacts(), upstream({ client: { host: 8 } })).outcome).toBe('no');
  });
  it('matches the server’s bytes where the client sent none', () => {
    const greeting = { bytes: { client: 0, server: 80 } };
    expect(fires(relayed, judge(resetFacts(greeting), upstream(greeting))).weight).toBe(0.85);
  });
  it('does not take empty connections for equal ones', () => {
    const none = { bytes: { client: 0, server: 0 } };
    expect(judge(resetFacts(none), upstream(none)).outcome).toBe('no');
  });
});
