/** The headers with which hosts precede a packet of their own stack: PKTAP of macOS, IPNET of Solaris, PFLOG and ENC of BSD. */
import { familyEthertype } from './address-family.ts';
import { found, LINK_CUT, type NetworkLayer } from './network-layer.ts';

/** The link type behind a PKTAP header, or LINK_CUT; the packet's offset goes to `out.network`. */
export function pktapLinkType(view: DataView, start: number, end: number, out: NetworkLayer): number {
  if (end - start < PKTAP_MIN_LEN) return LINK_CUT;
  const isVersion2 = (view.getUint32(start + PKTAP_FLAGS, true) & PKTAP_VERSION_2) !== 0;
  const len = isVersion2 ? view.getUint8(start) : view.getUint32(start, true);
  if (len < PKTAP_MIN_LEN || len > end - start) return LINK_CUT;
  out.network = start + len;
  return isVersion2 ? view.getUint16(start + 6, true) : view.getUint32(start + 8, true);
}

/** Whether the host received (1) or sent (2) the packet below a PKTAP header. */
export function pktapDirection(view: DataView, start: number, end: number): number {
  if (end - start < PKTAP_MIN_LEN) return 0;
  const direction = view.getUint32(start + PKTAP_FLAGS, true) & 3;
  return direction === 3 ? 0 : direction;
}

/** The network layer below the header of Solaris' ipnet devices. */
export function ipnetPayload(view: DataView, start: number, end: number, out: NetworkLayer): number {
  if (end - start < IPNET_LEN) return LINK_CUT;
  return found(out, start + IPNET_LEN, familyEthertype(view.getUint8(start + 1)));
}

/** Whether the host received (1) or sent (2) the packet below an IPNET header. */
export function ipnetDirection(view: DataView, start: number, end: number): number {
  if (end - start < 4) return 0;
  const hook = view.getUint16(start + 2);
  return hook < 2 ? hook + 1 : 0;
}

/** The network layer below the header of pf's log, whose length leaves out the padding. */
export function pflogPayload(view: DataView, start: number, end: number, out: NetworkLayer): number {
  if (end - start < 4) return LINK_CUT;
  const len = (view.getUint8(start) + 3) & ~3;
  if (len < 4 || len > end - start) return LINK_CUT;
  return found(out, start + len, familyEthertype(view.getUint8(start + 1)));
}

/** Whether pf saw the packet come in (1) or go out (2). */
export function pflogDirection(view: DataView, start: number, end: number): number {
  if (end - start <= PFLOG_DIRECTION || view.getUint8(start) <= PFLOG_DIRECTION) return 0;
  const direction = view.getUint8(start + PFLOG_DIRECTION);
  return direction === 1 || direction === 2 ? direction : 0;
}

/** The network layer below the header of the enc(4) device: family, SPI and flags in the host's byte order. */
export function encPayload(view: DataView, start: number, end: number, out: NetworkLayer): number {
  if (end - start < ENC_LEN) return LINK_CUT;
  const big = view.getUint32(start);
  return found(out, start + ENC_LEN, familyEthertype(big > 0xffff ? view.getUint32(start, true) : big));
}

/** bsd/net/pktap.h: the shortest header of version 2 ends behind the flags, which both versions have in one place. */
const PKTAP_FLAGS = 36;
const PKTAP_MIN_LEN = 40;
const PKTAP_VERSION_2 = 0x0008_0000;
const IPNET_LEN = 24;
/** net/if_pflog.h: behind two names of 16 bytes and six numbers. */
const PFLOG_DIRECTION = 60;
const ENC_LEN = 12;
