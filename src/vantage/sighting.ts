/** What one capture kept of a connection that others show, too: its packets as values, sides told alike in all of them. */
import type { Packet } from '../flow/packets.ts';
import type { RstRecord } from '../flow/rst-record.ts';

export interface Sighting {
  readonly input: number;
  readonly row: number;
  /** The side of this row that is side 0 of the connection. */
  readonly side0: 0 | 1;
  /** Kept packets in capture order; `side` is that of the connection, not of the row. */
  readonly packets: readonly Packet[];
  /** Packets between the first ones and the last that were not kept. */
  readonly missing: number;
  /** Index of the first packet behind those; 0 when none are missing. */
  readonly tailFrom: number;
  readonly rsts: readonly RstRecord[];
  /** Seconds that the capture's nanoseconds count from. */
  readonly baseSeconds: number;
  /** The capture's own first and last packet, of whatever connection, nanoseconds. */
  readonly beginsNs: number;
  readonly endsNs: number;
}

/** Packets of a row with the sides of the connection. */
export function turnedPackets(packets: readonly Packet[], side0: 0 | 1): readonly Packet[] {
  return side0 === 0 ? packets : packets.map(turned);
}

/** As `turnedPackets`; halves stay with their sender and receiver. */
export function turnedRsts(rsts: readonly RstRecord[], side0: 0 | 1): readonly RstRecord[] {
  if (side0 === 0) return rsts;
  return rsts.map((rst) => ({
    ...rst,
    packet: turned(rst.packet),
    trigger: rst.trigger === null ? null : turned(rst.trigger),
  }));
}

function turned(packet: Packet): Packet {
  return { ...packet, side: 1 - packet.side };
}
