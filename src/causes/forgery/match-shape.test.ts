import { describe, expect, it } from 'vitest';
import { surroundingsOf } from '../surroundings.ts';
import { judge, type Verdict } from '../testing/read.ts';
import { DEVICE_SHAPES } from './device-shapes.ts';
import { likeness, shapesOf } from './match-shape.ts';

/** Two exchanges; the server's window is 502, its TTL as captured 61. */
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
60   > PA len=4 win=777
`;
const shapes = ({ facts }: Verdict): string[] =>
  shapesOf(facts.rst, surroundingsOf(facts, facts.rst)).map(({ id }) => id);

describe('each shape', () => {
  it.each([
    ['linux-no-socket', '70 < R'],
    ['linux-reject', '70 < R ttl=64'],
    ['linux-abort', '70 < RA'],
    ['snort-3', '70 < RA win=0 ts=off df=0 id=51111'],
    ['suricata', '70 < RA win=777 ts=off df=0 id=51111 ttl=62'],
    ['perftech', '70 < RA win=1 ts=off df=0 id=1'],
    ['freebsd-no-socket', '70 < R id=700'],
    ['pf-return-rst', '70 < R ttl=126 df=0 id=700'],
    ['windows-abort', '70 < RA win=0 ts=off ttl=126 id=700'],
    ['windows-no-socket', '70 < R ttl=126 id=700 ack=9'],
    ['tcpkill', '70 < R df=0 id=4711 ttl=64\n70.01 < R seq=786 df=0 id=99 ttl=64\n70.02 < R seq=2340 df=0 id=1 ttl=64'],
    [
      'gfw-2006',
      '70 < RA win=9 ts=off ttl=50\n70.1 < RA win=99 seq=1469 ts=off ttl=51\n70.2 < RA win=7 seq=4389 ts=off ttl=52',
    ],
    ['gfw-2023', '70 < RA win=1980 ts=off ttl=50\n70.1 < RA win=1981 ts=off ttl=51\n70.2 < RA win=1982 ts=off ttl=52'],
  ])('%s', (id, lines) => {
    expect(shapes(judge(OPEN + lines))).toContain(id);
  });
  it('is written down with a source and the measurement that decides', () => {
    for (const shape of DEVICE_SHAPES) {
      expect(shape.source.length, shape.id).toBeGreaterThan(10);
      expect(shape.decides.length, shape.id).toBeGreaterThan(10);
    }
    expect(new Set(DEVICE_SHAPES.map(({ id }) => id)).size).toBe(DEVICE_SHAPES.length);
  });
});

describe('near misses', () => {
  it.each([
    ['snort-3', 'DF is set', '70 < RA win=0 ts=off id=51111'],
    ['snort-3', 'the window is not zero', '70 < RA win=5 ts=off df=0 id=51111'],
    ['suricata', 'the window is nobody’s', '70 < RA win=778 ts=off df=0 id=51111 ttl=62'],
    ['suricata', 'the TTL was higher than 64', '70 < RA win=777 ts=off df=0 id=51111 ttl=120'],
    ['linux-no-socket', 'an IP-ID', '70 < R id=7'],
    ['linux-no-socket', 'timestamps', '70 < R ts=5'],
    ['linux-no-socket', 'a number that answers nothing', '70 < R seq=100'],
    ['linux-abort', 'its IP-ID is of another counter', '70 < RA id=2'],
    ['tcpkill', 'it comes alone', '70 < R df=0 id=4711 ttl=64'],
    ['gfw-2023', 'the windows do not count up', '70 < RA win=9 ts=off\n70.1 < RA win=9 ts=off\n70.2 < RA win=9 ts=off'],
    ['gfw-2006', 'the steps are others', '70 < RA ts=off\n70.1 < RA seq=1009 ts=off\n70.2 < RA seq=2009 ts=off'],
  ])('not %s: %s', (id, _why, lines) => {
    expect(shapes(judge(OPEN + lines))).not.toContain(id);
  });
});

describe('likeness', () => {
  it('says which shapes were recorded, which only read about, and what decides between them', () => {
    const { facts } = judge(`${OPEN}70 < R ttl=64`);
    const like = likeness(facts.rst, surroundingsOf(facts, facts.rst), 'with-endpoints')!;
    expect(like.evidence.text).toContain('a Linux kernel without a socket (recorded)');
    expect(like.evidence.text).toContain('pf “block return-rst” (OpenBSD, FreeBSD) (only read about)');
    expect(like.decides).toContain('cannot be told apart here');
    expect(like.decides).toContain('TcpOutRsts');
  });
  it('names no endpoint where an endpoint did not send it', () => {
    const { facts } = judge(`${OPEN}70 < R ttl=64`);
    const like = likeness(facts.rst, surroundingsOf(facts, facts.rst), 'without-endpoints')!;
    expect(like.evidence.text).not.toContain('kernel without a socket');
  });
  it('never raises a verdict: a shape that was only read about stays possible', () => {
    const { mechanism } = judge(`${OPEN}70 < RA win=777 ts=off df=0 id=51111 ttl=62`);
    expect(mechanism).toMatchObject({ actor: 'unknown', actorLevel: 'possible' });
    expect(mechanism.evidence.map(({ fact }) => fact)).toContain('device-shape');
  });
  it('is silent about a form that nothing here has', () => {
    const { facts } = judge(`${OPEN}70 < RA win=5 ts=1 df=0 id=9 seq=1`);
    expect(likeness(facts.rst, surroundingsOf(facts, facts.rst), 'with-endpoints')).toBeNull();
  });
});
