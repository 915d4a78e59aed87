/** The kept packets of a connection with their labels: what a ladder is drawn from. */
import { packetAt, type Packet, type PacketStore } from './packets.ts';
import { keptSlots, type Trace } from './trace.ts';

export interface Mark {
  readonly packet: Packet;
  /** Start line of an HTTP message or name of a TLS record; empty for everything else. */
  readonly label: string;
  /** Packets of the connection that were not kept between the one before and this one. */
  readonly missing: number;
}

/** All kept packets in capture order. */
export function marksOf(trace: Trace, store: PacketStore): Mark[] {
  const slots = keptSlots(trace, store);
  return slots.map((slot) => {
    const packet = packetAt(store, slot);
    const label = trace.labels.get(packet.frame) ?? '';
    const isGap = slot !== trace.head && trace.dropped > 0 && store.next[trace.pinned] === slot;
    return { packet, label, missing: isGap ? trace.dropped : 0 };
  });
}
