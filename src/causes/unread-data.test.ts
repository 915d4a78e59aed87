import { describe, expect, it } from 'vitest';
import { judge } from './testing/read.ts';
import { fires, resetCase, resetFacts } from './testing/facts.ts';
import { unreadData } from './unread-data.ts';

/** Connected, one exchange of four bytes each. */
const OPEN = '0 > S\n1 < SA\n1.1 > A\n2 > PA len=4\n3 < PA len=4\n3.1 > A\n';

describe('unread-data', () => {
  it('fires when the window that was used up is open on the RST', () => {
    const full = resetFacts({ windowLeft: 0, windowOnRst: 4096 });
    const judged = fires(unreadData, unreadData.judge(resetCase(full, 'active-abort')));
    expect(judged).toMatchObject({ weight: 0.95, twins: ['process-crash', 'killed'] });
    expect(judged.evidence[0]).toMatchObject({ fact: 'window-reopens', received: 'window 4096' });
    const closed = unreadData.judge(resetCase(resetFacts({ windowLeft: 0, windowOnRst: 0 }), 'active-abort'));
    expect(fires(unreadData, closed).evidence[0]!.fact).not.toBe('window-reopens');
  });
  it('names why it may not have been read, where the server never said anything', () => {
    const silent = { windowLeft: 0, windowOnRst: 4096, bytes: { server: 0 } };
    const judged = unreadData.judge(resetCase(resetFacts(silent), 'active-abort'));
    expect(fires(unreadData, judged).twins).toEqual([
      'process-crash',
      'killed',
      'payload-rejected',
      'protocol-mismatch',
    ]);
    const whole = unreadData.judge(
      resetCase(resetFacts({ ...silent, app: { requestComplete: true } }), 'active-abort'),
    );
    expect(fires(unreadData, whole).twins).toEqual(['process-crash', 'killed']);
  });
  it('fires when a request was never answered', () => {
    const { cause } = judge(
      '0 > S\n1 < SA\n1.1 > A\n2 > PA "GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n"\n2.1 < A\n800 < RA',
    );
    expect(cause).toMatchObject({ id: 'unread-data', level: 'possible' });
    expect(cause.evidence[0]!.fact).toBe('request-unanswered');
    expect(cause.group).not.toContain('policy-abort');
    expect(cause.group).toContain('resource-exhaustion');
  });
  it('stays quiet when the peer had sent nothing, or had been answered', () => {
    expect(judge('0 > S\n1 < SA\n1.1 > A\n2 < PA len=4\n2.1 > A\n10 < RA').fired).not.toContain('unread-data');
    expect(judge(`${OPEN}10 < RA`).fired).not.toContain('unread-data');
  });
  it('stays quiet when a kernel without a socket answers', () => {
    expect(judge(`${OPEN}10 > PA len=4\n10.1 < R`).fired).not.toContain('unread-data');
  });
  it('cannot tell whether the last bytes were read, and names what would leave the same RST', () => {
    const { cause } = judge(`${OPEN}400 > PA len=4\n400.1 < A\n420 < RA`);
    expect(cause).toMatchObject({ id: 'unread-data', level: 'possible' });
    expect(cause.group).toEqual(expect.arrayContaining(['linger-zero', 'process-crash', 'killed']));
    expect(cause.cannotTell[0]).toContain('TCPAbortOnClose on 10.0.0.5');
  });
});
