/** Which way a frame went, as the headers of some link types tell. */
import { ipnetDirection, pflogDirection, pktapDirection } from './host-header.ts';
import {
  LINK_C_HDLC_WITH_DIR,
  LINK_FRELAY_WITH_DIR,
  LINK_IPNET,
  LINK_LINUX_SLL,
  LINK_LINUX_SLL2,
  LINK_NFLOG,
  LINK_PFLOG,
  LINK_PKTAP,
  LINK_PPP_PPPD,
  LINK_PPP_WITH_DIR,
} from './link-types.ts';
import { nflogDirection } from './nflog.ts';

/** Whether the capturing host received (1) or sent (2) the frame; 0 where the frame does not tell. */
export function linkDirection(view: DataView, start: number, end: number, linkType: number): number {
  switch (linkType) {
    case LINK_LINUX_SLL:
      return end - start < 2 ? 0 : packetTypeDirection(view.getUint16(start));
    case LINK_LINUX_SLL2:
      return end - start < 11 ? 0 : packetTypeDirection(view.getUint8(start + 10));
    case LINK_PPP_PPPD:
    case LINK_PPP_WITH_DIR:
    case LINK_C_HDLC_WITH_DIR:
    case LINK_FRELAY_WITH_DIR:
      if (end === start) return 0;
      return view.getUint8(start) === 0 ? 1 : 2;
    case LINK_NFLOG:
      return nflogDirection(view, start, end);
    case LINK_PKTAP:
      return pktapDirection(view, start, end);
    case LINK_IPNET:
      return ipnetDirection(view, start, end);
    case LINK_PFLOG:
      return pflogDirection(view, start, end);
    default:
      return 0;
  }
}

/** if_packet.h: HOST 0, BROADCAST 1, MULTICAST 2, OTHERHOST 3, OUTGOING 4. */
function packetTypeDirection(packetType: number): number {
  if (packetType === 4) return 2;
  return packetType <= 2 ? 1 : 0;
}
