import { describe, expect, it } from 'vitest';
import type { WritablePacket } from '../capture/write.ts';
import { concat } from '../wire/bytes.ts';
import { ethernetFrame } from '../wire/testing/frames.ts';
import { greTunnel, gtp, mplsFrame, vxlan } from '../wire/testing/tunnels.ts';
import { nameOf } from './encapsulations.ts';
import { DUPLICATE } from './packets.ts';
import { flagsOf, OPENER_1 } from './table.ts';
import { conversation, followPackets, type ConversationOptions } from './testing/conversation.ts';
import { connState, historyOf } from './zeek.ts';

const TALK = `
  0    > S
  1    < SA
  2    > A
  3    > PA "GET / HTTP/1.1\\r\\n\\r\\n"
  4    < A
  50   < R
`;

type Wrap = (frame: Uint8Array) => Uint8Array;
const plain: Wrap = (frame) => frame;
const inVlan =
  (id: number): Wrap =>
  (frame) =>
    concat([frame.subarray(0, 12), Uint8Array.of(0x81, 0, id >> 8, id & 0xff), frame.subarray(12)]);
const inVxlan =
  (vni: number): Wrap =>
  (frame) =>
    ethernetFrame([0x0800], vxlan(vni, frame));
const inGre =
  (key: number): Wrap =>
  (frame) =>
    ethernetFrame([0x0800], greTunnel(0x0800, frame.subarray(14), { key }));
const inMpls =
  (label: number): Wrap =>
  (frame) =>
    mplsFrame([label], frame.subarray(14));
const inGtp =
  (teid: number): Wrap =>
  (frame) =>
    ethernetFrame([0x0800], gtp(teid, frame.subarray(14)));

/** The conversation as it looks in encapsulations: of the client's packets and of the server's. */
function talk(wraps: { client: Wrap; server: Wrap } | Wrap, options: ConversationOptions = {}): WritablePacket[] {
  const { client, server } = typeof wraps === 'function' ? { client: wraps, server: wraps } : wraps;
  return conversation(TALK, options).map((packet) => {
    const isClient = packet.bytes[29] === 9;
    const bytes = (isClient ? client : server)(packet.bytes);
    return { ...packet, bytes, wireLen: bytes.length };
  });
}

/** The same packets somewhat later, and a hop further where `hops` is 1. */
function later(packets: readonly WritablePacket[], ms: number, hops = 0): WritablePacket[] {
  return packets.map((packet) => {
    const bytes = packet.bytes.slice();
    bytes[22]! -= hops;
    return { ...packet, bytes, nanos: packet.nanos + ms * 1e6 };
  });
}

interface Seen {
  readonly encapsulation: string;
  readonly state: string;
  readonly history: string;
  readonly packets: number;
  readonly copies: number;
  readonly rsts: readonly (number | null)[];
}

function seen(lists: readonly (readonly WritablePacket[])[], passes: 1 | 2): Seen[] {
  const { flows, traces } = followPackets(lists, passes);
  const opener = (row: number): number => (flagsOf(flows.table, row) & OPENER_1 ? 1 : 0);
  return traces.map(({ trace, packets }) => ({
    encapsulation: nameOf(flows.table.encapsulations, flows.table.encapsulation[trace.row]!),
    state: connState(trace.zeek, opener(trace.row)),
    history: historyOf(trace.zeek, opener(trace.row)),
    packets: packets.length,
    copies: packets.filter(({ notes }) => notes & DUPLICATE).length,
    rsts: trace.rsts.map(({ duplicateOf }) => duplicateOf),
  }));
}

describe.each([1, 2] as const)('in %i passes', (passes) => {
  const alone = seen([talk(plain)], passes)[0]!;

  it.each([
    ['plain and in a VLAN', plain, inVlan(10), '', 'vlan 10'],
    ['in two VLANs', inVlan(10), inVlan(20), 'vlan 10', 'vlan 20'],
    ['in two VXLANs', inVxlan(42), inVxlan(43), 'vxlan 42', 'vxlan 43'],
    ['in two GRE tunnels', inGre(7), inGre(8), 'gre key 7', 'gre key 8'],
    ['in a VXLAN and a VLAN', inVxlan(42), inVlan(42), 'vxlan 42', 'vlan 42'],
  ])('connections with equal addresses %s stay apart', (_name, one, other, ...names) => {
    const second = talk(other, { clientIsn: 900_000_000, serverIsn: 2_000_000_000, startMs: 0.5 });
    const [first, ...rest] = seen([talk(one), second], passes);
    expect(first).toEqual({ ...alone, encapsulation: names[0] });
    expect(rest).toEqual([{ ...alone, encapsulation: names[1] }]);
  });

  it('the same packets in two tunnels of a kind are two connections, unless a router passed them on', () => {
    expect(seen([talk(inVxlan(1)), later(talk(inVxlan(2)), 0.01)], passes)).toHaveLength(2);
    expect(seen([talk(inVlan(1)), talk(inVlan(2), { startMs: 5000 })], passes)).toHaveLength(2);
  });

  it.each([
    ['a VXLAN and, behind its end, plain', inVxlan(42), plain, 'plain and vxlan 42'],
    ['plain and, before its end, in a VXLAN', plain, inVxlan(42), 'plain and vxlan 42'],
    ['a VLAN and in GRE', inVlan(10), inGre(7), 'vlan 10 and gre key 7'],
    ['GRE and in a VLAN', inGre(7), inVlan(10), 'gre key 7 and vlan 10'],
  ])('a packet in %s is one packet', (_name, one, other, encapsulation) => {
    const all = seen([talk(one), later(talk(other), 0.02)], passes);
    expect(all).toEqual([{ ...alone, encapsulation, packets: 12, copies: 6, rsts: [null, 11] }]);
  });

  it('a packet that a router moves to another VLAN is one packet', () => {
    const all = seen([talk(inVlan(10)), later(talk(plain), 0.02, 1).map((p) => wrapped(p, inVlan(20)))], passes);
    expect(all).toEqual([{ ...alone, encapsulation: 'vlan 10 and vlan 20', packets: 12, copies: 6, rsts: [null, 11] }]);
  });

  it('a packet that offload split before the tunnel is no retransmission', () => {
    const inner = opened('3 < A len=2800');
    const outer = opened('3 < A len=1400\n3 < A len=1400').map((packet) => wrapped(packet, inVxlan(42)));
    for (const lists of [
      [inner, later(outer, 0.02)],
      [outer, later(inner, 0.02)],
    ]) {
      const [one, ...others] = seen(lists, passes);
      expect(others).toEqual([]);
      expect(one).toMatchObject({ history: 'ShAd', encapsulation: 'plain and vxlan 42', packets: 9 });
      expect(one!.copies).toBe(lists[0] === inner ? 5 : 4);
    }
  });

  it('packets without an IP-ID and a timestamp are known as copies too', () => {
    const bare = conversation('0 > S id=0\n1 < SA\n2 > A id=0\n3 < R', { timestamps: false });
    const outer = later(bare, 0.02).map((packet) => wrapped(packet, inVxlan(42)));
    const [one, ...others] = seen([bare, outer], passes);
    expect(others).toEqual([]);
    expect(one).toMatchObject({ packets: 8, copies: 4, history: 'ShAr', rsts: [null, 7] });
  });

  it('half a connection does not take the other half of one with other numbers', () => {
    const others = { clientIsn: 900_000_000, serverIsn: 2_000_000_000, startMs: 0.5 };
    const asked = talk(inVlan(10)).filter((_, i) => [3, 5].includes(i));
    const answered = talk(inVlan(20), others).slice(4, 5);
    expect(seen([asked, answered], passes).map(({ encapsulation }) => encapsulation)).toEqual(['vlan 10', 'vlan 20']);
  });

  it('a connection without its start does not join one whose numbers fit on one side alone', () => {
    const other = talk(inVxlan(42), { clientIsn: 900_000_000, startMs: 0.5 }).slice(3);
    expect(seen([talk(plain), other], passes)).toHaveLength(2);
    const another = talk(inVxlan(42), { serverIsn: 900_000_000, startMs: 0.5 }).slice(3);
    expect(seen([talk(plain), another], passes)).toHaveLength(2);
  });

  it('copies that begin in the middle find their connection', () => {
    const all = seen([talk(plain), later(talk(inVxlan(42)), 0.02).slice(3)], passes);
    expect(all).toEqual([{ ...alone, encapsulation: 'plain and vxlan 42', packets: 9, copies: 3, rsts: [null, 8] }]);
  });

  it.each([
    ['MPLS label', inMpls(16), inMpls(17), 'mpls 16 and mpls 17'],
    ['GTP tunnel', inGtp(1), inGtp(2), 'gtp teid 1 and gtp teid 2'],
    ['VLAN', inVlan(10), inVlan(20), 'vlan 10 and vlan 20'],
    ['VLAN, one without', inVlan(10), plain, 'plain and vlan 10'],
    ['VXLAN', inVxlan(42), inVxlan(43), 'vxlan 42 and vxlan 43'],
  ])('directions with their own %s are one connection', (_name, client, server, encapsulation) => {
    expect(seen([talk({ client, server })], passes)).toEqual([{ ...alone, encapsulation }]);
  });

  it('a label that changes on the way does not end the connection', () => {
    const changed = [...talk(inMpls(16)).slice(0, 3), ...talk(inMpls(99)).slice(3)];
    expect(seen([changed], passes)).toEqual([{ ...alone, encapsulation: 'mpls 16 and mpls 99' }]);
  });

  it('the next connection of the tuple is found in both encapsulations', () => {
    const again = { startMs: 1000, clientIsn: 77_000_000, serverIsn: 88_000_000 };
    const lists = [
      talk(plain),
      talk(plain, again),
      later(talk(inVxlan(4)), 0.02),
      later(talk(inVxlan(4), again), 0.02),
    ];
    const both = { ...alone, encapsulation: 'plain and vxlan 4', packets: 12, copies: 6 };
    expect(seen(lists, passes)).toEqual([
      { ...both, rsts: [null, 11] },
      { ...both, rsts: [null, 23] },
    ]);
  });

  it('a tuple in hundreds of tunnels costs no search of hundreds', () => {
    const many = Array.from({ length: 300 }, (_, i) =>
      talk(inVxlan(i), { clientIsn: i * 10_000_019, startMs: i / 100 }).slice(0, 1),
    );
    const { flows } = followPackets(many, passes);
    expect(flows.tcpPackets).toBe(300);
    expect(flows.table.tuples).toBe(8);
    expect(flows.table.count).toBe(300);
    expect(Math.max(...flows.table.encapsulations.members.map(({ length }) => length))).toBeLessThanOrEqual(8);
  });
});

function opened(segments: string): WritablePacket[] {
  return conversation(`0 > S\n1 < SA\n2 > A\n${segments}`);
}

function wrapped(packet: WritablePacket, wrap: Wrap): WritablePacket {
  const bytes = wrap(packet.bytes);
  return { ...packet, bytes, wireLen: bytes.length };
}
