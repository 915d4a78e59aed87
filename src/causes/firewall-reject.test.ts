import { describe, expect, it } from 'vitest';
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
});
