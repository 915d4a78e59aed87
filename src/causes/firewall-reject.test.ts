import { describe, expect, it } from 'vitest';
import type { ConversationOptions } from '../flow/testing/conversation.ts';
import { firewallReject } from './firewall-reject.ts';
import { onOneHost } from './one-host.ts';
import { population } from './testing/facts.ts';
import { judge } from './testing/read.ts';

/** Connected, two exchanges of four bytes each; the server's TTL as captured is 61. */
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
`;
/** The server, which never saw the segment, sends data and meets a closed client. */
const TALKS_ON = '200 < PA len=9\n200.1 > R\n';

describe('firewall-reject', () => {
  it('shares its verdict with state-mismatch: another host would answer the same while the endpoint talks on', () => {
    const { cause, mechanism } = judge(`${OPEN}66 < R ttl=64\n${TALKS_ON}`);
    expect(mechanism).toMatchObject({ mechanism: 'in-path-answer', level: 'possible' });
    expect(cause).toMatchObject({
      id: 'firewall-reject',
      level: 'possible',
      group: ['firewall-reject', 'state-mismatch'],
    });
    expect(cause.cannotTell.join(' ')).toContain('whether a filter answered, or another host');
  });
  it('gives way to state-mismatch where the answer came from just as far', () => {
    const { cause, mechanism } = judge(`${OPEN}70 < R\n${TALKS_ON}`);
    expect(mechanism).toMatchObject({ mechanism: 'in-path-answer', actor: 'unknown', level: 'possible' });
    expect(new Set(cause.group)).toEqual(new Set(['firewall-reject', 'state-mismatch']));
    expect(cause.level).toBe('possible');
  });
  it('names a device that forgot the connection, too, when it was quiet before', () => {
    const quiet = OPEN.replace('60   > PA', '400000 > PA');
    const { cause } = judge(`${quiet}400006 < R ttl=64\n400200 < PA len=9\n400200.1 > R`);
    expect(cause.group).toContain('firewall-state-expiry');
    expect(cause.group).toContain('state-mismatch');
    expect(cause.level).toBe('possible');
  });
  it('stays possible on another TTL alone', () => {
    const { cause, mechanism } = judge(`${OPEN}66 < R ttl=64`);
    expect(mechanism.actor).toBe('unknown');
    expect(cause.level).toBe('possible');
    expect(cause.group).toContain('firewall-reject');
  });
  it('stays quiet after a FIN', () => {
    const { fired } = judge(`${OPEN}66 < FA\n67 < R ttl=64`);
    expect(fired).not.toContain('firewall-reject');
  });
  describe('on one host', () => {
    const ONE = { client: '10.0.0.5', server: '10.0.0.5', serverTtl: 64 };
    it('is that host’s own rule: nothing lies on the way, and no capture behind it', () => {
      const said = wordsOf(ONE);
      expect(said).toContain('a packet filter of this machine answered');
      expect(said).toContain('the counters of that host’s own reject rules');
      expect(said).toContain('insert rule inet filter input');
      expect(said).not.toMatch(
        /on the path|on the way|in the path|traceroute|capture behind|other side of the suspect/,
      );
    });
    it('and otherwise a device’s, to be looked for on the way', () => {
      const said = wordsOf({});
      expect(said).toContain('something in the path answered');
      expect(said).toContain('insert rule inet filter forward');
      expect(said).toMatch(/counters of the reject rules on the path/);
      expect(said).toContain('tcptraceroute');
    });
    it.each([
      ['127.0.0.1', '127.0.0.1'],
      ['127.0.0.1', '127.0.0.53'],
      ['::1', '::1'],
      ['10.0.0.5', '10.0.0.5'],
    ])('%s and %s are one host', (client, server) => {
      expect(onOneHost({ client: { address: client }, server: { address: server } })).toBe(true);
    });
    it('two addresses are two hosts as far as a capture shows', () => {
      expect(onOneHost({ client: { address: '10.0.0.9' }, server: { address: '10.0.0.5' } })).toBe(false);
    });
    it('asks for its counters, too, where no sign shows a filter', () => {
      expect(judgedAlone(ONE)).toMatchObject({
        outcome: 'cannot-tell',
        wouldTell: expect.stringContaining('own reject rules'),
      });
      expect(judgedAlone({})).toMatchObject({
        outcome: 'cannot-tell',
        wouldTell: expect.stringContaining('a capture behind it'),
      });
    });
  });
});

function wordsOf(options: ConversationOptions): string {
  const { facts, mechanism, cause } = judge(`${OPEN}66 < R ttl=63\n${TALKS_ON}`, options);
  expect(cause.group).toContain('firewall-reject');
  const input = { facts, mechanism, population: population([facts]) };
  const advice = [...firewallReject.remedies(input), ...firewallReject.confirm(input)];
  const said = advice.map(({ text, command, why }) => `${text} ${command} ${why}`);
  return [firewallReject.tell(input), ...cause.cannotTell, ...mechanism.cannotTell, ...said].join('\n');
}

function judgedAlone(options: ConversationOptions) {
  const { facts, mechanism } = judge(`${OPEN}70 < R`, options);
  return firewallReject.judge({ facts, mechanism, population: population([facts]) });
}
