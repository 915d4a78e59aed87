/**
 * Tunnels over UDP, known by their port and by what their header must look like.
 * VXLAN (RFC 7348), Geneve (RFC 8926), GTP-U (3GPP TS 29.281), Teredo (RFC 4380), L2TP version 2 (RFC 2661), GRE in UDP (RFC 8086), MPLS in UDP (RFC 7510), and the AYIYA of SixXS.
 */
import { CARRIER_UDP_PORT } from './carriers.ts';
import {
  enter,
  enterByAddresses,
  ENCAP_AYIYA,
  ENCAP_GENEVE,
  ENCAP_GTP,
  ENCAP_L2TP,
  ENCAP_TEREDO,
  ENCAP_VXLAN,
} from './encapsulation.ts';
import { grePayload } from './gre.ts';
import { LINK_ETHERNET } from './link-types.ts';
import { mplsPayload } from './mpls.ts';
import { pppPayload } from './ppp.ts';
import {
  fitsIpv6,
  INSIDE_LINK,
  ipEthertype,
  NOT_A_TUNNEL,
  payloadAt,
  TUNNEL_CUT,
  TUNNEL_MALFORMED,
  undecodedTunnel,
  type TunnelLayers,
} from './tunnel-payload.ts';

/** Either port of these marks a tunnel; of the others only the destination, as the source spreads flows over paths. */
const BOTH_PORTS: ReadonlySet<number> = new Set([1701, 2152, 3544, 5072]);
const DESTINATIONS: ReadonlySet<number> = new Set([4789, 8472, 4790, 6081, 4754, 6635]);

/** True when the ports of the UDP datagram at `udp` are those of a tunnel. */
export function isTunnelDatagram(view: DataView, udp: number, end: number): boolean {
  return end - udp >= 8 && tunnelPort(view.getUint16(udp), view.getUint16(udp + 2)) !== 0;
}

/** The port that marks a UDP datagram as a tunnel, or 0. */
function tunnelPort(srcPort: number, dstPort: number): number {
  if (DESTINATIONS.has(dstPort) || BOTH_PORTS.has(dstPort)) return dstPort;
  return BOTH_PORTS.has(srcPort) ? srcPort : 0;
}

/** The payload of the UDP datagram at `udp`, when it is a tunnel. */
export function udpTunnelPayload(view: DataView, udp: number, end: number, out: TunnelLayers): number {
  if (end - udp < 8) return NOT_A_TUNNEL;
  const port = tunnelPort(view.getUint16(udp), view.getUint16(udp + 2));
  if (port === 0) return NOT_A_TUNNEL;
  const udpLen = view.getUint16(udp + 4);
  if (udpLen >= 8 && udp + udpLen < out.limit) out.limit = udp + udpLen;
  const at = udp + 8;
  const stop = end < out.limit ? end : out.limit;
  switch (port) {
    case 4789:
    case 8472:
      return vxlanPayload(view, at, stop, port, out);
    case 4790:
      return vxlanGpePayload(view, at, stop, out);
    case 6081:
      return genevePayload(view, at, stop, out);
    case 2152:
      return gtpPayload(view, at, stop, out);
    case 3544:
      return teredoPayload(view, at, stop, out);
    case 1701:
      return l2tpPayload(view, at, stop, out);
    case 5072:
      return ayiyaPayload(view, at, stop, out);
    case 4754:
      return grePayload(view, at, stop, out);
    default:
      return mplsPayload(view, at, stop, out.limit, out);
  }
}

const ETHERNET = INSIDE_LINK + LINK_ETHERNET;
/** The header says which network the frame belongs to. */
const HAS_VNI = 0x08;

function vxlanPayload(view: DataView, at: number, end: number, port: number, out: TunnelLayers): number {
  if (end - at < 8) return TUNNEL_CUT;
  if ((view.getUint8(at) & HAS_VNI) === 0) return undecodedTunnel(out, CARRIER_UDP_PORT + port);
  return enter(out, ENCAP_VXLAN, view.getUint32(at + 4) >>> 8, 0) ? payloadAt(out, at + 8, ETHERNET) : TUNNEL_MALFORMED;
}

/** draft-ietf-nvo3-vxlan-gpe: a bit says that the header names its payload. */
function vxlanGpePayload(view: DataView, at: number, end: number, out: TunnelLayers): number {
  if (end - at < 8) return TUNNEL_CUT;
  const flags = view.getUint8(at);
  const next = flags & 0x04 ? view.getUint8(at + 3) : 3;
  const type = next === 1 ? 0x0800 : next === 2 ? 0x86dd : next === 3 ? ETHERNET : next === 5 ? 0x8847 : 0;
  if ((flags & HAS_VNI) === 0 || type === 0) return undecodedTunnel(out, CARRIER_UDP_PORT + 4790);
  return enter(out, ENCAP_VXLAN, view.getUint32(at + 4) >>> 8, 0) ? payloadAt(out, at + 8, type) : TUNNEL_MALFORMED;
}

function genevePayload(view: DataView, at: number, end: number, out: TunnelLayers): number {
  if (end - at < 8) return TUNNEL_CUT;
  const first = view.getUint8(at);
  const type = view.getUint16(at + 2);
  const payload = at + 8 + ((first & 0x3f) << 2);
  // RFC 8926 §3.4: version 0 is the only one.
  if (first >> 6 !== 0) return undecodedTunnel(out, CARRIER_UDP_PORT + 6081);
  if (end < payload) return TUNNEL_CUT;
  // The control bit: an OAM packet, not one of a host.
  if (view.getUint8(at + 1) & 0x80) return NOT_A_TUNNEL;
  if (!enter(out, ENCAP_GENEVE, view.getUint32(at + 4) >>> 8, 0)) return TUNNEL_MALFORMED;
  return payloadAt(out, payload, type === 0x6558 ? ETHERNET : type);
}

/** TS 29.281 §5.1: version 1, protocol type GTP; message 255 carries a packet of the user. */
function gtpPayload(view: DataView, at: number, end: number, out: TunnelLayers): number {
  if (end - at < 8) return NOT_A_TUNNEL;
  const flags = view.getUint8(at);
  if (flags >> 4 !== 3 || view.getUint8(at + 1) !== 255) return NOT_A_TUNNEL;
  const payloadEnd = at + 8 + view.getUint16(at + 2);
  if (payloadEnd < out.limit) out.limit = payloadEnd;
  const teid = view.getUint32(at + 4);
  let payload = at + 8;
  if (flags & 0x07) {
    payload += 4;
    if (end < payload) return TUNNEL_CUT;
    let next = flags & 0x04 ? view.getUint8(payload - 1) : 0;
    while (next !== 0) {
      if (end - payload < 4) return TUNNEL_CUT;
      const lenBytes = view.getUint8(payload) << 2;
      if (lenBytes === 0) return TUNNEL_MALFORMED;
      payload += lenBytes;
      if (end < payload) return TUNNEL_CUT;
      next = view.getUint8(payload - 1);
    }
  }
  if (end - payload < 1) return TUNNEL_CUT;
  const type = ipEthertype(view.getUint8(payload));
  if (type === 0) return NOT_A_TUNNEL;
  return enter(out, ENCAP_GTP, teid, 0) ? payloadAt(out, payload, type) : TUNNEL_MALFORMED;
}

/** RFC 4380 §5.1.1: an authentication and an origin header may stand before the IPv6 packet. */
function teredoPayload(view: DataView, start: number, end: number, out: TunnelLayers): number {
  let at = start;
  if (end - at >= 4 && view.getUint16(at) === 1) at += 13 + view.getUint8(at + 2) + view.getUint8(at + 3);
  if (end - at >= 8 && view.getUint16(at) === 0) at += 8;
  if (end - at < 1 || view.getUint8(at) >> 4 !== 6 || !fitsIpv6(view, at, end, out.limit)) return NOT_A_TUNNEL;
  return enter(out, ENCAP_TEREDO, 0, 0) ? payloadAt(out, at, 0x86dd) : TUNNEL_MALFORMED;
}

/** draft-massar-v6ops-ayiya-02 §4: lengths of identity and signature, then what kind of packet follows them. */
function ayiyaPayload(view: DataView, at: number, end: number, out: TunnelLayers): number {
  if (end - at < 8) return NOT_A_TUNNEL;
  const lengths = view.getUint16(at);
  const payload = at + 8 + (1 << (lengths >> 12)) + ((lengths >> 2) & 0x3c);
  const isForward = (view.getUint8(at + 2) & 0x0f) === 1;
  if (!isForward || view.getUint8(at + 3) !== 41) return NOT_A_TUNNEL;
  if (end - payload < 1) return TUNNEL_CUT;
  return enterByAddresses(out, view, ENCAP_AYIYA) ? payloadAt(out, payload, 0x86dd) : TUNNEL_MALFORMED;
}

/** RFC 2661 §3.1: data messages only; control messages carry no packet. */
function l2tpPayload(view: DataView, start: number, end: number, out: TunnelLayers): number {
  if (end - start < 2) return NOT_A_TUNNEL;
  const flags = view.getUint16(start);
  if (flags & 0x8000) return NOT_A_TUNNEL;
  if ((flags & 0x0f) !== 2) return undecodedTunnel(out, CARRIER_UDP_PORT + 1701);
  const ids = start + 2 + (flags & 0x4000 ? 2 : 0);
  let at = ids + 4 + (flags & 0x0800 ? 4 : 0);
  if (flags & 0x0200) {
    if (end < at + 2) return TUNNEL_CUT;
    at += 2 + view.getUint16(at);
  }
  if (end < at) return TUNNEL_CUT;
  const entered = enter(out, ENCAP_L2TP, view.getUint16(ids), view.getUint16(ids + 2));
  return entered ? pppPayload(view, at, end, out) : TUNNEL_MALFORMED;
}
