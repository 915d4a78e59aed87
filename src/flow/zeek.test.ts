/** Letters and states as scripts/base/protocols/conn/main.zeek defines them. */
import { describe, expect, it } from 'vitest';
import { followOne } from './testing/conversation.ts';
import { connState, historyOf } from './zeek.ts';

const OPEN = '0 > S\n1 < SA\n1.1 > A\n';
function zeek(lines: string, originator = 0): string {
  const { trace } = followOne(lines);
  return `${connState(trace.zeek, originator)} ${historyOf(trace.zeek, originator)}`;
}

const again = (n: number) => Array.from({ length: n }, (_, i) => `${100 + 50 * i} > PA len=4 seq=1`).join('\n');

describe('conn_state', () => {
  it.each([
    ['S0', 'attempt without a reply', '0 > S', 'S'],
    ['S1', 'established, not terminated', OPEN, 'ShA'],
    ['SF', 'established and finished', `${OPEN}2 > FA\n3 < FA\n3.1 > A`, 'ShAFf'],
    ['REJ', 'attempt rejected', '0 > S\n1 < RA seq=0 win=0', 'Sr'],
    ['S2', 'originator closed, responder did not', `${OPEN}2 > FA`, 'ShAF'],
    ['S3', 'responder closed, originator did not', `${OPEN}2 < FA`, 'ShAf'],
    ['RSTO', 'originator aborted', `${OPEN}2 > PA len=4\n3 < A\n4 > RA`, 'ShADaR'],
    ['RSTR', 'responder aborted', `${OPEN}2 > PA len=4\n3 < A\n4 < RA`, 'ShADar'],
    ['RSTOS0', 'SYN then RST of the originator, no SYN+ACK', '0 > S\n1 > R seq=1', 'SR'],
    ['SH', 'SYN then FIN of the originator, half open', '0 > S\n1 > F', 'SF'],
    ['OTH', 'no SYN: midstream traffic', '0 > PA len=4\n1 < PA len=4', 'Dd'],
  ])('%s: %s', (state, _meaning, lines, history) => {
    expect(zeek(lines)).toBe(`${state} ${history}`);
  });
  it('RSTRH: SYN+ACK then RST of the responder, the originator’s SYN unseen', () => {
    expect(zeek('0 < SA\n1 < RA', 1)).toBe('RSTRH ^hr');
  });
  it('SHR: SYN+ACK then FIN of the responder, the originator’s SYN unseen', () => {
    expect(zeek('0 < SA\n1 < FA', 1)).toBe('SHR ^hf');
  });
});

describe('history', () => {
  it('begins with ^ when the first packet was the responder’s', () => {
    expect(zeek('0 < PA len=4\n1 > PA len=4', 1)).toBe('OTH ^dD');
  });
  it('writes T and t for retransmitted payload, at the 1st, 10th, … time', () => {
    expect(zeek(`${OPEN}2 > PA len=4\n${again(2)}`)).toBe('S1 ShADT');
    expect(zeek(`${OPEN}2 > PA len=4\n${again(10)}`)).toBe('S1 ShADTT');
    expect(zeek(`${OPEN}2 < PA len=4\n500 < PA len=4 seq=1`)).toBe('S1 ShAdt');
  });
  it('writes W and w for windows of zero', () => {
    expect(zeek(`${OPEN}2 > PA len=4\n3 < A win=0`)).toBe('S1 ShADaw');
    expect(zeek(`${OPEN}2 < PA len=4\n3 > A win=0`)).toBe('S1 ShAdW');
  });
  it('writes G and g for bytes that were acknowledged but never captured', () => {
    expect(zeek(`${OPEN}2 > PA len=4\n3 < A ack=500`)).toBe('S1 ShADaG');
    expect(zeek(`${OPEN}2 < PA len=4\n3 > A ack=500`)).toBe('S1 ShAdg');
  });
  it('writes I for FIN with RST and Q for SYN with FIN or RST', () => {
    expect(zeek(`${OPEN}2 < FRA`)).toMatch(/ ShAi$/);
    expect(zeek('0 > SF')).toMatch(/ Q$/);
    expect(zeek('0 > SR')).toMatch(/ Q$/);
  });
  it('writes each letter once a direction, but a RST with another sequence number again', () => {
    expect(zeek(`${OPEN}2 > PA len=4\n3 > PA len=4\n4 < A\n5 < A\n6 < RA`)).toBe('RSTR ShADar');
    expect(zeek(`${OPEN}2 < RA\n3 < RA seq=99`)).toBe('RSTR ShArr');
  });
});
