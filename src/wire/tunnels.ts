/** IP protocols that carry packets or frames again. */
import { enterByAddresses, ENCAP_ETHERIP, ENCAP_IP } from './encapsulation.ts';
import { grePayload } from './gre.ts';
import { LINK_ETHERNET } from './link-types.ts';
import { mplsPayload } from './mpls.ts';
import {
  INSIDE_LINK,
  ipEthertype,
  NOT_A_TUNNEL,
  payloadAt,
  TUNNEL_CUT,
  TUNNEL_MALFORMED,
  type TunnelLayers,
} from './tunnel-payload.ts';
import { udpTunnelPayload } from './udp-tunnels.ts';

/**
 * What the payload of an IP packet carries: see tunnel-payload.ts for the result. `at` is its first byte, `end` where the capture of
 * it ends; `out.limit`, where it ends on the wire, is lowered when the tunnel's own header says so.
 */
export function tunnelPayload(view: DataView, protocol: number, at: number, end: number, out: TunnelLayers): number {
  switch (protocol) {
    case 17:
      return udpTunnelPayload(view, at, end, out);
    case 47:
      return grePayload(view, at, end, out);
    case 4: // RFC 2003, RFC 2473
    case 41: // RFC 4213, RFC 2473
    case 94: // IPIP of KA9Q
      return ipPayload(view, at, end, out);
    case 97: // RFC 3378
      if (end - at < 2) return TUNNEL_CUT;
      return enterByAddresses(out, view, ENCAP_ETHERIP)
        ? payloadAt(out, at + 2, INSIDE_LINK + LINK_ETHERNET)
        : TUNNEL_MALFORMED;
    case 137: // RFC 4023
      return mplsPayload(view, at, end, out.limit, out);
    default:
      return NOT_A_TUNNEL;
  }
}

/** The inner version is in the packet itself: some senders leave the protocol at 4 for both. */
function ipPayload(view: DataView, at: number, end: number, out: TunnelLayers): number {
  if (end - at < 1) return TUNNEL_CUT;
  const type = ipEthertype(view.getUint8(at));
  if (type === 0) return TUNNEL_MALFORMED;
  return enterByAddresses(out, view, ENCAP_IP) ? payloadAt(out, at, type) : TUNNEL_MALFORMED;
}
