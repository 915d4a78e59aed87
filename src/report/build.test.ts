/** What a report says of RSTs that did not end the connection. */
import { describe, expect, it } from 'vitest';
import { conversation } from '../flow/testing/conversation.ts';
import { readConversations } from './testing/read-conversations.ts';
import { renderText } from './text.ts';
import type { Report, Reset } from './types.ts';

const OPEN = `
0   > S
1   < SA
1.1 > A
2   > PA "GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n"
3   < A
4   < PA "HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\n\\r\\nabc"
4.1 > A
`;

function read(lines: string): Report {
  return readConversations([conversation(OPEN + lines)]);
}

function only({ resets }: Report): Reset {
  if (resets.length !== 1) throw new Error(`${resets.length} resets instead of one`);
  return resets[0]!;
}

const train = (count: number, ttl: (i: number) => number): string =>
  Array.from({ length: count }, (_, i) => `${10 + i / 100} < RA seq=${900 + i} ttl=${ttl(i)}\n`).join('');

const told = (lines: string) => only(read(lines)).evidence.filter(({ fact }) => fact === 'other-rst-forged');

describe('other RSTs that the endpoint did not send', () => {
  const END = '11 > A\n200 < PA len=5\n200.1 > A\n300 < RA';

  it('are told once when they bear the same signs', () => {
    const evidence = told(train(6, () => 57) + END);
    expect(evidence.map(({ frames }) => frames.map(({ frame }) => frame))).toEqual([[8, 9, 10, 11, 12, 13]]);
    expect(evidence[0]!.text).toMatch(
      /^6 other RSTs, frames 8, 9, 10, 11 and 2 more, were not sent by the host they name; of the first: .*TTL 57/,
    );
  });
  it('name every frame of a few, and one alone', () => {
    expect(told(train(2, () => 57) + END)[0]!.text).toMatch(/^2 other RSTs, frames 8 and 9, were not sent by the host/);
    expect(told(train(1, () => 57) + END)[0]!.text).toMatch(/^another RST, frame 8, was not sent by the host it names/);
  });
  it('are told apart by their TTL, three kinds at most', () => {
    const evidence = told(train(8, (i) => 50 + (i % 4)) + END);
    expect(evidence.map(({ frames }) => frames.length)).toEqual([2, 2, 2]);
    expect(evidence[1]!.text).toContain('TTL 51');
  });
});

const textOf = (lines: string): string => {
  const report = read(lines);
  return renderText({ ...report, summary: { ...report.summary, packets: 9, tcpPackets: 9 } }, { width: 300 });
};

describe('a RST that did not end the connection', () => {
  const CLOSED = '10 > FA\n10.1 < FA\n20 > A\n';

  it('is a late one behind an orderly close', () => {
    const lines = `${CLOSED}21 > RA`;
    expect(only(read(lines)).rsts).toMatchObject([{ effect: 'ignored', ended: false }]);
    expect(textOf(lines)).toContain('late RST by the client');
    expect(textOf(lines)).toContain('got a RST after both sides had closed: sent by the client');
    expect(textOf(lines)).not.toContain('ignored RST');
    expect(read(lines).stories[0]!.title).toMatch(/both sides had closed by then\.$/);
  });
  it('is an ignored one in the middle of a conversation', () => {
    const lines = '10 < RA seq=90000\n200 > PA len=5\n200.1 < A\n400 > PA len=5\n400.1 < A';
    expect(textOf(lines)).toContain('ignored RST');
    expect(textOf(lines)).toContain('got a RST and ignored it');
    expect(textOf(lines)).not.toContain('late RST');
  });
});
