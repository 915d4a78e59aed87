import { describe, expect, it } from 'vitest';
import { bytesSent } from './half.ts';
import { conversation, followPackets } from './testing/conversation.ts';

const HANDSHAKE = '0 > S\n1 < SA\n1.1 > A\n';
const passes = [1, 2] as const;

describe.each(passes)('incarnations of a 4-tuple, %i pass(es)', (pass) => {
  const rows = (...lists: Parameters<typeof followPackets>[0]) =>
    followPackets(lists, pass).traces.map(({ trace }) => trace);

  it('are one when the same SYN is tried again', () => {
    const [trace, ...others] = rows(conversation('0 > S\n1000 > S\n3000 > S\n3001 < SA\n3001.1 > A'));
    expect(others).toEqual([]);
    expect(trace).toMatchObject({ packets: 5, firstFrame: 1 });
  });
  it('are two when the SYN has another initial sequence number', () => {
    const traces = rows(
      conversation('0 > S\n1 < RA seq=0 win=0'),
      conversation('500 > S\n501 < SA\n501.1 > A', { clientIsn: 77_000 }),
    );
    expect(traces.map(({ firstFrame, packets }) => [firstFrame, packets])).toEqual([
      [1, 2],
      [3, 3],
    ]);
    expect(traces.map(({ rsts }) => rsts.length)).toEqual([1, 0]);
  });
  it('begins anew with a SYN on a connection that was never closed', () => {
    const traces = rows(
      conversation(`${HANDSHAKE}2 > PA len=10\n2.1 < A`),
      conversation('9000 > S\n9000.1 < A ack=-3000 seq=900\n9000.2 > R', { clientIsn: 900_000 }),
    );
    expect(traces.map(({ packets }) => packets)).toEqual([5, 3]);
  });
  it('counts a SYN on a connection whose client had not been seen as another one', () => {
    const traces = rows(
      conversation('0 < PA len=10\n1 < PA len=10'),
      conversation('50 > S\n51 < SA', { clientIsn: 4 }),
    );
    expect(traces).toHaveLength(2);
  });
  it('keeps two SYNs that cross in one connection', () => {
    const traces = rows(conversation('0 > S\n0.1 < S\n0.3 > SA seq=0\n0.4 < SA seq=0'));
    expect(traces).toHaveLength(1);
  });
  it('gives each of many incarnations its own packets', () => {
    const many = Array.from({ length: 50 }, (_, i) =>
      conversation(`${HANDSHAKE}2 > PA len=${i + 1}\n3 < R`, { startMs: i * 100, clientIsn: 5_000_000 * i }),
    );
    const traces = rows(...many);
    expect(traces).toHaveLength(50);
    expect(traces.map(({ rsts }) => bytesSent(rsts[0]!.to))).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  });
  it('tells two sockets of one host apart by their ports', () => {
    const traces = rows(conversation(HANDSHAKE, { client: '127.0.0.1', server: '127.0.0.1' }));
    expect(traces).toHaveLength(1);
    expect(traces[0]!.halves.map(({ packets }) => packets)).toEqual([1, 2]);
  });
});
