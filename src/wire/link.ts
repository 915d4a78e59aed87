/**
 * From the first byte of a frame to its network layer, one link type at a time.
 * Guarantees: reads only inside [start, end), never throws, allocates nothing.
 */
import {
  LINK_ETHERNET,
  LINK_IPV4,
  LINK_IPV6,
  LINK_LINUX_SLL,
  LINK_LINUX_SLL2,
  LINK_LOOP,
  LINK_NULL,
  LINK_RAW,
  LINK_RAW_BSD,
  LINK_RAW_OPENBSD,
} from './link-types.ts';

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_IPV6 = 0x86dd;

/** Receives where the network layer starts. */
export interface NetworkLayer {
  /** Offset of the first byte behind the link layer. */
  network: number;
}

/** `linkPayload` results below zero: the frame ends too early, or this link type is not decoded. */
export const LINK_CUT = -1;
export const LINK_UNDECODED = -2;

/**
 * The ethertype of the network layer, whose offset goes to `out`, or LINK_CUT, or LINK_UNDECODED.
 * Ethertype 0 means that the frame carries something without one, such as spanning tree.
 */
export function linkPayload(view: DataView, start: number, end: number, linkType: number, out: NetworkLayer): number {
  switch (linkType) {
    case LINK_ETHERNET:
      return end - start < 14 ? LINK_CUT : ethertypePayload(view, start + 14, end, view.getUint16(start + 12), out);
    case LINK_LINUX_SLL:
      return end - start < 16 ? LINK_CUT : cookedPayload(view, start + 16, end, view.getUint16(start + 14), out);
    case LINK_LINUX_SLL2:
      return end - start < 20 ? LINK_CUT : cookedPayload(view, start + 20, end, view.getUint16(start), out);
    case LINK_NULL:
    case LINK_LOOP:
      return end - start < 4 ? LINK_CUT : found(out, start + 4, familyEthertype(view, start));
    case LINK_RAW:
    case LINK_RAW_BSD:
    case LINK_RAW_OPENBSD:
      return end === start ? LINK_CUT : found(out, start, versionEthertype(view.getUint8(start) >> 4));
    case LINK_IPV4:
      return found(out, start, ETHERTYPE_IPV4);
    case LINK_IPV6:
      return found(out, start, ETHERTYPE_IPV6);
    default:
      return LINK_UNDECODED;
  }
}

/** Whether the capturing host received (1) or sent (2) the frame, as Linux cooked captures tell; 0 where unknown. */
export function linkDirection(view: DataView, start: number, end: number, linkType: number): number {
  let packetType: number;
  if (linkType === LINK_LINUX_SLL && end - start >= 2) packetType = view.getUint16(start);
  else if (linkType === LINK_LINUX_SLL2 && end - start >= 11) packetType = view.getUint8(start + 10);
  else return 0;
  // if_packet.h: HOST 0, BROADCAST 1, MULTICAST 2, OTHERHOST 3, OUTGOING 4.
  if (packetType === 4) return 2;
  return packetType <= 2 ? 1 : 0;
}

const MAX_VLAN_TAGS = 8;
const JUMBO_LLC = 0x8870;
const COOKED_LLC = 4;

/** Walks VLAN tags and LLC/SNAP; `at` is the first byte behind the type field. */
function ethertypePayload(view: DataView, at: number, end: number, type: number, out: NetworkLayer): number {
  if (type === ETHERTYPE_IPV4 || type === ETHERTYPE_IPV6) return found(out, at, type);
  let offset = at;
  let ethertype = type;
  for (let tags = 0; isVlan(ethertype); tags++) {
    if (tags === MAX_VLAN_TAGS) return found(out, offset, 0);
    if (end - offset < 4) return LINK_CUT;
    ethertype = view.getUint16(offset + 2);
    offset += 4;
  }
  // IEEE 802.3: up to 1500 the field is a length and LLC follows.
  return ethertype <= 1500 || ethertype === JUMBO_LLC
    ? llcPayload(view, offset, end, out)
    : found(out, offset, ethertype);
}

/** Cooked captures: the protocol field is an ethertype, or a small number of if_ether.h of which 4 is LLC. */
function cookedPayload(view: DataView, at: number, end: number, protocol: number, out: NetworkLayer): number {
  if (protocol === COOKED_LLC) return llcPayload(view, at, end, out);
  return protocol <= 1500 ? found(out, at, 0) : ethertypePayload(view, at, end, protocol, out);
}

function isVlan(ethertype: number): boolean {
  return ethertype === 0x8100 || ethertype === 0x88a8 || ethertype === 0x9100 || ethertype === 0x9200;
}

function llcPayload(view: DataView, at: number, end: number, out: NetworkLayer): number {
  if (end - at < 3) return LINK_CUT;
  const saps = view.getUint16(at);
  if (view.getUint8(at + 2) !== 0x03) return found(out, at, 0);
  if (saps === 0x0606) return found(out, at + 3, ETHERTYPE_IPV4);
  if (saps !== 0xaaaa) return found(out, at, 0);
  if (end - at < 8) return LINK_CUT;
  // SNAP carries an ethertype under the OUIs 00-00-00 (RFC 1042) and 00-00-f8 (802.1H).
  const oui = (view.getUint8(at + 3) << 16) | view.getUint16(at + 4);
  return found(out, at + 8, oui === 0 || oui === 0xf8 ? view.getUint16(at + 6) : 0);
}

/** BSD loopback: an address family in the byte order of the host that captured, unknown to the reader. */
function familyEthertype(view: DataView, start: number): number {
  const big = view.getUint32(start);
  const family = big > 0xffff ? view.getUint32(start, true) : big;
  switch (family) {
    case 2:
    case ETHERTYPE_IPV4:
      return ETHERTYPE_IPV4;
    case 10: // Linux
    case 24: // NetBSD, OpenBSD
    case 28: // FreeBSD
    case 30: // macOS
    case ETHERTYPE_IPV6:
      return ETHERTYPE_IPV6;
    default:
      return 0;
  }
}

function versionEthertype(version: number): number {
  if (version === 4) return ETHERTYPE_IPV4;
  return version === 6 ? ETHERTYPE_IPV6 : 0;
}

function found(out: NetworkLayer, offset: number, ethertype: number): number {
  out.network = offset;
  return ethertype;
}
