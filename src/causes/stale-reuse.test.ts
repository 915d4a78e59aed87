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
  it('is told by the request, also when the RST that counts answers the acknowledgement behind it', () => {
    const get = '"GET / HTTP/1.1\\r\\n\\r\\n"';
    const ok = '"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n"';
    const { cause, facts } = judge(
      `0 > S\n1 < SA\n90 > A\n91 > PA ${get}\n92 < PA ${ok}\n93 < FA\n140 > PA ${get} ack=39\n140.1 < R seq=39\n242 > A\n242.1 < R`,
    );
    expect(facts.trigger).toMatchObject({ kind: 'ack' });
    expect(cause).toMatchObject({ id: 'stale-reuse', level: 'likely' });
    expect(cause.evidence.map(({ fact }) => fact)).toContain('race');
    expect(cause.evidence[0]!.text).toMatch(/after 48 ms idle$/);
  });
  it('fires behind a farewell: what a server says unasked before its FIN continues no exchange', () => {
    const farewell = `${OPEN}5000 < PA len=60\n5001 < FA\n5001.1 > A\n5050 > PA len=4\n5051 < R`;
    expect(judge(farewell).cause).toMatchObject({ id: 'stale-reuse', level: 'likely' });
    const answer = `${OPEN}4999 > PA len=4\n${farewell.slice(OPEN.length)}`;
    expect(judge(answer).fired).not.toContain('stale-reuse');
  });
  it('tells a FIN that crossed the request from one that had arrived', () => {
    const race = judge(OPEN + '5003 < FA\n5003.05 > PA len=4 ack=5\n5004 < R seq=5').cause.evidence;
    expect(race.map(({ fact }) => fact)).toContain('race');
    const late = judge(OPEN + '5003 < FA\n5003.1 > A\n5400 > PA len=4\n5401 < R').cause.evidence;
    expect(late.map(({ fact }) => fact)).toContain('late');
  });
});
