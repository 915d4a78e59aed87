/** PPP (RFC 1661) bare, in HDLC-like framing (RFC 1662) and in PPPoE sessions (RFC 2516); Cisco HDLC (RFC 1547, 4.3.1). */
import { LINK_PPP_COMPRESSED, LINK_PPP_ENCRYPTED, LINK_PPP_MULTILINK, LINK_PPP_VJ } from './link-types.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, found, LINK_CUT, undecodedLink, type NetworkLayer } from './network-layer.ts';

const ETHERTYPE_PPPOE = 0x8864;
const ETHERTYPE_MPLS = 0x8847;

/** The network layer of a PPP frame whose address and control fields may have been left out (RFC 1661, 6.6). */
export function pppPayload(view: DataView, at: number, end: number, out: NetworkLayer): number {
  if (end - at < 2) return LINK_CUT;
  return protocolPayload(view, view.getUint16(at) === 0xff03 ? at + 2 : at, end, out);
}

/** The network layer of a serial frame: Cisco HDLC tells itself by its address field, anything else is PPP. */
export function serialPayload(view: DataView, at: number, end: number, out: NetworkLayer): number {
  if (end - at < 2) return LINK_CUT;
  const addressAndControl = view.getUint16(at);
  const cisco = addressAndControl === 0x0f00 || addressAndControl === 0x8f00;
  return cisco ? ciscoPayload(view, at, end, out) : pppPayload(view, at, end, out);
}

/** The network layer of a Cisco HDLC frame: address, control, ethertype; keepalives (SLARP) have no IP. */
export function ciscoPayload(view: DataView, at: number, end: number, out: NetworkLayer): number {
  return end - at < 4 ? LINK_CUT : found(out, at + 4, view.getUint16(at + 2));
}

/** The network layer of a frame as pppd's filter sees it: a direction stands where the address field would. */
export function pppdPayload(view: DataView, at: number, end: number, out: NetworkLayer): number {
  if (end - at < 2) return LINK_CUT;
  return protocolPayload(view, view.getUint8(at + 1) === 0x03 ? at + 2 : at + 1, end, out);
}

/** The network layer of a PPPoE session packet whose header starts at `at`. */
export function pppoePayload(view: DataView, at: number, end: number, out: NetworkLayer): number {
  if (end - at < 6) return LINK_CUT;
  // RFC 2516, section 4: version 1, type 1, and code 0 in the session stage.
  if (view.getUint16(at) !== 0x1100) return found(out, at, ETHERTYPE_PPPOE);
  return protocolPayload(view, at + 6, end, out);
}

/** RFC 1661, section 2: the last octet of the protocol field is odd and no other one is, so one octet can stand alone. */
function protocolPayload(view: DataView, at: number, end: number, out: NetworkLayer): number {
  if (end - at < 1) return LINK_CUT;
  const first = view.getUint8(at);
  if ((first & 1) === 1) return networkProtocol(first, at + 1, out);
  return end - at < 2 ? LINK_CUT : networkProtocol(view.getUint16(at), at + 2, out);
}

/** The numbers are those of IANA's "PPP DLL Protocol Numbers". */
function networkProtocol(protocol: number, at: number, out: NetworkLayer): number {
  switch (protocol) {
    case 0x0021:
      return found(out, at, ETHERTYPE_IPV4);
    case 0x0057:
      return found(out, at, ETHERTYPE_IPV6);
    case 0x0281:
      return found(out, at, ETHERTYPE_MPLS);
    case 0x002d:
    case 0x002f:
      return undecodedLink(out, LINK_PPP_VJ);
    case 0x003d:
      return undecodedLink(out, LINK_PPP_MULTILINK);
    case 0x0053:
    case 0x0055:
      return undecodedLink(out, LINK_PPP_ENCRYPTED);
    case 0x00fb:
    case 0x00fd:
      return undecodedLink(out, LINK_PPP_COMPRESSED);
    default:
      return found(out, at, 0);
  }
}
