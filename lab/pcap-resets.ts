/**
 * The little that recording must know of a growing pcap: which connections carry a RST, and whether a marker has arrived.
 * Independent of the reader in src/ on purpose: the lab's truth must not come from the code that it judges.
 */
import { readFile } from 'node:fs/promises';

export interface CaptureContents {
  readonly packets: number;
  /** One description per incarnation of a connection with a RST, such as `client RA win=512`: first RST only. */
  readonly resets: readonly SeenReset[];
  readonly markers: readonly string[];
}

export interface SeenReset {
  readonly from: 'client' | 'server' | 'unknown';
  readonly flags: number;
  readonly window: number;
}

const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;

/** Reads a little-endian pcap of Ethernet or of the `any` device as tcpdump writes it on this machine; a half-written last packet is left out. */
export async function readCapture(path: string): Promise<CaptureContents> {
  const bytes = await readFile(path);
  const initiators = new Map<string, string>();
  const resets = new Map<string, SeenReset>();
  const markers: string[] = [];
  const header = bytes.length >= 24 && bytes.readUInt32LE(20) === LINUX_SLL2 ? SLL2_BYTES : ETHERNET_BYTES;
  let packets = 0;
  for (let at = 24; at + 16 <= bytes.length;) {
    const length = bytes.readUInt32LE(at + 8);
    const frame = bytes.subarray(at + 16, at + 16 + length);
    if (frame.length < length) break;
    at += 16 + length;
    packets++;
    const segment = decode(frame.subarray(header));
    if (segment === null) continue;
    if (segment.marker !== null) {
      markers.push(segment.marker);
      continue;
    }
    const connection = [segment.source, segment.target].sort().join(' ');
    if ((segment.flags & (SYN | ACK)) === SYN && initiators.get(connection) !== `${segment.source} ${segment.seq}`) {
      initiators.set(connection, `${segment.source} ${segment.seq}`);
    }
    const initiator = initiators.get(connection);
    if ((segment.flags & RST) === 0) continue;
    const key = `${connection} ${initiator ?? ''}`;
    if (resets.has(key)) continue;
    const from = initiator === undefined ? 'unknown' : initiator.startsWith(`${segment.source} `) ? 'client' : 'server';
    resets.set(key, { from, flags: segment.flags, window: segment.window });
  }
  return { packets, resets: [...resets.values()], markers };
}

interface Segment {
  readonly source: string;
  readonly target: string;
  readonly seq: number;
  readonly flags: number;
  readonly window: number;
  readonly marker: string | null;
}

/** Link type of `tcpdump -i any`, and the lengths of the two headers. */
const LINUX_SLL2 = 276;
const SLL2_BYTES = 20;
const ETHERNET_BYTES = 14;

function decode(ip: Buffer): Segment | null {
  const v6 = ip[0]! >> 4 === 6;
  const start = v6 ? 40 : (ip[0]! & 15) * 4;
  const protocol = v6 ? ip[6] : ip[9];
  if (protocol === 17) return { ...NOTHING, marker: ip.subarray(start + 8).toString('latin1') };
  if (protocol !== 6) return null;
  const from = v6 ? ip.subarray(8, 24) : ip.subarray(12, 16);
  const to = v6 ? ip.subarray(24, 40) : ip.subarray(16, 20);
  return {
    source: `${from.toString('hex')}:${ip.readUInt16BE(start)}`,
    target: `${to.toString('hex')}:${ip.readUInt16BE(start + 2)}`,
    seq: ip.readUInt32BE(start + 4),
    flags: ip[start + 13]!,
    window: ip.readUInt16BE(start + 14),
    marker: null,
  };
}

const NOTHING: Segment = { source: '', target: '', seq: 0, flags: 0, window: 0, marker: null };
