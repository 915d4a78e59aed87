import { describe, expect, it } from 'vitest';
import type { Packet } from '../flow/packets.ts';
import { ACK, RST } from '../wire/tcp.ts';
import { isBeside, orderOf } from './places.ts';
import type { PacketPair } from './same-packet.ts';

const MS = 1e6;

function packet(side: number, tNs: number, ttl: number, flags: number = ACK): Packet {
  const rest = { frame: 1, seq: 1, ack: 1, length: 0, window: 1, ipId: 1, df: 1, tsVal: -1, tsEcr: -1, notes: 0 };
  return { ...rest, side, tNs, ttl, flags };
}

/** A request and its answer, seen at A and `pathMs` further from side 0 at B, whose clock is off. */
function pairs(pathMs: number, offsetMs: number, hops: number): PacketPair[] {
  return [
    { a: packet(0, 0, 64), b: packet(0, (pathMs + offsetMs) * MS, 64 - hops) },
    { a: packet(1, 20 * MS, 63 - hops), b: packet(1, (20 - pathMs + offsetMs) * MS, 63) },
  ];
}

describe('orderOf', () => {
  it.each([
    ['by time and TTL', 5, 0, 1, 1],
    ['whatever the clocks say', 5, -7_200_000, 1, 1],
    ['by time alone, on one network', 5, 0, 0, 1],
    ['by TTL alone, on one machine', 0, 0, 1, 1],
    ['not at all, in one place', 0, 0, 0, 0],
    ['the other way round', -5, 0, -1, -1],
    ['not at all, where time and TTL disagree', 5, 0, -1, 0],
  ])('%s', (_, pathMs, offsetMs, hops, order) => {
    expect(orderOf(pairs(pathMs, offsetMs, hops), 0)).toBe(order);
  });
});

describe('isBeside', () => {
  it('takes the TTL that a kernel starts with, of all segments but RSTs', () => {
    expect(isBeside([packet(0, 0, 64), packet(1, 0, 57), packet(0, 0, 57, RST)], 0)).toBe(true);
    expect(isBeside([packet(0, 0, 64), packet(0, 0, 63)], 0)).toBe(false);
    expect(isBeside([packet(1, 0, 64)], 0)).toBe(false);
  });
});
