/**
 * MPLS label stacks (RFC 3032).
 *
 * Nothing in the header names the payload, so it is told from the first bytes below the stack, in this order: an IPv4
 * or IPv6 header whose lengths fit; a control word (RFC 4385: first nibble 0) with an Ethernet frame of a known type
 * behind it; an Ethernet frame of a known type. Anything else is not looked into.
 */
import { enter, ENCAP_MPLS } from './encapsulation.ts';
import { LINK_ETHERNET } from './link-types.ts';
import {
  fitsIpv4,
  fitsIpv6,
  INSIDE_LINK,
  NOT_A_TUNNEL,
  payloadAt,
  TUNNEL_CUT,
  TUNNEL_MALFORMED,
  type TunnelLayers,
} from './tunnel-payload.ts';

const MAX_LABELS = 16;

/** The ethertypes of a label stack, for one receiver and for several. */
export function isMpls(ethertype: number): boolean {
  return ethertype === 0x8847 || ethertype === 0x8848;
}

/** Walks the label stack at `start`; the innermost label that is not reserved names the tunnel. */
export function mplsPayload(view: DataView, start: number, end: number, wireEnd: number, out: TunnelLayers): number {
  let at = start;
  let label = 0;
  for (let labels = 0; ; labels++) {
    if (end - at < 4) return TUNNEL_CUT;
    if (labels === MAX_LABELS) return TUNNEL_MALFORMED;
    const entry = view.getUint32(at);
    at += 4;
    // RFC 3032 §2.1: labels up to 15 are reserved, such as explicit null.
    if (entry >>> 12 > 15) label = entry >>> 12;
    if (entry & 0x100) break;
  }
  if (!enter(out, ENCAP_MPLS, label, 0)) return TUNNEL_MALFORMED;
  out.limit = wireEnd;
  if (end - at < 1) return TUNNEL_CUT;
  const nibble = view.getUint8(at) >> 4;
  if (nibble === 4 && fitsIpv4(view, at, end, wireEnd)) return payloadAt(out, at, 0x0800);
  if (nibble === 6 && fitsIpv6(view, at, end, wireEnd)) return payloadAt(out, at, 0x86dd);
  if (nibble === 0 && isEthernet(view, at + 4, end)) return payloadAt(out, at + 4, INSIDE_LINK + LINK_ETHERNET);
  if (isEthernet(view, at, end)) return payloadAt(out, at, INSIDE_LINK + LINK_ETHERNET);
  return NOT_A_TUNNEL;
}

function isEthernet(view: DataView, at: number, end: number): boolean {
  if (end - at < 14) return false;
  const type = view.getUint16(at + 12);
  return type === 0x0800 || type === 0x86dd || type === 0x8100 || type === 0x88a8 || isMpls(type);
}
