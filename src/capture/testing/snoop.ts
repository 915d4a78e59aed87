/** A writer of snoop files by RFC 1761. */
import { concat, integers } from '../../wire/bytes.ts';
import { SNOOP_MAGIC } from '../snoop.ts';
import type { WritablePacket } from '../write.ts';

export interface SnoopOptions {
  /** Default 2. */
  readonly version?: number;
  /** Default 4, Ethernet. */
  readonly dataLink?: number;
  /** Bytes behind each packet beyond those that fill four. */
  readonly trailerLen?: number;
}

/** A snoop file with microseconds. */
export function writeSnoop(packets: Iterable<WritablePacket>, options: SnoopOptions = {}): Uint8Array {
  const { version = 2, dataLink = 4, trailerLen = 0 } = options;
  const parts = [new TextEncoder().encode(SNOOP_MAGIC), integers(false, 4, [version, dataLink])];
  for (const { bytes, seconds, nanos, wireLen } of packets) {
    const padLen = (-bytes.length & 3) + trailerLen;
    const lengths = [wireLen ?? bytes.length, bytes.length, 24 + bytes.length + padLen];
    parts.push(integers(false, 4, [...lengths, 0, seconds, Math.floor(nanos / 1000)]), bytes, new Uint8Array(padLen));
  }
  return concat(parts);
}
