/** IP packets cut into fragments, for tests. */
import { concat, integers } from '../../wire/bytes.ts';

/** The parts of an IPv4 packet with a header of 20 bytes, cut behind each of `cuts`: offsets in its payload, multiples of eight. */
export function cutIpv4(packet: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  return pieces(packet.subarray(20), cuts).map(({ from, bytes, more }) => ipv4Part(packet, from, bytes, more));
}

/** One fragment with the header of `packet`. */
export function ipv4Part(packet: Uint8Array, from: number, bytes: Uint8Array, more: boolean): Uint8Array {
  const part = concat([packet.subarray(0, 20), bytes]);
  const view = new DataView(part.buffer);
  view.setUint16(2, part.length);
  view.setUint16(6, (more ? 0x2000 : 0) | (from >> 3));
  return part;
}

/** The parts of an IPv6 packet without extension headers. */
export function cutIpv6(packet: Uint8Array, cuts: readonly number[], id = 77): Uint8Array[] {
  return pieces(packet.subarray(40), cuts).map(({ from, bytes, more }) => ipv6Part(packet, from, bytes, more, id));
}

export function ipv6Part(packet: Uint8Array, from: number, bytes: Uint8Array, more: boolean, id = 77): Uint8Array {
  const header = [Uint8Array.of(packet[6]!, 0), integers(false, 2, [from | (more ? 1 : 0)]), integers(false, 4, [id])];
  const part = concat([packet.subarray(0, 40), ...header, bytes]);
  const view = new DataView(part.buffer);
  view.setUint16(4, part.length - 40);
  view.setUint8(6, 44);
  return part;
}

function pieces(payload: Uint8Array, cuts: readonly number[]): { from: number; bytes: Uint8Array; more: boolean }[] {
  const edges = [0, ...cuts, payload.length];
  return edges.slice(1).map((to, i) => ({
    from: edges[i]!,
    bytes: payload.subarray(edges[i], to),
    more: to < payload.length,
  }));
}
