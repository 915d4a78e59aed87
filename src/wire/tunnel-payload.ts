/** What the decoders of tunnel headers share: where the payload of a tunnel lies, and what it is. */
import type { Way } from './encapsulation.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, LINK_CUT, LINK_UNDECODED, type NetworkLayer } from './network-layer.ts';

/** Results from 0x600 on: an ethertype, or INSIDE_LINK plus the link type of a frame. The payload starts at `network`. */
export const INSIDE_LINK = 0x10000;
export const NOT_A_TUNNEL = 0;
/** The header ends too early. */
export const TUNNEL_CUT: typeof LINK_CUT = LINK_CUT;
/** A tunnel whose payload is not decoded; `carrier` names it. */
export const TUNNEL_UNDECODED: typeof LINK_UNDECODED = LINK_UNDECODED;
/** Nested deeper than is followed, or fields that contradict each other. */
export const TUNNEL_MALFORMED = -3;

/** The part of `Layers` that tunnel decoders read and write. */
export interface TunnelLayers extends Way, NetworkLayer {
  /** Where the payload ends on the wire. */
  limit: number;
}

/** Says where the payload starts and returns what it is. */
export function payloadAt(out: TunnelLayers, offset: number, type: number): number {
  out.network = offset;
  return type;
}

/** Says why a tunnel is not followed. */
export function undecodedTunnel(out: TunnelLayers, carrier: number): number {
  out.carrier = carrier;
  return TUNNEL_UNDECODED;
}

/** The ethertype of the IP version in the first byte, 0 when it is neither. */
export function ipEthertype(firstByte: number): number {
  const version = firstByte >> 4;
  return version === 4 ? ETHERTYPE_IPV4 : version === 6 ? ETHERTYPE_IPV6 : 0;
}

/** True when an IPv4 header may stand at `at`: its lengths fit, or it is cut by the snap length. */
export function fitsIpv4(view: DataView, at: number, end: number, wireEnd: number): boolean {
  if (end - at < 20) return end < wireEnd;
  const headerLen = (view.getUint8(at) & 0x0f) << 2;
  const totalLen = view.getUint16(at + 2);
  return headerLen >= 20 && totalLen >= headerLen && at + totalLen <= wireEnd;
}

/** The same for IPv6. */
export function fitsIpv6(view: DataView, at: number, end: number, wireEnd: number): boolean {
  if (end - at < 40) return end < wireEnd;
  return at + 40 + view.getUint16(at + 4) <= wireEnd;
}
