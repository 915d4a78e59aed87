/** Packets of a recorded file, for tests of what is judged by packets alone. */
import type { WritablePacket } from '../../capture/write.ts';

/** The records of a little-endian pcap with microseconds. */
export function packetsOf(file: Uint8Array): WritablePacket[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const packets: WritablePacket[] = [];
  for (let at = 24; at < file.length;) {
    const length = view.getUint32(at + 8, true);
    const bytes = file.slice(at + 16, at + 16 + length);
    const wireLen = view.getUint32(at + 12, true);
    packets.push({ bytes, wireLen, seconds: view.getUint32(at, true), nanos: view.getUint32(at + 4, true) * 1000 });
    at += 16 + length;
  }
  return packets;
}
