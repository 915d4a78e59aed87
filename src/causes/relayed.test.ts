import { describe, expect, it } from 'vitest';
import type { ResetFacts } from '../evidence/facts.ts';
import { relayed } from './relayed.ts';
import { atMs, fires, mark, packet, population, resetCase, resetFacts, type Change } from './testing/facts.ts';

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

const asks = (line: string, bytes: number): Change<ResetFacts> => ({
  bytes: { client: bytes, server: 0 },
  app: { request: { line, method: 'GET' } as never },
});
const first = (client: string): Change<ResetFacts> => ({ app: { firstText: { client } } });
const here = (frame: number, dataMs: number, change: Change<ResetFacts>): ResetFacts =>
  resetFacts({
    client: { address: '10.0.0.5', host: 2 },
    server: { host: 2 },
    marks: [mark({ frame: 1, tNs: atMs(dataMs), length: 500 })],
    half: { client: { lastDataNs: atMs(dataMs) } },
    rst: { packet: packet({ frame, side: 1, flags: 0x14 }) },
    ...change,
  });

const ends = (client: string, server: string, port: number): Change<ResetFacts> => ({
  client: { address: client, host: 7 },
  server: { address: server, port, host: 8 },
});

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
  it('knows all loopback addresses for one machine', () => {
    const near = resetFacts(ends('127.0.0.1', '127.1.2.3', 443));
    expect(fires(relayed, judge(near, upstream(ends('127.0.0.1', '127.1.2.3', 3000)))).weight).toBe(0.85);
    const apart = resetFacts(ends('10.0.0.9', '10.0.0.5', 443));
    expect(judge(apart, upstream(ends('10.0.0.9', '10.0.0.5', 3000))).outcome).toBe('no');
  });
  it('finds the far leg of a proxy on the capturing host behind its loopback', () => {
    const far = upstream({ client: { address: '127.0.0.1', host: 7 }, server: { address: '127.0.0.1', host: 7 } });
    expect(fires(relayed, judge(resetFacts({ observedAt: 'server' }), far)).weight).toBe(0.85);
    expect(judge(resetFacts({ observedAt: 'client' }), far).outcome).toBe('no');
  });
  it('pairs legs by the request that both carried, whatever the proxy added to it', () => {
    const judged = fires(
      relayed,
      judge(resetFacts(asks('GET /a HTTP/1.1', 90)), upstream(asks('GET /a HTTP/1.0', 130))),
    );
    expect(judged).toMatchObject({ weight: 0.92, level: 'likely' });
    expect(judged.evidence[1]!.text).toBe('both legs carried the request GET /a');
    expect(judge(resetFacts(asks('GET /a HTTP/1.1', 90)), upstream(asks('GET /b HTTP/1.1', 90))).outcome).toBe('no');
  });
  it('pairs legs by a PROXY header that names the client', () => {
    const far = upstream({
      bytes: { client: 560 },
      app: { firstText: { client: 'PROXY TCP4 10.0.0.9 10.0.0.5 51234 443' } },
    });
    expect(fires(relayed, judge(resetFacts(), far)).evidence[1]!.text).toContain('PROXY header of 10.0.0.9:51234');
    const other = upstream({
      bytes: { client: 560 },
      app: { firstText: { client: 'PROXY TCP4 10.0.0.8 10.0.0.5 51234 443' } },
    });
    expect(judge(resetFacts(), other).outcome).toBe('no');
  });
  it('does not pair streams that begin with different texts, though as many bytes long', () => {
    expect(judge(resetFacts(first('USER anna')), upstream(first('USER bert'))).outcome).toBe('no');
  });
  it('on one host lets only the leg be an echo on which the data came first', () => {
    const near = here(11, 100, { atNs: atMs(1010) });
    const far = here(10, 101, { row: 1, server: { host: 2, port: 3000 }, atNs: atMs(1009.5) });
    expect(judge(near, far).outcome).toBe('fires');
    expect(judge(far, near).outcome).toBe('no');
    const elsewhere = here(10, 99, { row: 1, server: { host: 2, port: 3000 }, atNs: atMs(1009.5) });
    expect(judge(near, elsewhere).outcome).toBe('no');
  });
});
