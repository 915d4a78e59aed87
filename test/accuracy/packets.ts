/**
 * The fields of TCP segments that the baselines look at. Independent of the reader in src/ on purpose: they are to be
 * judged on the same bytes, not on its understanding of them.
 */
export interface Packet {
  /** Wireshark's frame number. */
  readonly frame: number;
  readonly atS: number;
  /** `address:port` in hexadecimal and decimal. */
  readonly source: string;
  readonly target: string;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly payloadBytes: number;
  /** TTL or hop limit. */
  readonly ttl: number;
}

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const ACK = 0x10;

/** Link type of `tcpdump -i any`, and the lengths of the headers of both link types that the lab records. */
const LINUX_SLL2 = 276;
const SLL2_BYTES = 20;
const ETHERNET_BYTES = 14;

/** The TCP segments of a little-endian pcap with microseconds, as tcpdump writes it; anything else in it is left out. */
export function readPackets(pcap: Buffer): Packet[] {
  const header = pcap.length >= 24 && pcap.readUInt32LE(20) === LINUX_SLL2 ? SLL2_BYTES : ETHERNET_BYTES;
  const packets: Packet[] = [];
  let frame = 0;
  for (let at = 24; at + 16 <= pcap.length; at += 16 + pcap.readUInt32LE(at + 8)) {
    frame++;
    const ip = pcap.subarray(at + 16 + header, at + 16 + pcap.readUInt32LE(at + 8));
    const segment = decode(ip);
    if (segment !== null)
      packets.push({ frame, atS: pcap.readUInt32LE(at) + pcap.readUInt32LE(at + 4) / 1e6, ...segment });
  }
  return packets;
}

function decode(ip: Buffer): Omit<Packet, 'frame' | 'atS'> | null {
  if (ip.length < 40) return null;
  const v6 = ip[0]! >> 4 === 6;
  const start = v6 ? 40 : (ip[0]! & 15) * 4;
  if (ip[v6 ? 6 : 9] !== 6 || ip.length < start + 20) return null;
  const [from, to] = v6 ? [ip.subarray(8, 24), ip.subarray(24, 40)] : [ip.subarray(12, 16), ip.subarray(16, 20)];
  // An offloaded segment may be too long for IPv4's length field, which then says 0.
  const ipBytes = v6 ? 40 + ip.readUInt16BE(4) : ip.readUInt16BE(2);
  return {
    source: `${from!.toString('hex')}:${ip.readUInt16BE(start)}`,
    target: `${to!.toString('hex')}:${ip.readUInt16BE(start + 2)}`,
    seq: ip.readUInt32BE(start + 4),
    ack: ip.readUInt32BE(start + 8),
    flags: ip[start + 13]!,
    payloadBytes: Math.max(0, ipBytes - start - (ip[start + 12]! >> 4) * 4),
    ttl: ip[v6 ? 7 : 8]!,
  };
}
