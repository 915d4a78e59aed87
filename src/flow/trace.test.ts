import { describe, expect, it } from 'vitest';
import { bytesSent, roundTripNs } from './half.ts';
import { DUPLICATE, KEEP_ALIVE, OUT_OF_ORDER, RETRANSMISSION, ZERO_WINDOW } from './packets.ts';
import { conversation, followOne, followPackets } from './testing/conversation.ts';

const OPEN = '0 > S\n1 < SA\n1.1 > A\n';
/** What the packets were found to be; the client comes first in the capture and is side 0. */
const notes = (lines: string): number[] => followOne(lines).packets.map((packet) => packet.notes);

const scales = (lines: string): number[] => followOne(lines).trace.halves.map(({ windowScale }) => windowScale);

const answered = (lines: string) => followOne(OPEN + lines).trace.rsts[0]!.trigger?.frame ?? null;

const after = (lines: string) => followOne(OPEN + lines).trace.rsts[0]!.after;

describe('following a connection', () => {
  it('counts the bytes of both sides across a sequence number that wraps', () => {
    const wrapping = { clientIsn: 0xffff_fff0, serverIsn: 0xffff_ffff };
    const { trace } = followOne(`${OPEN}2 > PA len=100\n3 < A\n4 < PA len=50\n5 > FA\n6 < FA\n7 < RA`, wrapping);
    expect(trace.halves.map((half) => bytesSent(half))).toEqual([100, 50]);
    expect(trace.halves.map(({ retransmissions }) => retransmissions)).toEqual([0, 0]);
    expect(trace.halves[0].finEnd).toBe(0xffff_fff0 + 102 - 2 ** 32);
    expect(trace.rsts[0]!.packet.seq).toBe(51);
    expect(trace.rsts[0]!.from.nextSeq).toBe(51);
  });
  it('sees a retransmission across the wrap', () => {
    const lines = `${OPEN}2 > PA len=100\n300 > PA len=100 seq=1`;
    expect(followOne(lines, { clientIsn: 0xffff_ffc0 }).packets.at(-1)!.notes).toBe(RETRANSMISSION);
  });
  it('marks retransmissions, and counts no byte twice', () => {
    const { trace, packets } = followOne(`${OPEN}2 > PA len=40\n202 > PA len=40 seq=1\n602 > PA len=40 seq=1`);
    expect(packets.map((packet) => packet.notes)).toEqual([0, 0, 0, 0, RETRANSMISSION, RETRANSMISSION]);
    expect(trace.halves[0]).toMatchObject({ retransmissions: 2, repeatsUnanswered: 2, dataPackets: 1 });
    expect(bytesSent(trace.halves[0])).toBe(40);
  });
  it('measures the round trip to each side in the handshake, whatever crosses afterwards', () => {
    const burst = '45 > PA len=9\n46 > PA len=9\n46.1 < A ack=10\n46.2 > PA len=9';
    const { halves } = followOne(`0 > S\n3000 > S seq=0\n3001 < SA\n3041 > A\n${burst.replaceAll(/^/gm, '30')}`).trace;
    expect(halves.map(({ handshakeNs }) => handshakeNs / 1e6)).toEqual([40, 1]);
    expect(halves[0].fastestAnswerNs / 1e6).toBeCloseTo(0.1);
    expect(roundTripNs(halves[0])).toBe(40e6);
    expect(roundTripNs(followOne('5 > PA len=9\n8 < PA len=9\n8.5 < R').trace.rsts[0]!.from)).toBe(3e6);
  });
  it('scales windows only where both sides had offered it', () => {
    expect(scales(OPEN)).toEqual([7, 7]);
    expect(scales('0 > S\n1 < SA wscale=off\n1.1 > A')).toEqual([0, 0]);
    expect(scales('0 > S\n1 < SA wscale=off\n1.1 > S seq=0\n1.2 > A')).toEqual([0, 0]);
    expect(scales('1 < SA\n1.1 > A')).toEqual([7, -1]);
  });
  it('forgets unanswered repeats when the peer is heard', () => {
    expect(followOne(`${OPEN}2 > PA len=40\n202 > PA len=40 seq=1\n203 < A`).trace.halves[0].repeatsUnanswered).toBe(0);
  });
  it('tells keep-alive probes with and without a byte from retransmissions', () => {
    expect(notes(`${OPEN}2 > PA len=40\n3 < A\n9000 > A seq=40\n9001 < A\n18000 > A seq=40 len=1`).slice(-3)).toEqual([
      KEEP_ALIVE,
      0,
      KEEP_ALIVE,
    ]);
    const { trace } = followOne(`${OPEN}2 > PA len=40\n3 < A\n9000 > A seq=40\n10000 > A seq=40`);
    expect(trace.halves[0]).toMatchObject({ keepAlives: 2, keepAlivesUnanswered: 2, retransmissions: 0 });
  });
  it('counts windows of zero, but not those of a RST', () => {
    const { trace, packets } = followOne(`${OPEN}2 > PA len=40\n3 < A win=0\n4 < A win=0\n9 < RA win=0`);
    expect(trace.halves[1].zeroWindows).toBe(2);
    expect(packets.map((packet) => packet.notes & ZERO_WINDOW)).toEqual([0, 0, 0, 0, ZERO_WINDOW, ZERO_WINDOW, 0]);
  });
  it('marks a segment that leaves a hole, and the one that fills it as repeated', () => {
    expect(notes(`${OPEN}2 > PA len=10\n3 > PA len=10 seq=21\n4 > PA len=10 seq=11`).slice(-2)).toEqual([
      OUT_OF_ORDER,
      RETRANSMISSION,
    ]);
  });
  it('hears what is said in a segment that comes behind its successor', () => {
    const late = `${OPEN}2 > PA len=10\n3 < A seq=20\n4 < PA "HTTP/1.1 200 OK\\r\\n\\r\\n" seq=1`;
    const { exchange, halves } = followOne(late).trace;
    expect(exchange).toMatchObject({ lastSide: 1, responses: 1 });
    expect(halves[1]).toMatchObject({ dataPackets: 1, holeSeq: -1 });
    expect(followOne(`${late}\n5 < PA len=19 seq=1`).trace.halves[1].dataPackets).toBe(1);
  });
  it('keeps the IP-ID, TTL and timestamp habits of each side', () => {
    const { trace } = followOne(`${OPEN}2 < PA len=1\n3 < PA len=1\n4 < PA len=1\n5 < PA len=1 ttl=60 ts=900777`);
    expect(trace.halves[1]).toMatchObject({
      ttlSyn: 61,
      ttl: -1,
      ipIdSteps: 3,
      ipIdJumps: 0,
      lastTsVal: 900_777,
      timestamps: true,
    });
    expect(trace.halves[0]).toMatchObject({ ttl: 64, windowScale: 7, mss: 1460 });
  });
  it('does not let the SYN+ACK’s IP-ID of 0 count as a jump', () => {
    expect(followOne(`${OPEN}2 < PA len=1\n3 < PA len=1`).trace.halves[1]).toMatchObject({
      ipIdSteps: 1,
      ipIdJumps: 0,
    });
  });
});

describe('packets captured twice', () => {
  /** As the `any` device of a router shows them: again, one hop further. */
  const twice = '0 > S\n0.01 > S ttl=63 id=7001\n1 < SA\n1.01 < SA ttl=60\n1.1 > A\n1.11 > A ttl=63 id=7003\n';
  it('count once', () => {
    const { trace, packets } = followOne(`${twice}2 > PA len=20\n2.01 > PA len=20 seq=1 ttl=63 id=7005`);
    expect(packets.map((packet) => packet.notes & DUPLICATE)).toEqual([0, 4, 0, 4, 0, 4, 0, 4]);
    expect(trace.halves.map(({ packets: n, retransmissions }) => [n, retransmissions])).toEqual([
      [3, 0],
      [1, 0],
    ]);
    expect(trace.halves[0].ttl).toBe(64);
  });
  it('have RSTs that name the frame they repeat', () => {
    const { trace } = followOne(`${twice}2 > PA len=20\n2.01 > PA len=20 seq=1 ttl=63 id=7005\n3 < R\n3.01 < R ttl=60`);
    expect(trace.rsts.map(({ packet, duplicateOf }) => [packet.frame, duplicateOf])).toEqual([
      [9, null],
      [10, 9],
    ]);
    expect(trace.rsts[1]!.earlier).toBe(1);
  });
  it('differ from a retransmission, which has an IP-ID of its own', () => {
    expect(notes(`${OPEN}2 > PA len=20\n2.5 > PA len=20 seq=1`).at(-1)).toBe(RETRANSMISSION);
  });
  it('differ from a second RST that answers a second segment', () => {
    const { trace } = followOne(`${OPEN}2 > PA len=20\n2.5 < R seq=1\n3 > PA len=20\n3.5 < R seq=1`);
    expect(trace.rsts.map(({ duplicateOf }) => duplicateOf)).toEqual([null, null]);
  });
});

describe('every RST packet is accounted for', () => {
  const flood = conversation(
    OPEN + Array.from({ length: 100 }, (_, i) => `${i + 2} > PA len=1\n${i + 2.5} < R`).join('\n'),
  );
  it('listed up to 64, counted beyond', () => {
    const { flows, traces } = followPackets([flood]);
    const { trace } = traces[0]!;
    expect(trace.rsts).toHaveLength(64);
    expect(trace.moreRsts).toEqual([0, 36]);
    expect(trace.rsts.length + trace.moreRsts[1]).toBe(flows.rstPackets);
  });
  it('all listed when asked for', () => {
    expect(followPackets([flood], 2, { allRsts: true }).traces[0]!.trace.rsts).toHaveLength(100);
  });
  it('while the packets kept stay bounded, with the first RSTs among them', () => {
    const { packets, trace } = followPackets([flood]).traces[0]!;
    expect(packets.length).toBeLessThan(200);
    expect(packets.map(({ frame }) => frame)).toContain(trace.rsts[0]!.packet.frame);
    expect(packets.length + trace.dropped).toBe(203);
  });
  it('when connections are folded to save memory', () => {
    const lists = Array.from({ length: 30 }, (_, i) =>
      conversation(i % 3 === 0 ? '0 > S\n1 < RA seq=0 win=0' : OPEN, { clientPort: 2000 + i, startMs: i * 10 }),
    );
    const { flows, traces } = followPackets(lists, 1, { maxTraces: 4 });
    expect(traces.reduce((sum, { trace }) => sum + trace.rsts.length, 0)).toBe(flows.rstPackets);
    expect(flows.folded).toBeGreaterThan(0);
  });
});

describe('what a RST answers', () => {
  it('is the segment whose acknowledgement it takes as its sequence number', () => {
    expect(answered('2 > PA len=5\n3 < A\n10 > PA len=5\n11 < R')).toBe(6);
  });
  it('is the data behind the acknowledgement of a FIN, not that acknowledgement', () => {
    expect(answered('4 < FA\n4.1 > A\n5 > PA len=4\n6 < R')).toBe(6);
  });
  it('is none that its sender had already acknowledged, and none before', () => {
    expect(answered('2 > PA len=5\n3 < A\n9 < R seq=1')).toBe(null);
    expect(answered('2 > PA len=5\n3 < PA len=5\n9 < R')).toBe(null);
  });
  it('is the SYN that a RST+ACK acknowledges', () => {
    expect(followOne('0 > S\n1 < RA rawseq=0 win=0').trace.rsts[0]!.trigger).toMatchObject({ frame: 1 });
  });
});

describe('what follows a RST', () => {
  it('is news only beyond the RST’s own sequence number: the RST may have overtaken what lies below', () => {
    expect(after('5 < RA seq=101\n9 < PA len=100 seq=1\n9.1 > A')).toMatchObject({
      newFromSender: 0,
      anyFromSender: 1,
      talkedOn: false,
    });
    expect(after('5 < RA seq=101\n9 < PA len=200 seq=1\n9.1 > A')).toMatchObject({ newFromSender: 1, talkedOn: true });
    expect(after('5 < RA seq=101\n2000 < PA len=100 seq=1').newFromSender).toBe(1);
  });
  it('is no news when it comes from another distance than the RST and all before it', () => {
    expect(after('3 < PA len=10\n5 < RA\n900 < PA len=10').newFromSender).toBe(1);
    expect(after('3 < PA len=10\n5 < RA\n900 < PA len=10 ttl=64').newFromSender).toBe(0);
    expect(after('3 < PA len=10\n5 < RA ttl=57\n900 < PA len=10 ttl=64').newFromSender).toBe(1);
  });
  it('keeps the first and the last news apart', () => {
    expect(after('5 < RA\n6 < PA len=10\n300 < PA len=10')).toMatchObject({
      newFromSenderNs: 6e6,
      newFromSenderFrame: 5,
      newFromSenderLastNs: 300e6,
      newFromSenderLastFrame: 6,
    });
  });
  it('is a fresh repeat only when stamped later than the RST', () => {
    expect(after('2 < PA len=10\n20 < RA\n220 < PA len=10 seq=1').freshRepeatFrame).toBe(6);
    expect(after('2 < PA len=10\n20 < RA\n220 < PA len=10 seq=1 ts=900010').freshRepeatFrame).toBe(0);
    expect(after('2 < PA len=10\n20 < RA\n21 < PA len=10 seq=1').freshRepeatFrame).toBe(0);
  });
  it('acknowledges what the receiver sent after the RST, or only what it had sent before', () => {
    expect(after('2 > PA len=5\n5 < RA\n50 > PA len=5\n60 < A').ackOfLaterFrame).toBe(7);
    expect(after('2 > PA len=5\n5 < RA\n50 > A\n60 < A').ackOfLaterFrame).toBe(0);
    expect(after('2 > PA len=5\n5 < RA ack=11\n6 > PA len=5\n60 < A').ackOfLaterFrame).toBe(0);
  });
  it('is a challenge when the receiver’s first word is a pure ACK', () => {
    expect(after('5 < RA seq=400\n5.1 > A').challengeFrame).toBe(5);
    expect(after('5 < RA seq=400\n5.1 > PA len=5\n5.2 > A').challengeFrame).toBe(0);
  });
  it('counts SYNs that are tried again', () => {
    expect(followOne('0 > S\n1 < RA seq=0 win=0\n500 > S\n501 < SA').trace.rsts[0]!.after).toMatchObject({
      synFromReceiver: 1,
      synAckFromSender: 1,
    });
  });
});
