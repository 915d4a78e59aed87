/** GRE (RFC 2784, RFC 2890), its version 1 for PPTP (RFC 2637), and ERSPAN I to III, which mirrors switch ports through it. */
import { enter, enterByAddresses, ENCAP_ERSPAN, ENCAP_GRE, ENCAP_GRE_KEY, ENCAP_PPTP } from './encapsulation.ts';
import { LINK_80211, LINK_ETHERNET } from './link-types.ts';
import { pppPayload } from './ppp.ts';
import {
  INSIDE_LINK,
  NOT_A_TUNNEL,
  payloadAt,
  TUNNEL_CUT,
  TUNNEL_MALFORMED,
  undecodedTunnel,
  type TunnelLayers,
} from './tunnel-payload.ts';

const CHECKSUM = 0x8000;
const ROUTING = 0x4000;
const KEY = 0x2000;
const SEQUENCE = 0x1000;
const ACKNOWLEDGMENT = 0x0080;
const GRE_PROTOCOL = 47;

const ERSPAN_II = 0x88be;
const ERSPAN_III = 0x22eb;

/** The payload of the GRE header at `start`. */
export function grePayload(view: DataView, start: number, end: number, out: TunnelLayers): number {
  if (end - start < 4) return TUNNEL_CUT;
  const flags = view.getUint16(start);
  const type = view.getUint16(start + 2);
  if ((flags & 7) === 1) return pptpPayload(view, start, end, flags, type, out);
  // Source routing (RFC 1701) was removed by RFC 2784.
  if ((flags & 7) !== 0 || flags & ROUTING) return undecodedTunnel(out, GRE_PROTOCOL);
  let at = start + 4 + (flags & CHECKSUM ? 4 : 0);
  const keyAt = at;
  if (flags & KEY) at += 4;
  if (flags & SEQUENCE) at += 4;
  if (end < at) return TUNNEL_CUT;
  if (type === ERSPAN_II) return erspanPayload(view, at, end, (flags & SEQUENCE) !== 0, out);
  if (type === ERSPAN_III) return erspanPayload(view, at, end, true, out);
  const entered =
    flags & KEY ? enter(out, ENCAP_GRE_KEY, view.getUint32(keyAt), 0) : enterByAddresses(out, view, ENCAP_GRE);
  return entered ? payloadAt(out, at, greType(type)) : TUNNEL_MALFORMED;
}

function greType(type: number): number {
  switch (type) {
    case 0x0800:
    case 0x86dd:
    case 0x8847:
    case 0x8848:
      return type;
    case 0x6558: // transparent Ethernet bridging, NVGRE too (RFC 7637)
      return INSIDE_LINK + LINK_ETHERNET;
    default:
      // Aruba access points number their 802.11 frames from 0x8200 to 0x83f0 by radio and queue.
      return type >= 0x8200 && type <= 0x83f0 && (type & 0x0f) === 0 ? INSIDE_LINK + LINK_80211 : type;
  }
}

function pptpPayload(
  view: DataView,
  start: number,
  end: number,
  flags: number,
  type: number,
  out: TunnelLayers,
): number {
  if (type !== 0x880b || (flags & KEY) === 0) return undecodedTunnel(out, GRE_PROTOCOL);
  const at = start + 8 + (flags & SEQUENCE ? 4 : 0) + (flags & ACKNOWLEDGMENT ? 4 : 0);
  // RFC 2637 §4.1: without a sequence number the packet only acknowledges.
  if ((flags & SEQUENCE) === 0) return NOT_A_TUNNEL;
  if (end < at) return TUNNEL_CUT;
  const payloadLen = view.getUint16(start + 4);
  if (at + payloadLen < out.limit) out.limit = at + payloadLen;
  if (!enterByAddresses(out, view, ENCAP_PPTP)) return TUNNEL_MALFORMED;
  return pppPayload(view, at, end < out.limit ? end : out.limit, out);
}

/** Type I has no header at all and is known by the missing GRE sequence number; II and III begin with their version. */
function erspanPayload(view: DataView, at: number, end: number, hasHeader: boolean, out: TunnelLayers): number {
  if (!hasHeader) return enter(out, ENCAP_ERSPAN, 0, 0) ? payloadAt(out, at, ETHERNET) : TUNNEL_MALFORMED;
  if (end - at < 8) return TUNNEL_CUT;
  const version = view.getUint8(at) >> 4;
  const session = view.getUint16(at + 2) & 0x3ff;
  if (version === 1) return enter(out, ENCAP_ERSPAN, session, 0) ? payloadAt(out, at + 8, ETHERNET) : TUNNEL_MALFORMED;
  if (version !== 2) return undecodedTunnel(out, GRE_PROTOCOL);
  if (end - at < 12) return TUNNEL_CUT;
  if (!enter(out, ENCAP_ERSPAN, session, 0)) return TUNNEL_MALFORMED;
  const last = view.getUint16(at + 10);
  const payload = at + 12 + (last & 1 ? 8 : 0);
  const frameType = (last >> 10) & 0x1f;
  if (frameType === 0) return payloadAt(out, payload, ETHERNET);
  if (frameType !== 2) return NOT_A_TUNNEL;
  if (end - payload < 1) return TUNNEL_CUT;
  return payloadAt(out, payload, view.getUint8(payload) >> 4 === 6 ? 0x86dd : 0x0800);
}

const ETHERNET = INSIDE_LINK + LINK_ETHERNET;
