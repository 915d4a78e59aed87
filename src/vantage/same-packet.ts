/** Packets that two captures both show. Address translation changes addresses, ports and perhaps IP-IDs, nothing of these. */
import type { Packet } from '../flow/packets.ts';
import { ACK, FIN, RST, SYN } from '../wire/tcp.ts';

export interface PacketPair {
  readonly a: Packet;
  readonly b: Packet;
}

/** What a segment keeps on its way. */
export function nameOfSegment({ side, flags, seq, ack, length, tsVal, window }: Packet): string {
  const hasAck = (flags & ACK) !== 0;
  return `${side} ${flags & (SYN | FIN | RST | ACK)} ${seq} ${hasAck ? ack : 0} ${length} ${tsVal} ${window}`;
}

/** Segments of both captures; what either shows twice cannot be told apart and is left out. */
export function commonPackets(a: readonly Packet[], b: readonly Packet[]): PacketPair[] {
  const ofB = uniques(b);
  const pairs: PacketPair[] = [];
  for (const [name, packet] of uniques(a)) {
    const same = ofB.get(name);
    if (packet !== null && same !== undefined && same !== null) pairs.push({ a: packet, b: same });
  }
  return pairs;
}

/** By name; null for what comes more than once. */
function uniques(packets: readonly Packet[]): Map<string, Packet | null> {
  const found = new Map<string, Packet | null>();
  for (const packet of packets) {
    const name = nameOfSegment(packet);
    found.set(name, found.has(name) ? null : packet);
  }
  return found;
}
