import { describe, expect, it } from 'vitest';
import { conversation } from '../flow/testing/conversation.ts';
import { judge, judgePackets, mechanismOf, type Verdict } from './testing/read.ts';

/** Request and answer, five packets of the server so that its habits are known. */
const OPEN = `
0   > S
1   < SA
1.1 > A
2   > PA "GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n"
3   < A
4   < PA "HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\n\\r\\nabc"
4.1 > A
`;
const ASK = '10 > PA "GET / HTTP/1.1\\r\\n\\r\\n"\n';
const REFUSED = 'rawseq=0 win=0 ts=off id=0';
const facts = (verdict: Verdict): string[] => verdict.mechanism.evidence.map(({ fact }) => fact);

const effects = (lines: string) => judge(OPEN + lines).effects;

describe('an answer', () => {
  /** A request of two segments, the first of which was answered while the second was on its way. */
  const FAR =
    '0 > S\n0.1 < SA\n60 > A\n62 > PA len=9\n62.1 > PA len=9\n62.15 < A ack=10\n62.2 > PA len=9\n63 < PA len=9\n';
  it.each([
    ['a round trip behind its segment', '200 < PA len=9\n262 > R', 'passive-answer'],
    ['much later', '200 < PA len=9\n900 > R', 'unknown'],
  ])('comes %s', (_name, lines, mechanism) => {
    const verdict = judge(`${FAR}125 > A\n${lines}`, { clientTtl: 62, serverTtl: 64 });
    expect(verdict.mechanism.mechanism).toBe(mechanism);
  });
  it('may take a second where no round trip was measured', () => {
    const atServer = { clientTtl: 62, serverTtl: 64 };
    expect(judge('0 > S\n0.1 < SA\n240 > R', atServer).mechanism.mechanism).toBe('passive-answer');
    expect(judge('0 > S\n0.1 < SA\n1240 > R', atServer).mechanism.mechanism).toBe('unknown');
  });
});

describe('shapes', () => {
  it.each([
    ['Linux without a socket', `${ASK}11 < R`, 'passive-answer', 'likely', 'endpoint'],
    ['Linux, live socket with timestamps', `${ASK}11 < A\n15 < RA`, 'active-abort', 'likely', 'endpoint'],
    ['MPTCP subflow aborted', '10 < RA mptcp=1', 'active-abort', 'likely', 'endpoint'],
    ['MPTCP subflow without a socket', `${ASK}11 < R mptcp=1`, 'passive-answer', 'likely', 'endpoint'],
    [
      'bare, with an acknowledgement number, as Windows',
      `${ASK}11 < R ack=50`,
      'passive-answer',
      'possible',
      'endpoint',
    ],
    ['bare, with a window, out of nothing', `${ASK}11 < A\n900 < R win=100`, 'active-abort', 'possible', 'endpoint'],
    ['RST+ACK, window 0, no options', `${ASK}11 < A\n15 < RA win=0 ts=off`, 'active-abort', 'possible', 'endpoint'],
    ['bare, sequence number out of nowhere', '10 < R seq=9000', 'unknown', 'possible', 'unknown'],
    ['RST+ACK, sequence number out of nowhere', '10 < RA seq=9000 win=0 ts=off', 'unknown', 'possible', 'unknown'],
  ])('%s', (_name, lines, mechanism, level, actor) => {
    expect(judge(OPEN + lines).mechanism).toMatchObject({ mechanism, level, actor });
  });
  it('Linux, live socket without timestamps', () => {
    const { mechanism } = judge(`${OPEN}${ASK}11 < A\n15 < RA`, { timestamps: false });
    expect(mechanism).toMatchObject({ mechanism: 'active-abort', level: 'likely', actor: 'endpoint' });
  });
  it('refused: the RST acknowledges the SYN', () => {
    const verdict = judge(`0 > S\n1 < RA ${REFUSED}`);
    expect(verdict.mechanism).toMatchObject({ mechanism: 'syn-answer', level: 'likely', actor: 'endpoint' });
    expect(verdict.cause.id).toBe('refused');
  });
});

describe('a slow path', () => {
  const CLOSED = '5 < FA\n5.1 > A\n6 > PA len=200\n7 > FA\n';
  it('does not hide which segments a train of RSTs answers', () => {
    const verdict = judge(`${OPEN}${CLOSED}900 < R\n900.1 < R`);
    expect(verdict.mechanism).toMatchObject({ mechanism: 'passive-answer', level: 'likely' });
    expect(verdict.facts.trigger).toMatchObject({ kind: 'data', delayMs: 894 });
    expect(verdict.facts.idleMs).toBeCloseTo(2);
  });
  it('explains no single RST so long after everything', () => {
    expect(judge(`${OPEN}${CLOSED}900 < R`).mechanism.mechanism).toBe('unknown');
  });
});

describe('somebody in between', () => {
  it.each([
    ['TTL', 'ttl=57', 'ttl-differs'],
    ['DF', 'df=0 id=4711', 'df-differs'],
    ['timestamp', 'ts=1', 'timestamp-skew'],
  ])('is likely when the %s contradicts and the endpoint talks on', (_name, field, fact) => {
    const verdict = judge(`${OPEN}10 < RA ${field}\n11 < PA len=50\n300 < PA len=50\n300.1 > A`);
    expect(verdict.mechanism).toMatchObject({ mechanism: 'forged', level: 'likely', actor: 'middlebox' });
    expect(facts(verdict)).toEqual(expect.arrayContaining([fact, 'claimed-sender-talks-on']));
    expect(verdict.cause).toMatchObject({ id: 'injected', level: 'likely' });
  });
  it('is likely when the first news came within a round trip and more came long after', () => {
    const verdict = judge(`${OPEN}10 < RA df=0 id=4711 win=0 ts=off\n11 < PA len=50\n212 < PA len=50\n612 < PA len=50`);
    expect(verdict.mechanism.actor).toBe('middlebox');
  });
  it('is likely when the endpoint stamps a retransmission after “its” RST', () => {
    const verdict = judge(`${OPEN}9 < PA len=50\n10 < RA df=0 id=4711 win=0 ts=off\n210 < PA len=50 seq=42`);
    expect(facts(verdict)).toContain('claimed-sender-talks-on');
    expect(verdict.mechanism.actor).toBe('middlebox');
  });
  it('answers in the path when the RST takes its place behind a segment', () => {
    const verdict = judge(`${OPEN}${ASK}10.5 < R ttl=63\n500 < PA len=50\n500.1 > R`);
    expect(verdict.mechanism).toMatchObject({ mechanism: 'in-path-answer', actor: 'middlebox' });
    expect(verdict.cause.id).toBe('firewall-reject');
  });
  it('is not named when the endpoint talks on and nothing else sets the RST apart', () => {
    const verdict = judge(`${OPEN}10 < RA\n11 < PA len=50\n300 < PA len=50\n300.1 > A`);
    expect(verdict.mechanism).toMatchObject({ mechanism: 'unknown', actor: 'unknown', actorLevel: 'possible' });
  });
});

const written = (ids: readonly number[], rstId: number): Verdict =>
  judge(
    `${OPEN}${ids.map((id, i) => `${5 + i} ${i % 2 === 0 ? '>' : '<'} PA len=5 id=${id}\n`).join('')}12 < RA id=${rstId}`,
  );

describe('a device that writes for both sides', () => {
  it('leaves open who sent the RST, and its clock and counter do not speak for the endpoint', () => {
    const verdict = written([30_002, 30_003, 30_004, 30_005, 30_006, 30_007], 30_008);
    expect(verdict.mechanism).toMatchObject({ level: 'possible', actor: 'unknown', actorLevel: 'possible' });
    expect(facts(verdict)).toContain('one-ip-id-counter');
    expect(facts(verdict)).not.toContain('timestamp-continues');
    expect(facts(verdict)).not.toContain('ip-id-continues');
    expect(verdict.cause.level).toBe('possible');
  });
  it('is not seen where each side counts on its own', () => {
    const verdict = written([7005, 30_003, 7006, 30_004, 7007, 30_005], 30_006);
    expect(verdict.mechanism).toMatchObject({ level: 'likely', actor: 'endpoint', actorLevel: 'likely' });
    expect(facts(verdict)).toEqual(expect.arrayContaining(['timestamp-continues', 'ip-id-continues']));
  });
});

describe('nobody in between is accused', () => {
  it.each([
    ['TTL alone, answering', `${ASK}10.5 < R ttl=63`],
    ['TTL alone, aborting', '10 < RA ttl=63'],
    ['TTL and DF, silence after', '10 < RA ttl=128 df=0 id=4711 win=0 ts=off'],
    ['timestamp skew alone', '10 < RA ts=1'],
    ['DF alone', '10 < RA df=0'],
    ['TTL of zero', `${ASK}11 < R ttl=0`],
    ['a route that changed', `10 < PA len=10 ttl=60\n10.2 > A\n12 > PA len=10\n13 < R ttl=60`],
    ['a TTL that flaps', '10 < PA len=5 ttl=60\n11 < PA len=5\n12 < PA len=5 ttl=60\n13 < RA ttl=59'],
    ['FIN and RST captured in the wrong order', '10 < RA seq=43 ttl=60\n10.01 < FA seq=42\n10.1 > A ack=43'],
    ['a RST that overtook data on a shorter path', `${ASK}11 < RA seq=1042 ttl=60\n31 < PA len=1000 seq=42`],
    [
      'a retransmission behind the RST within a round trip',
      '10 < PA len=50\n10.2 < RA ttl=60\n10.6 < PA len=50 seq=42',
    ],
    ['a late copy, stamped before the RST', '10 < PA len=50\n20 < RA ttl=60\n220 < PA len=50 seq=42 ts=900012'],
    ['an IP-ID counter that other traffic moved on', '5 < A\n6 < A\n7 < A\n8 < A\n60000 < RA id=33000'],
  ])('%s', (_name, lines) => {
    const { mechanism, cause } = judge(OPEN + lines);
    expect(mechanism.actor).not.toBe('middlebox');
    expect(['injected', 'firewall-reject'].includes(cause.id) && cause.level === 'likely').toBe(false);
  });
  it('when a route change leaves no TTL to hold the RST against', () => {
    const verdict = judge(`${OPEN}10 < PA len=10 ttl=60\n10.2 > A\n12 > PA len=10\n13 < R ttl=60`);
    expect(facts(verdict)).not.toContain('ttl-differs');
  });
  it('when a SYN tried again meets a listener that was not there before', () => {
    const verdict = judge(
      `0 > S\n1 < RA ${REFUSED} ttl=60\n500 > S\n501 < SA\n501.1 > A\n502 > PA len=5\n503 < A\n504 < PA len=9\n504.1 > A`,
    );
    expect(verdict.mechanism).toMatchObject({ mechanism: 'syn-answer', actor: 'unknown' });
    expect(facts(verdict)).not.toContain('claimed-sender-talks-on');
  });
  it('but a SYN+ACK to the very SYN that was refused says that the RST was not the server’s', () => {
    const verdict = judge(`0 > S\n1 < RA ${REFUSED} ttl=57\n3 < SA\n3.1 > R\n4 < SA`);
    expect(facts(verdict)).toContain('claimed-sender-talks-on');
  });
  it('when the client resets an old connection and opens anew on the same ports', () => {
    const old = conversation(`${OPEN}10 < FA\n10.1 > A`);
    const renewed = conversation(
      '100 > S\n100.2 < R seq=80001 ttl=63\n101 < SA\n101.1 > A\n103 < PA len=9\n103.1 > A',
      {
        clientIsn: 900_000,
        serverIsn: 33_333,
      },
    );
    for (const { mechanism } of judgePackets(old, renewed)) expect(mechanism.actor).not.toBe('middlebox');
  });
  it('when packets are captured twice, a hop apart', () => {
    const verdict = judge(`
      0    > S
      0.01 > S ttl=63 id=7001
      1    < SA
      1.01 < SA ttl=60
      1.1  > A
      1.11 > A ttl=63 id=7003
      2    > PA len=20
      2.01 > PA len=20 seq=1 ttl=63 id=7005
      3    < R
      3.01 < R ttl=60`);
    expect(verdict.facts.rsts.map((rst) => mechanismOf(verdict.facts, rst).actor)).toEqual(['endpoint', 'endpoint']);
  });
});

describe('effect', () => {
  it('accepted: the exact sequence number, and silence', () => {
    expect(effects('10 < RA')).toEqual(['accepted']);
  });
  it('challenged: another sequence number, and a pure ACK', () => {
    expect(effects('10 < RA seq=500\n10.1 > A')).toEqual(['challenged']);
  });
  it('ignored: the receiver writes on later than a round trip', () => {
    expect(effects('10 < RA seq=500\n200 > PA len=5\n400 > PA len=5')).toEqual(['ignored']);
  });
  it('unknown: the capture shows nothing of the receiver', () => {
    expect(judge('0 < PA len=5\n1 < RA').effects).toEqual(['unknown']);
  });
  it('makes the real RST the decisive one when a forged one came first', () => {
    const verdict = judge(`${OPEN}10 < RA seq=900 ttl=57\n10.2 > A\n200 < PA len=5\n200.1 > A\n300 < RA`);
    expect(verdict.effects).toEqual(['challenged', 'accepted']);
    expect(verdict.facts.rst).toBe(verdict.facts.rsts[1]);
  });
});
