/**
 * Finds the TCP segment inside a captured frame, through the tunnels and VLAN tags around it.
 * Guarantees: reads only inside [start, end), never throws, allocates nothing, ends after a bounded number of headers.
 */
import { isCarrierEthertype, isCarrierProtocol } from './carriers.ts';
import { newStack } from './encapsulation.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, LINK_CUT, LINK_UNDECODED, linkDirection, linkPayload } from './link.ts';
import { LINK_ETHERNET } from './link-types.ts';
import { isMpls, mplsPayload } from './mpls.ts';
import {
  INSIDE_LINK,
  NOT_A_TUNNEL,
  TUNNEL_CUT,
  TUNNEL_MALFORMED,
  TUNNEL_UNDECODED,
  type TunnelLayers,
} from './tunnel-payload.ts';
import { tunnelPayload } from './tunnels.ts';
import { isTunnelDatagram } from './udp-tunnels.ts';
import { enterVlans } from './vlan-tags.ts';

/** A frame that carries something else than TCP; `protocol` and `tcp` still name the IP payload, for ICMP. */
export const NOT_TCP = 0;
/** A TCP segment whose ports, numbers and flags are present: at least the first 14 bytes of its header. */
export const TCP = 1;
/**
 * The snap length cut the frame before the TCP flags, or before one can see that it is TCP.
 * `tcp` is the header's offset when both ports are present, and -1 otherwise.
 */
export const CUT = 2;
/** Header fields that contradict each other or the length of the packet; receivers drop such a packet. */
export const MALFORMED = 3;
/** A link type, an ethertype or a tunnel that is not decoded; `carrier` tells which. */
export const UNDECODED = 4;
/**
 * A fragment of an IP packet that may carry TCP. Present as a whole where `captured` is not 0: its content lies at
 * `payload`, and `fragment`, `more` and `fragmentId` say where it belongs.
 */
export const FRAGMENT = 5;

/** Where the parts of one frame lie, as offsets into the view; filled by `locate` and reused for every frame. */
export interface Layers extends TunnelLayers {
  /** 4 or 6; 0 when no IP header was found, and then the other fields mean nothing. */
  version: number;
  /** Offset of the IP header. */
  network: number;
  /** Offset of the source address: 4 bytes or 16. */
  src: number;
  dst: number;
  /** Time to live, or IPv6 hop limit. */
  ttl: number;
  /** IPv4 identification; -1 for IPv6. */
  ipId: number;
  /** Don't fragment, 0 or 1; 1 for IPv6. */
  df: number;
  /** IP protocol of the payload, behind IPv6 extension headers. */
  protocol: number;
  /** Offset of the TCP header, or of whatever `protocol` names; -1 when it is not in the buffer. */
  tcp: number;
  /** Bytes of the TCP segment present in the buffer, header included; 14 or more for TCP. */
  tcpCaptured: number;
  /** Offset of the payload; at or beyond the frame's end when nothing of it is present. */
  payload: number;
  /** Payload bytes on the wire by the IP length, or by the frame's where that is 0 (segmentation offload). */
  payloadLen: number;
  /** Payload bytes present in the buffer. */
  captured: number;
  /** As the frame itself tells: 0 unknown, 1 inbound, 2 outbound. */
  direction: number;
  /** Tunnel headers and VLAN tags passed on the way: the entries of `stack`, see encapsulation.ts. */
  tunnel: number;
  readonly stack: Uint32Array;
  /** Where the packet inside the innermost tunnel ends on the wire. */
  limit: number;
  /** For FRAGMENT: offset of its content in the packet's payload, whether more follow (0 or 1), and whose part it is. */
  fragment: number;
  more: number;
  fragmentId: number;
  /** For UNDECODED, what stopped the decoder: see `carrierName`. */
  carrier: number;
}

/** A record for `locate` to fill. */
export function newLayers(): Layers {
  return {
    version: 0,
    network: 0,
    src: 0,
    dst: 0,
    ttl: 0,
    ipId: -1,
    df: 0,
    protocol: 0,
    tcp: -1,
    tcpCaptured: 0,
    payload: 0,
    payloadLen: 0,
    captured: 0,
    direction: 0,
    tunnel: 0,
    stack: newStack(),
    limit: 0,
    fragment: 0,
    more: 0,
    fragmentId: 0,
    carrier: 0,
  };
}

/**
 * Locates TCP in the frame at [start, end) that was `wireLen` bytes long on the wire.
 * Returns NOT_TCP, TCP, CUT, MALFORMED, UNDECODED or FRAGMENT.
 */
export function locate(
  view: DataView,
  start: number,
  end: number,
  wireLen: number,
  linkType: number,
  out: Layers,
): number {
  const wireEnd = start + wireLen;
  out.tunnel = 0;
  // The usual case stays small enough for V8 to inline; it halves the time of a capture.
  if (linkType === LINK_ETHERNET && end - start >= 34 && view.getUint16(start + 12) === ETHERTYPE_IPV4) {
    out.direction = 0;
    return ipv4(view, start + 14, end, wireEnd, out);
  }
  return belowLink(view, start, end, wireEnd, linkType, out);
}

/**
 * Goes on in the reassembled packet at [0, end) whose fragment `out` describes: the way that led to it still counts.
 */
export function locateReassembled(view: DataView, end: number, out: Layers): number {
  return out.version === 4 ? ipv4(view, 0, end, end, out) : ipv6(view, 0, end, end, out);
}

function belowLink(view: DataView, start: number, end: number, wireEnd: number, linkType: number, out: Layers): number {
  out.direction = linkDirection(view, start, end, linkType);
  return linkFrame(view, start, end, wireEnd, linkType, out);
}

/** A frame of a link layer: the captured one, or one inside a tunnel. */
function linkFrame(view: DataView, start: number, end: number, wireEnd: number, linkType: number, out: Layers): number {
  const type = linkPayload(view, start, end, linkType, out);
  enterVlans(view, start, end, linkType, out);
  return inside(view, type, end, wireEnd, out);
}

/** What a link layer or a tunnel carries from `out.network` on: an ethertype, a link type, or a reason to stop. */
function inside(view: DataView, type: number, end: number, wireEnd: number, out: Layers): number {
  if (type === ETHERTYPE_IPV4) return ipv4(view, out.network, end, wireEnd, out);
  if (type === ETHERTYPE_IPV6) return ipv6(view, out.network, end, wireEnd, out);
  if (type >= INSIDE_LINK) return linkFrame(view, out.network, end, wireEnd, type - INSIDE_LINK, out);
  if (isMpls(type)) return inside(view, mplsPayload(view, out.network, end, wireEnd, out), end, wireEnd, out);
  out.version = 0;
  out.tcp = -1;
  if (type === LINK_CUT) return cutOrMalformed(end, wireEnd, out);
  if (type === TUNNEL_MALFORMED) return MALFORMED;
  if (type === LINK_UNDECODED) return UNDECODED;
  return isCarrierEthertype(type) ? undecoded(type, out) : NOT_TCP;
}

/** RFC 791. */
function ipv4(view: DataView, ip: number, end: number, wireEnd: number, out: Layers): number {
  out.version = 0;
  out.network = ip;
  if (end - ip < 20) return cutOrMalformed(end, wireEnd, out);
  const versionAndLength = view.getUint8(ip);
  const headerLen = (versionAndLength & 0x0f) << 2;
  if (versionAndLength >> 4 !== 4 || headerLen < 20) return malformed(out);
  const totalLen = view.getUint16(ip + 2);
  // Segmentation offload, and BIG TCP (Linux 6.3), leave 0 here.
  const ipEnd = totalLen === 0 ? wireEnd : ip + totalLen;
  if (ipEnd - ip < headerLen) return malformed(out);
  const fragment = view.getUint16(ip + 6);
  out.version = 4;
  out.src = ip + 12;
  out.dst = ip + 16;
  out.ttl = view.getUint8(ip + 8);
  out.ipId = view.getUint16(ip + 4);
  out.df = (fragment >> 14) & 1;
  const protocol = view.getUint8(ip + 9);
  if ((fragment & 0x3fff) !== 0) return ipv4Fragment(view, ip, ipEnd, end, out);
  if (protocol === TCP_PROTOCOL) return tcpSegment(view, ip + headerLen, ipEnd, end, out);
  return upperLayer(view, protocol, ip + headerLen, ipEnd, end, out);
}

/** RFC 8200. */
function ipv6(view: DataView, ip: number, end: number, wireEnd: number, out: Layers): number {
  out.version = 0;
  out.network = ip;
  if (end - ip < 40) return cutOrMalformed(end, wireEnd, out);
  if (view.getUint8(ip) >> 4 !== 6) return malformed(out);
  const payloadLen = view.getUint16(ip + 4);
  out.version = 6;
  out.src = ip + 8;
  out.dst = ip + 24;
  out.ttl = view.getUint8(ip + 7);
  out.ipId = -1;
  out.df = 1;
  // A jumbogram (RFC 2675) and segmentation offload leave 0 here.
  const ipEnd = payloadLen === 0 ? wireEnd : ip + 40 + payloadLen;
  return upperLayer(view, view.getUint8(ip + 6), ip + 40, ipEnd, end, out);
}

const TCP_PROTOCOL = 6;
const UDP_PROTOCOL = 17;
const FRAGMENT_HEADER = 44;
const AUTHENTICATION_HEADER = 51;
const MAX_EXTENSION_HEADERS = 16;

/** Skips IPv6 extension headers, and the authentication header that IPv4 knows too (RFC 4302). */
function upperLayer(
  view: DataView,
  firstProtocol: number,
  first: number,
  ipEnd: number,
  end: number,
  out: Layers,
): number {
  let protocol = firstProtocol;
  let at = first;
  for (let headers = 0; headers <= MAX_EXTENSION_HEADERS; headers++) {
    if (protocol === TCP_PROTOCOL) return tcpSegment(view, at, ipEnd, end, out);
    if (!isExtensionHeader(protocol)) return otherPayload(view, protocol, at, ipEnd, end, out);
    out.protocol = protocol;
    out.tcp = -1;
    if (end - at < 8) return cutOrMalformed(end, ipEnd, out);
    // RFC 6946: a packet that is its own only fragment is read at once.
    if (protocol === FRAGMENT_HEADER && (view.getUint16(at + 2) & 0xfff9) !== 0) {
      return ipv6Fragment(view, at, ipEnd, end, out);
    }
    const next = view.getUint8(at);
    const lenField = view.getUint8(at + 1);
    if (protocol === AUTHENTICATION_HEADER) at += (lenField + 2) << 2;
    else at += protocol === FRAGMENT_HEADER ? 8 : (lenField + 1) << 3;
    protocol = next;
  }
  return malformed(out);
}

function isExtensionHeader(protocol: number): boolean {
  switch (protocol) {
    case 0: // hop-by-hop options
    case 43: // routing
    case FRAGMENT_HEADER:
    case AUTHENTICATION_HEADER:
    case 60: // destination options
    case 135: // mobility, RFC 6275
    case 139: // host identity, RFC 7401
    case 140: // shim6, RFC 5533
      return true;
    default:
      return false;
  }
}

/** RFC 9293, section 3.1. */
function tcpSegment(view: DataView, tcp: number, ipEnd: number, end: number, out: Layers): number {
  const present = (end < ipEnd ? end : ipEnd) - tcp;
  out.protocol = TCP_PROTOCOL;
  out.tcpCaptured = present < 0 ? 0 : present;
  out.payload = tcp + 20;
  out.payloadLen = 0;
  out.captured = 0;
  out.tcp = present >= 4 ? tcp : -1;
  if (present < 14) return cutOrMalformed(end, ipEnd, out);
  const headerLen = (view.getUint8(tcp + 12) >> 4) << 2;
  if (headerLen < 20) return MALFORMED;
  const payload = tcp + headerLen;
  out.payload = payload;
  // A header longer than the datagram leaves a payload of nothing; Wireshark still shows the flags, and so counts a RST.
  if (ipEnd > payload) {
    out.payloadLen = ipEnd - payload;
    if (end > payload) out.captured = (end < ipEnd ? end : ipEnd) - payload;
  }
  return TCP;
}

function otherPayload(view: DataView, protocol: number, at: number, ipEnd: number, end: number, out: Layers): number {
  const stop = end < ipEnd ? end : ipEnd;
  out.protocol = protocol;
  out.tcp = stop > at ? at : -1;
  if (protocol !== UDP_PROTOCOL && !isCarrierProtocol(protocol)) return NOT_TCP;
  out.limit = ipEnd;
  const type = tunnelPayload(view, protocol, at, stop, out);
  if (type === NOT_A_TUNNEL) return NOT_TCP;
  if (type === TUNNEL_UNDECODED) return UNDECODED;
  if (type === TUNNEL_CUT) return cutOrMalformed(stop, ipEnd, out);
  return inside(view, type, stop < out.limit ? stop : out.limit, out.limit, out);
}

/** Reads again what `ipv4` knows: the fewer arguments there, the smaller the code of the usual case. */
function ipv4Fragment(view: DataView, ip: number, ipEnd: number, end: number, out: Layers): number {
  const fragment = view.getUint16(ip + 6);
  out.fragment = (fragment & 0x1fff) << 3;
  out.more = (fragment >> 13) & 1;
  out.fragmentId = out.ipId;
  return partOf(view, view.getUint8(ip + 9), ip + ((view.getUint8(ip) & 0x0f) << 2), ipEnd, end, out);
}

/** RFC 8200, section 4.5. */
function ipv6Fragment(view: DataView, header: number, ipEnd: number, end: number, out: Layers): number {
  const offsetAndMore = view.getUint16(header + 2);
  out.fragment = offsetAndMore & 0xfff8;
  out.more = offsetAndMore & 1;
  out.fragmentId = view.getUint32(header + 4);
  return partOf(view, view.getUint8(header), header + 8, ipEnd, end, out);
}

/** A fragment with `protocol` in it, at [at, ipEnd). */
function partOf(view: DataView, protocol: number, at: number, ipEnd: number, end: number, out: Layers): number {
  out.protocol = protocol;
  out.tcp = -1;
  const isFirst = out.fragment === 0;
  if (!mayHoldTcp(protocol)) return isFirst ? otherPayload(view, protocol, at, ipEnd, end, out) : NOT_TCP;
  if (isFirst && protocol === UDP_PROTOCOL && !isTunnelDatagram(view, at, end)) {
    out.tcp = end > at ? at : -1;
    return NOT_TCP;
  }
  // What the snap length cut cannot be put together; a first part may still show the TCP header.
  if (isFirst && end < ipEnd) return upperLayer(view, protocol, at, ipEnd, end, out);
  out.payload = at;
  out.payloadLen = ipEnd > at ? ipEnd - at : 0;
  out.captured = end < ipEnd ? 0 : out.payloadLen;
  return FRAGMENT;
}

function mayHoldTcp(protocol: number): boolean {
  return (
    protocol === TCP_PROTOCOL ||
    protocol === UDP_PROTOCOL ||
    (protocol !== FRAGMENT_HEADER && isExtensionHeader(protocol)) ||
    isCarrierProtocol(protocol)
  );
}

function undecoded(carrier: number, out: Layers): number {
  out.carrier = carrier;
  return UNDECODED;
}

/** Missing bytes are the snap length's doing when the frame or datagram was longer than what is present. */
function cutOrMalformed(end: number, wireEnd: number, out: Layers): number {
  if (out.protocol !== TCP_PROTOCOL || out.version === 0) out.tcp = -1;
  return end < wireEnd ? CUT : MALFORMED;
}

function malformed(out: Layers): number {
  out.tcp = -1;
  return MALFORMED;
}
