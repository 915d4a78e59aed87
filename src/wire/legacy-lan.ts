/** Networks older than Ethernet's victory whose frames end in an LLC header: FDDI, Token Ring; and Frame Relay. */
import { llcPayload } from './ethertype.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, found, LINK_CUT, type NetworkLayer } from './network-layer.ts';

/** The network layer of an FDDI frame: frame control, two addresses, LLC (ANSI X3.139). */
export function fddiPayload(view: DataView, start: number, end: number, out: NetworkLayer): number {
  if (end - start < 13) return LINK_CUT;
  // Frame control 0x50 to 0x5f and 0xd0 to 0xdf: asynchronous and synchronous LLC; others are tokens and management.
  return (view.getUint8(start) & 0x70) === 0x50 ? llcPayload(view, start + 13, end, out) : found(out, start, 0);
}

/** The network layer of a Token Ring frame, behind its routing information if there is any (IEEE 802.5). */
export function tokenRingPayload(view: DataView, start: number, end: number, out: NetworkLayer): number {
  if (end - start < 14) return LINK_CUT;
  if ((view.getUint8(start + 1) & 0xc0) !== 0x40) return found(out, start, 0);
  const isSourceRouted = (view.getUint8(start + 8) & 0x80) !== 0;
  if (!isSourceRouted) return llcPayload(view, start + 14, end, out);
  if (end - start < 16) return LINK_CUT;
  return llcPayload(view, start + 14 + (view.getUint8(start + 14) & 0x1f), end, out);
}

/** The network layer of a Frame Relay frame: RFC 2427, or Cisco's encapsulation with a plain ethertype. */
export function frameRelayPayload(view: DataView, start: number, end: number, out: NetworkLayer): number {
  // Q.922: of the two to four octets of an address, only the last one is odd.
  let at = start + 1;
  while (at - start < 4 && at < end && (view.getUint8(at) & 1) === 0) at++;
  at++;
  if (end - at < 2) return LINK_CUT;
  if (view.getUint8(at) !== 0x03) return found(out, at + 2, view.getUint16(at));
  // A pad octet of 0 may stand before the protocol's number.
  at += view.getUint8(at + 1) === 0 ? 2 : 1;
  if (end - at < 1) return LINK_CUT;
  switch (view.getUint8(at)) {
    case 0xcc:
      return found(out, at + 1, ETHERTYPE_IPV4);
    case 0x8e:
      return found(out, at + 1, ETHERTYPE_IPV6);
    case 0x80: {
      if (end - at < 6) return LINK_CUT;
      const oui = (view.getUint8(at + 1) << 16) | view.getUint16(at + 2);
      return found(out, at + 6, oui === 0 ? view.getUint16(at + 4) : 0);
    }
    default:
      return found(out, at, 0);
  }
}
