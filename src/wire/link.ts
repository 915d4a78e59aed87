/**
 * From the first byte of a frame to its network layer, one link type at a time.
 * Guarantees: reads only inside [start, end), never throws, allocates nothing.
 * Sources of the layouts: tcpdump.org/linktypes, and what each decoder names.
 */
import { familyEthertype, versionEthertype } from './address-family.ts';
import { ethertypePayload, llcPayload } from './ethertype.ts';
import { encPayload, ipnetPayload, pflogPayload, pktapLinkType } from './host-header.ts';
import { wirelessPayload } from './ieee80211.ts';
import { fddiPayload, frameRelayPayload, tokenRingPayload } from './legacy-lan.ts';
import {
  LINK_80211,
  LINK_80211_AVS,
  LINK_80211_PRISM,
  LINK_80211_RADIOTAP,
  LINK_ATM_LLC,
  LINK_C_HDLC,
  LINK_C_HDLC_WITH_DIR,
  LINK_ENC,
  LINK_ETHERNET,
  LINK_FDDI,
  LINK_FRELAY,
  LINK_FRELAY_WITH_DIR,
  LINK_IP_OVER_1394,
  LINK_IP_OVER_FC,
  LINK_IPNET,
  LINK_IPV4,
  LINK_IPV6,
  LINK_LINUX_SLL,
  LINK_LINUX_SLL2,
  LINK_LOOP,
  LINK_MPLS,
  LINK_NFLOG,
  LINK_NULL,
  LINK_PFLOG,
  LINK_PKTAP,
  LINK_PPI,
  LINK_PPP,
  LINK_PPP_ETHER,
  LINK_PPP_HDLC,
  LINK_PPP_PPPD,
  LINK_PPP_WITH_DIR,
  LINK_RAW,
  LINK_RAW_BSD,
  LINK_RAW_OPENBSD,
  LINK_SUNATM,
  LINK_TOKEN_RING,
} from './link-types.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, found, LINK_CUT, undecodedLink, type NetworkLayer } from './network-layer.ts';
import { nflogPayload } from './nflog.ts';
import { ciscoPayload, pppdPayload, pppoePayload, pppPayload, serialPayload } from './ppp.ts';
import { ppiLinkType } from './radio-header.ts';

export { linkDirection } from './link-direction.ts';
export { ETHERTYPE_IPV4, ETHERTYPE_IPV6, LINK_CUT, LINK_UNDECODED, type NetworkLayer } from './network-layer.ts';

/**
 * The ethertype of the network layer, whose offset goes to `out`, or LINK_CUT, or LINK_UNDECODED with `out.carrier`.
 * Ethertype 0 means that the frame carries something without one, such as spanning tree.
 */
export function linkPayload(view: DataView, start: number, end: number, linkType: number, out: NetworkLayer): number {
  switch (linkType) {
    case LINK_ETHERNET:
      return end - start < 14 ? LINK_CUT : ethertypePayload(view, start + 14, end, view.getUint16(start + 12), out);
    case LINK_LINUX_SLL:
      return cookedPayload(view, start, end, out);
    case LINK_LINUX_SLL2:
      return cooked2Payload(view, start, end, out);
    case LINK_NULL:
    case LINK_LOOP:
      return end - start < 4 ? LINK_CUT : found(out, start + 4, loopbackEthertype(view, start));
    case LINK_RAW:
    case LINK_RAW_BSD:
    case LINK_RAW_OPENBSD:
      return end === start ? LINK_CUT : found(out, start, versionEthertype(view.getUint8(start)));
    case LINK_IPV4:
      return found(out, start, ETHERTYPE_IPV4);
    case LINK_IPV6:
      return found(out, start, ETHERTYPE_IPV6);
    case LINK_PPI:
      return innerPayload(view, end, ppiLinkType(view, start, end, out), start, linkType, out);
    case LINK_PKTAP:
      return innerPayload(view, end, pktapLinkType(view, start, end, out), start, linkType, out);
    default:
      return rarePayload(view, start, end, linkType, out);
  }
}

function rarePayload(view: DataView, start: number, end: number, linkType: number, out: NetworkLayer): number {
  switch (linkType) {
    case LINK_80211:
    case LINK_80211_RADIOTAP:
    case LINK_80211_PRISM:
    case LINK_80211_AVS:
      return wirelessPayload(view, start, end, linkType, out);
    case LINK_PPP:
    case LINK_PPP_HDLC:
      return serialPayload(view, start, end, out);
    case LINK_PPP_WITH_DIR:
      return pppPayload(view, start + 1, end, out);
    case LINK_PPP_PPPD:
      return pppdPayload(view, start, end, out);
    case LINK_PPP_ETHER:
      return pppoePayload(view, start, end, out);
    case LINK_C_HDLC:
      return ciscoPayload(view, start, end, out);
    case LINK_C_HDLC_WITH_DIR:
      return ciscoPayload(view, start + 1, end, out);
    case LINK_FRELAY:
      return frameRelayPayload(view, start, end, out);
    case LINK_FRELAY_WITH_DIR:
      return frameRelayPayload(view, start + 1, end, out);
    case LINK_FDDI:
      return fddiPayload(view, start, end, out);
    case LINK_TOKEN_RING:
      return tokenRingPayload(view, start, end, out);
    case LINK_ATM_LLC:
      return llcPayload(view, start, end, out);
    case LINK_IP_OVER_FC:
      // RFC 2625: two addresses of eight bytes.
      return llcPayload(view, start + 16, end, out);
    case LINK_SUNATM:
      return sunAtmPayload(view, start, end, out);
    case LINK_IP_OVER_1394:
      return end - start < 18 ? LINK_CUT : found(out, start + 18, view.getUint16(start + 16));
    case LINK_NFLOG:
      return nflogPayload(view, start, end, out);
    case LINK_IPNET:
      return ipnetPayload(view, start, end, out);
    case LINK_PFLOG:
      return pflogPayload(view, start, end, out);
    case LINK_ENC:
      return encPayload(view, start, end, out);
    case LINK_MPLS:
      return found(out, start, 0x8847);
    default:
      return undecodedLink(out, linkType);
  }
}

/** A frame of another link type behind a header that names it; such headers do not nest. */
function innerPayload(
  view: DataView,
  end: number,
  inner: number,
  start: number,
  outer: number,
  out: NetworkLayer,
): number {
  if (inner < 0) return inner;
  if (inner === LINK_80211 && outer === LINK_PPI) return wirelessPayload(view, start, end, LINK_PPI, out);
  if (inner === LINK_PPI || inner === LINK_PKTAP || inner > 0xffff) return undecodedLink(out, outer);
  return linkPayload(view, out.network, end, inner, out);
}

const COOKED_LLC = 4;
/** if_arp.h: the frame behind the cooked header begins with an 802.11 or a radiotap header, whatever the protocol. */
const ARPHRD_IEEE80211 = 801;
const ARPHRD_IEEE80211_RADIOTAP = 803;

function cookedPayload(view: DataView, start: number, end: number, out: NetworkLayer): number {
  if (end - start < 16) return LINK_CUT;
  return cookedProtocol(view, start + 16, end, view.getUint16(start + 2), view.getUint16(start + 14), out);
}

function cooked2Payload(view: DataView, start: number, end: number, out: NetworkLayer): number {
  if (end - start < 20) return LINK_CUT;
  return cookedProtocol(view, start + 20, end, view.getUint16(start + 8), view.getUint16(start), out);
}

/** The protocol field is an ethertype, or a small number of if_ether.h of which 4 is LLC. */
function cookedProtocol(
  view: DataView,
  at: number,
  end: number,
  hardware: number,
  protocol: number,
  out: NetworkLayer,
): number {
  if (hardware === ARPHRD_IEEE80211_RADIOTAP) return wirelessPayload(view, at, end, LINK_80211_RADIOTAP, out);
  if (hardware === ARPHRD_IEEE80211) return wirelessPayload(view, at, end, LINK_80211, out);
  if (protocol === COOKED_LLC) return llcPayload(view, at, end, out);
  return protocol <= 1500 ? found(out, at, 0) : ethertypePayload(view, at, end, protocol, out);
}

/** BSD loopback: an address family in the byte order of the host that captured; some devices put an ethertype there. */
function loopbackEthertype(view: DataView, start: number): number {
  const big = view.getUint32(start);
  const family = big > 0xffff ? view.getUint32(start, true) : big;
  return family === ETHERTYPE_IPV4 || family === ETHERTYPE_IPV6 ? family : familyEthertype(family);
}

const SUNATM_LLC = 2;

/** Flags, VPI and VCI of Sun's ATM driver; the lower half of the flags tells the kind of traffic. */
function sunAtmPayload(view: DataView, start: number, end: number, out: NetworkLayer): number {
  if (end - start < 4) return LINK_CUT;
  return (view.getUint8(start) & 0xf) === SUNATM_LLC
    ? llcPayload(view, start + 4, end, out)
    : undecodedLink(out, LINK_SUNATM);
}
