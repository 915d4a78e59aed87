/** NFLOG: packets that a Linux firewall rule logged, as attributes of linux/netfilter/nfnetlink_log.h. */
import { familyEthertype } from './address-family.ts';
import { found, LINK_CUT, type NetworkLayer } from './network-layer.ts';

/** The network layer of the logged packet; bridges log frames of any protocol, whose number is an attribute. */
export function nflogPayload(view: DataView, start: number, end: number, out: NetworkLayer): number {
  if (end - start < HEADER_LEN) return LINK_CUT;
  const payload = attribute(view, start, end, NFULA_PAYLOAD);
  if (payload < 0) return LINK_CUT;
  const ethertype = familyEthertype(view.getUint8(start));
  if (ethertype !== 0) return found(out, payload, ethertype);
  const header = attribute(view, start, end, NFULA_PACKET_HDR);
  return found(out, payload, header < 0 || end - header < 2 ? 0 : view.getUint16(header));
}

/** Whether the host received (1) or sent (2) the packet, by the hook that logged it; 0 for forwarded ones. */
export function nflogDirection(view: DataView, start: number, end: number): number {
  if (end - start < HEADER_LEN) return 0;
  const header = attribute(view, start, end, NFULA_PACKET_HDR);
  if (header < 0 || end - header < 3) return 0;
  const hook = view.getUint8(header + 2);
  // linux/netfilter.h: NF_INET_PRE_ROUTING 0, LOCAL_IN 1, FORWARD 2, LOCAL_OUT 3, POST_ROUTING 4.
  if (hook > 4 || hook === 2) return 0;
  return hook < 2 ? 1 : 2;
}

const HEADER_LEN = 4;
const NFULA_PACKET_HDR = 1;
const NFULA_PAYLOAD = 9;

/** The offset of an attribute's value, or -1. Every attribute but a cut last one has at least four bytes. */
function attribute(view: DataView, start: number, end: number, wanted: number): number {
  let at = start + HEADER_LEN;
  if (end - at < 4) return -1;
  // Lengths and types are in the byte order of the host that captured; types are below 256.
  const littleEndian = view.getUint8(at + 3) === 0;
  while (end - at >= 4) {
    const len = view.getUint16(at, littleEndian);
    if (len < 4) return -1;
    if (view.getUint16(at + 2, littleEndian) === wanted) return at + 4;
    at += (len + 3) & ~3;
  }
  return -1;
}
