/** Each detector fires on what it is for, and stays quiet on the innocent traffic that comes nearest. */
import { describe, expect, it } from 'vitest';
import type { WritablePacket } from '../../capture/write.ts';
import { conversation } from '../../flow/testing/conversation.ts';
import { surroundingsOf } from '../surroundings.ts';
import { judge, judgePackets, type Verdict } from '../testing/read.ts';
import { detect, DETECTORS, type Detector } from './detectors.ts';

/** Two exchanges: the client has sent 8 bytes and the server 8; both sides' habits are known. */
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
`;

/** Detectors that find something on any RST of the verdict's connection. */
function found({ facts }: Verdict): Detector['id'][] {
  const ids = facts.rsts.flatMap((rst) => detect(rst, surroundingsOf(facts, rst)).map(({ id }) => id));
  return DETECTORS.map(({ id }) => id).filter((id) => ids.includes(id));
}

const foundIn = (lines: string): Detector['id'][] => found(judge(OPEN + lines));

/** Segments of the server of 100 bytes, each acknowledged by the client when `acks` is 1. */
function burst(ms: number, count: number, acks: 0 | 1): string {
  return Array.from(
    { length: count },
    (_, i) => `${ms + i} < PA len=100\n${acks === 1 ? `${ms + i + 0.5} > A\n` : ''}`,
  ).join('');
}

/** Whether somebody in between is named. */
function accuses({ mechanism, cause }: Verdict): boolean {
  return mechanism.actor === 'middlebox' || cause.id === 'injected';
}

describe('RST_SEQ_DATA', () => {
  it('finds new data of the sender later than a round trip', () => {
    expect(foundIn('60 < RA\n90 < PA len=4\n90.1 > A')).toEqual(['RST_SEQ_DATA']);
  });
  it('finds a SYN+ACK to the SYN that was refused', () => {
    expect(found(judge('0 > S\n1 < RA rawseq=0 win=0 ts=off id=0 ttl=57\n9 < SA'))).toEqual(['RST_SEQ_DATA']);
  });
  it('finds new data at the very next number after minutes of silence', () => {
    expect(foundIn('60 < RA\n1700000 < PA len=4')).toEqual(['RST_SEQ_DATA']);
  });
  it('finds an acknowledgement of what the client sent after the RST', () => {
    expect(foundIn('60 < RA seq=1009\n60.1 > A\n100 > PA len=4\n110 < A')).toEqual(['RST_SEQ_DATA']);
    expect(foundIn('60 < RA seq=1009\n60.1 > PA len=4\n70 < A')).toEqual([]);
    expect(foundIn('60 < RA seq=1009\n60.1 > A\n100 > PA len=4\n110 < A ack=9')).toEqual([]);
  });
  it('finds a retransmission without timestamps only when it comes later than the path holds anything back', () => {
    const without = (lines: string): Detector['id'][] => found(judge(OPEN + lines, { timestamps: false }));
    expect(without('60 < RA\n260 < PA len=4 seq=5')).toEqual(['RST_SEQ_DATA']);
    expect(without('60 < RA\n150 < PA len=4 seq=5')).toEqual([]);
    const slow = OPEN.replaceAll(/^(\d+)/gm, (ms) => String(Number(ms) * 10));
    expect(found(judge(`${slow}600 < RA\n800 < PA len=4 seq=5`, { timestamps: false }))).toEqual([]);
  });
  it('judges one copy of a RST that was captured twice', () => {
    const { facts } = judge(`${OPEN}60 < RA id=9\n60.01 < RA id=9 ttl=60\n90 < PA len=4\n90.1 > A`);
    expect(facts.rsts.map((rst) => detect(rst, surroundingsOf(facts, rst)).length)).toEqual([1, 0]);
  });
  it.each([
    ['reordering within a round trip', '60 < RA seq=13\n61 < PA len=4 seq=9'],
    ['a retransmission that was stamped before', '55 < PA len=4\n60 < RA\n260 < PA len=4 seq=9 ts=900055'],
    ['the client’s answer to a closed connection', '60 < RA\n60.1 > A'],
    ['a keep-alive answer on its way', '60 < RA\n61 < A'],
    ['a SYN+ACK of another handshake', '60 < RA\n1700000 < SA rawseq=777777'],
    ['data of another connection, minutes later', '60 < RA\n1700000 < PA len=4 seq=5000'],
  ])('stays quiet on %s', (_name, lines) => {
    expect(foundIn(lines)).toEqual([]);
  });
  it('stays quiet when the same ports open anew', () => {
    const first = conversation(`${OPEN}60 < RA`);
    const again = conversation(OPEN, { clientIsn: 700_000, serverIsn: 900_000, startMs: 1000 });
    expect(judgePackets(first, again).flatMap(found)).toEqual([]);
  });
});

describe('DATA_SEQ_RST', () => {
  /** The server streams 3000 bytes, of which 1000 are acknowledged. */
  const STREAM = '60 < PA len=1000\n60.1 < PA len=1000\n60.2 < PA len=1000\n61 > A ack=1009\n';
  it('finds a RST+ACK in the middle of what was sent', () => {
    expect(foundIn(`${STREAM}62 < RA seq=1500 ttl=60`)).toEqual(['DATA_SEQ_RST']);
  });
  it('finds a bare RST at a number that nobody had acknowledged', () => {
    expect(foundIn(`${STREAM}62 < R seq=2009`)).toEqual(['DATA_SEQ_RST']);
  });
  it('alone accuses nobody', () => {
    expect(accuses(judge(`${OPEN}${STREAM}62 < RA seq=1500`))).toBe(false);
  });
  it.each([
    ['the end of what was sent', `${STREAM}62 < RA`],
    ['retransmission: the first unacknowledged byte (BSD goes back to it)', `${STREAM}400 < RA seq=1009`],
    ['a shrunken window: its end (tcp_acceptable_seq)', `${STREAM}61.5 > A ack=1009 win=4\n62 < RA seq=1521`],
    ['an answer to an old acknowledgement', '60 < PA len=500\n61 > PA len=4 ack=9\n62 > A\n71 < RA seq=9 win=0 ts=off'],
    ['the first unacknowledged byte, acknowledged long ago', `${burst(60, 30, 0)}400 < RA seq=9`],
    ['a bare RST for a segment that the reader no longer keeps', `${burst(60, 30, 1)}400 < R seq=9`],
    ['the number of a keep-alive probe', '9000 > A seq=8\n9010 < RA seq=8'],
    ['a close: a RST at the FIN’s own number', '60 < FA\n60.1 > A\n61 < RA seq=9'],
    ['TLS close: close_notify, FIN, then a RST for what still comes', '60 > FA len=31\n70 < PA len=31\n70.1 > R seq=9'],
  ])('stays quiet on %s', (_name, lines) => {
    expect(foundIn(lines)).toEqual([]);
  });
  it('stays quiet when the capture lacks bytes that were acknowledged', () => {
    expect(foundIn('60 < PA len=1000\n61 > A ack=5000\n62 < RA seq=500')).toEqual([]);
  });
  it('stays quiet when segmentation offload was captured as one segment', () => {
    expect(foundIn('60 < PA len=64000\n61 > A ack=1469\n62 > A ack=2929\n70 < RA')).toEqual([]);
  });
});

describe('RST_SEQ_CHANGE', () => {
  it('finds RSTs that walk ahead of everything sent, from the first of them on', () => {
    const verdict = judge(`${OPEN}60 < R seq=9 ttl=60\n60.1 < R seq=1469 ttl=60\n60.2 < R seq=4389 ttl=60`);
    expect(found(verdict)).toEqual(['RST_SEQ_CHANGE']);
    expect(verdict.facts.rst.packet.frame).toBe(verdict.facts.rsts[0]!.packet.frame);
    expect(verdict.mechanism).toMatchObject({ mechanism: 'forged', actor: 'middlebox' });
    expect(verdict.cause.id).toBe('injected');
  });
  it('is not excused by data below the numbers that does not reach them', () => {
    const train = '60 < R seq=9\n60.1 < R seq=1469';
    expect(foundIn(`${train}\n60.2 < PA len=4 seq=9`)).toContain('RST_SEQ_CHANGE');
  });
  it('is a forger’s, at steps that no host counts in', () => {
    const train = `${OPEN}60 < R df=0 id=4711 ttl=64\n60.1 < R seq=511 df=0 id=99 ttl=64\n60.2 < R seq=1515 df=0 id=1 ttl=64`;
    const verdict = judge(train, { serverTtl: 254, timestamps: false });
    expect(verdict.mechanism).toMatchObject({ mechanism: 'forged', actor: 'middlebox' });
    expect(verdict.mechanism.evidence.map(({ fact }) => fact)).toContain('recorded-train');
    expect(verdict.cause).toMatchObject({ id: 'injected', level: 'possible', group: ['injected', 'killed'] });
    expect(judge(train.replace('seq=1515', 'seq=1516'), { serverTtl: 254, timestamps: false }).mechanism.actor).toBe(
      'unknown',
    );
  });
  it('alone accuses nobody', () => {
    const verdict = judge(`${OPEN}60 < R seq=9\n60.1 < R seq=1469\n60.2 < R seq=4389`);
    expect(found(verdict)).toEqual(['RST_SEQ_CHANGE']);
    expect(verdict.mechanism).toMatchObject({ mechanism: 'unknown', actor: 'unknown' });
  });
  it.each([
    [
      'answers to several segments',
      '60 > PA len=100\n60.1 > PA len=100\n60.2 > PA len=100\n70 < R\n70.1 < R\n70.2 < R',
    ],
    [
      'answers to segments with rising acknowledgements',
      '60 < PA len=100\n60.1 < PA len=100\n61 > PA len=4 ack=109\n61.1 > PA len=4 ack=209\n71 < R seq=109\n71.1 < R seq=209',
    ],
    ['a live abort, then answers at its number', '60 < RA\n61 > PA len=4\n71 < R seq=9'],
    ['two seconds between them', '60 < R seq=9\n2100 < R seq=1469'],
    ['data in between', '60 < R seq=9\n60.5 < PA len=1460\n61 < R seq=2929'],
    ['numbers within what was sent', '60 < PA len=3000\n61 < R seq=1009\n61.1 < R seq=2009'],
    ['RSTs behind a FIN', '60 < FA\n60.1 > A\n61 < R seq=10\n61.1 < R seq=1470'],
    ['RSTs behind a RST of the other side', '59 > RA\n60 < R seq=9\n60.1 < R seq=1469'],
    ['a RST that overtook data', '60 < R seq=9\n60.1 < R seq=1469\n60.2 < PA len=1460 seq=9'],
    ['a FIN and its RST: one number apart', '60 < R seq=9\n60.1 < R seq=10'],
  ])('stays quiet on %s', (_name, lines) => {
    expect(foundIn(lines)).not.toContain('RST_SEQ_CHANGE');
  });
  it('stays quiet when the capture lacks bytes that were acknowledged', () => {
    expect(foundIn('59 > A ack=9000\n60 < R seq=9\n60.1 < R seq=1469')).not.toContain('RST_SEQ_CHANGE');
  });
  it('stays quiet when one RST was captured twice', () => {
    const verdict = judge(`${OPEN}60 < RA ttl=61 id=9\n60.01 < RA ttl=60 id=9`);
    expect(found(verdict)).toEqual([]);
  });
});

describe('RST_ACK_CHANGE', () => {
  it('finds an acknowledgement of bytes that were never sent', () => {
    const verdict = judge(`${OPEN}60 < RA ttl=60 win=0 ts=off\n60.1 < RA ack=2000 ttl=60 win=0 ts=off`);
    expect(found(verdict)).toEqual(['RST_ACK_CHANGE']);
    expect(verdict.mechanism).toMatchObject({ mechanism: 'forged', actor: 'middlebox' });
  });
  it('finds an acknowledgement that is taken back', () => {
    expect(foundIn('60 < RA ack=2\n60.1 < RA')).toEqual(['RST_ACK_CHANGE']);
  });
  it.each([
    ['data that arrived in between', '60 < RA\n61 > PA len=4\n71 < RA'],
    ['a bare RST beside a RST+ACK', '60 < RA\n60.1 < R seq=9'],
    ['a segment that was captured late', '60 < RA\n60.1 < RA ack=109\n60.2 > PA len=100'],
    ['a FIN that was acknowledged', '60 > FA\n70 < RA ack=9\n70.1 < RA ack=10'],
  ])('stays quiet on %s', (_name, lines) => {
    expect(foundIn(lines)).not.toContain('RST_ACK_CHANGE');
  });
});

describe('innocent connections of every day', () => {
  it.each([
    ['happy eyeballs: the losing connection is reset', '0 > S\n10 < SA\n10.1 > A\n10.2 > RA'],
    ['half-open: a SYN+ACK that nobody asked for', '0 > S\n10 < SA\n10.1 > R'],
    ['keep-alive: the probe is answered by a RST', `${OPEN}60000 > A seq=8\n60010 < R`],
    [
      'TLS: RST for a session ticket behind close',
      `${OPEN}60 > FA\n69 < PA len=200\n69.1 > R seq=10\n70 < FA\n70.1 > R seq=10`,
    ],
    [
      'a download that is broken off: one RST for each segment',
      `${OPEN}60 > RA\n60.1 < PA len=1000\n60.2 < PA len=1000\n60.3 > R seq=9\n60.4 > R seq=9`,
    ],
    ['a retransmitted request that meets no socket', `${OPEN}60 > PA len=4\n260 > PA len=4 seq=9\n270 < R`],
  ])('%s', (_name, lines) => {
    const verdict = judge(lines);
    expect(found(verdict)).toEqual([]);
    expect(accuses(verdict)).toBe(false);
  });
  it('everything captured twice, a hop apart', () => {
    const once = conversation(`${OPEN}60 > PA len=4\n70 < R\n70.1 > A`);
    const verdicts = judgePackets(once, hopLater(once));
    expect(verdicts.flatMap(found)).toEqual([]);
    for (const verdict of verdicts) expect(accuses(verdict)).toBe(false);
  });
});

/** The same packets 10 µs later with a smaller TTL, as an `any` device on a router captures them. */
function hopLater(packets: readonly WritablePacket[]): WritablePacket[] {
  return packets.map((packet) => {
    const bytes = packet.bytes.slice();
    bytes[14 + 8]! -= 1;
    return { ...packet, bytes, nanos: packet.nanos + 10_000 };
  });
}
