import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addNote,
  capacityOf,
  copyPackets,
  createPacketStore,
  DUPLICATE,
  encapsulationAt,
  freeSlot,
  KEEP_ALIVE,
  packetAt,
  storeOver,
  takeSlot,
  writePacket,
  writeTimestamps,
  type Packet,
  type PacketStore,
} from './packets.ts';

const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const uint16 = fc.integer({ min: 0, max: 0xffff });

describe('packets', () => {
  it('are read as they were written, whatever stood in their place and beside them', () => {
    fc.assert(
      fc.property(fc.array(anyPacket(), { minLength: 1, maxLength: 300 }), (packets) => {
        const store = createPacketStore();
        for (const packet of packets) freeSlot(store, put(store, packet, 0xffff));
        const slots = packets.map((packet, i) => put(store, packet, i));
        expect(new Set(slots).size).toBe(packets.length);
        expect(slots.map((slot) => packetAt(store, slot))).toEqual(packets);
        expect(slots.map((slot) => encapsulationAt(store, slot))).toEqual(packets.map((_, i) => i));
      }),
      { numRuns: 30 },
    );
  });

  it('stay in a copy, in its order, when their slots are used again', () => {
    const [first, second] = fc.sample(anyPacket(), 2) as [Packet, Packet];
    const store = createPacketStore();
    const slots = [put(store, first, 0), put(store, second, 0)].toReversed();
    const copy = storeOver(copyPackets(store, slots));
    for (const slot of slots) freeSlot(store, slot);
    put(store, { ...first, seq: 1 }, 0);
    put(store, { ...first, seq: 2 }, 0);
    expect(capacityOf(copy)).toBe(2);
    expect([packetAt(copy, 0), packetAt(copy, 1)]).toEqual([second, first]);
  });
});

function anyPacket(): fc.Arbitrary<Packet> {
  const stamps = fc.option(fc.tuple(uint32, uint32));
  return fc
    .record({
      frame: uint32,
      tNs: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
      side: fc.constantFrom(0, 1),
      flags: uint16,
      seq: uint32,
      ack: uint32,
      length: uint32,
      window: uint16,
      ttl: fc.integer({ min: 0, max: 255 }),
      ipId: fc.integer({ min: -1, max: 0xffff }),
      df: fc.constantFrom(0, 1),
      stamps,
      notes: fc.constantFrom(0, DUPLICATE, KEEP_ALIVE, DUPLICATE | KEEP_ALIVE),
    })
    .map(({ stamps: both, ...packet }) => ({ ...packet, tsVal: both?.[0] ?? -1, tsEcr: both?.[1] ?? -1 }));
}

function put(store: PacketStore, packet: Packet, encapsulation: number): number {
  const { frame, tNs, side, flags, seq, ack, length, window, ttl, ipId, df } = packet;
  const slot = takeSlot(store);
  writePacket(store, slot, frame, tNs, side, flags, seq, ack, length, window, ttl, ipId, df, encapsulation);
  if (packet.tsVal >= 0) writeTimestamps(store, slot, packet.tsVal, packet.tsEcr);
  addNote(store, slot, packet.notes);
  return slot;
}
