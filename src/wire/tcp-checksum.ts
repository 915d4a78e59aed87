/**
 * Whether a TCP checksum is whole. The kernel leaves the pseudo header's sum in the field and lets the device finish
 * it (CHECKSUM_PARTIAL): a capture on the sending machine, or on a virtual link from it, shows the unfinished value.
 */
import type { Layers } from './layers.ts';
import { checksum as readChecksum } from './tcp.ts';

/** `partial`: only the pseudo header was summed; `unknown`: not all bytes of the segment were captured. */
export type ChecksumState = 'right' | 'partial' | 'wrong' | 'unknown';

const PROTOCOL_TCP = 6;

/** Judges the checksum of the segment that `layers` locates. */
export function checksumState(view: DataView, layers: Layers): ChecksumState {
  const { tcp, tcpCaptured, payload, payloadLen, version, src, dst } = layers;
  const segmentLen = payload - tcp + payloadLen;
  const found = readChecksum(view, tcp, tcpCaptured);
  if (found < 0 || tcpCaptured < segmentLen || tcp + segmentLen > view.byteLength) return 'unknown';
  const addressLen = version === 4 ? 4 : 16;
  const pseudo =
    sumOf(view, src, addressLen) +
    sumOf(view, dst, addressLen) +
    PROTOCOL_TCP +
    (segmentLen & 0xffff) +
    (segmentLen >>> 16);
  if (folded(pseudo + sumOf(view, tcp, segmentLen)) === 0xffff) return 'right';
  return folded(pseudo) === found ? 'partial' : 'wrong';
}

/** RFC 1071: the sum of the 16-bit words, an odd byte padded with zero. */
function sumOf(view: DataView, from: number, length: number): number {
  let sum = 0;
  const even = from + (length & ~1);
  for (let at = from; at < even; at += 2) sum += view.getUint16(at);
  return length & 1 ? sum + (view.getUint8(even) << 8) : sum;
}

function folded(sum: number): number {
  let rest = sum;
  while (rest > 0xffff) rest = (rest & 0xffff) + Math.floor(rest / 0x10000);
  return rest;
}
