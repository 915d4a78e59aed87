/**
 * IEEE 802.11 frames: which are data, and where their LLC header or their A-MSDU starts (802.11-2020, sections 9.2.4
 * and 9.3.2). A check sequence at the end needs no care, because the IP length tells where the packet ends.
 */
import { llcPayload } from './ethertype.ts';
import { LINK_80211_DAMAGED, LINK_80211_ENCRYPTED, LINK_80211_FRAGMENT } from './link-types.ts';
import { found, LINK_CUT, undecodedLink, type NetworkLayer } from './network-layer.ts';
import { RADIO_DAMAGED, RADIO_PADDED, radioHeader } from './radio-header.ts';

/** The network layer of an 802.11 frame behind the radio header of its link type; of an A-MSDU, its first packet's. */
export function wirelessPayload(
  view: DataView,
  start: number,
  end: number,
  linkType: number,
  out: NetworkLayer,
): number {
  const body = dataBody(view, start, end, linkType, out);
  if (body !== BODY_PACKET && body !== BODY_AGGREGATE) return body;
  return llcPayload(view, body === BODY_AGGREGATE ? out.network + SUBFRAME_HEADER_LEN : out.network, end, out);
}

/** The offset of the first subframe when the frame is an A-MSDU in clear, or -1. */
export function aggregateBody(view: DataView, start: number, end: number, linkType: number, out: NetworkLayer): number {
  return dataBody(view, start, end, linkType, out) === BODY_AGGREGATE ? out.network : -1;
}

/** Length of an A-MSDU subframe's header: two addresses, and the length of the LLC packet that follows. */
export const SUBFRAME_HEADER_LEN = 14;

/** Results of `dataBody` beside those of a link layer. */
const BODY_PACKET = 1;
const BODY_AGGREGATE = 2;

/** Bits of the frame control field, read as little-endian. */
const TYPE_MASK = 0x000f;
const TYPE_DATA = 0x0008;
const SUBTYPE_NULL = 0x0040;
const SUBTYPE_QOS = 0x0080;
const TO_AND_FROM_DS = 0x0300;
const PROTECTED = 0x4000;
const HT_CONTROL = 0x8000;

const QOS_AGGREGATE = 0x80;
/** TKIP and CCMP keep eight bytes before the content that a driver may have decrypted in place. */
const IV_LEN = 8;

function dataBody(view: DataView, start: number, end: number, linkType: number, out: NetworkLayer): number {
  const radio = radioHeader(view, start, end, linkType, out);
  if (radio < 0) return radio;
  const mac = out.network;
  if (end - mac < 2) return LINK_CUT;
  const control = view.getUint16(mac, true);
  if ((control & TYPE_MASK) !== TYPE_DATA || (control & SUBTYPE_NULL) !== 0) return found(out, mac, 0);
  // Flipped bits would show resets that nobody sent.
  if ((radio & RADIO_DAMAGED) !== 0) return undecodedLink(out, LINK_80211_DAMAGED);
  const qosAt = (control & TO_AND_FROM_DS) === TO_AND_FROM_DS ? mac + 30 : mac + 24;
  const isQos = (control & SUBTYPE_QOS) !== 0;
  let headerLen = qosAt - mac;
  if (isQos) headerLen += (control & HT_CONTROL) === 0 ? 2 : 6;
  if (end - mac < headerLen) return LINK_CUT;
  if ((view.getUint16(mac + 22, true) & 0xf) !== 0) return undecodedLink(out, LINK_80211_FRAGMENT);
  const isAggregate = isQos && (view.getUint8(qosAt) & QOS_AGGREGATE) !== 0;
  out.network = mac + ((radio & RADIO_PADDED) === 0 ? headerLen : (headerLen + 3) & ~3);
  if ((control & PROTECTED) !== 0 && !isInClear(view, end, isAggregate, out)) {
    return undecodedLink(out, LINK_80211_ENCRYPTED);
  }
  return isAggregate ? BODY_AGGREGATE : BODY_PACKET;
}

/** Drivers decrypt and leave the flag: then SNAP stands where ciphertext would, by chance once in 2^48 frames. */
function isInClear(view: DataView, end: number, isAggregate: boolean, out: NetworkLayer): boolean {
  const llc = isAggregate ? out.network + SUBFRAME_HEADER_LEN : out.network;
  if (isSnap(view, llc, end)) return true;
  if (!isSnap(view, llc + IV_LEN, end)) return false;
  out.network += IV_LEN;
  return true;
}

function isSnap(view: DataView, at: number, end: number): boolean {
  return end - at >= 8 && view.getUint32(at) === 0xaaaa_0300 && view.getUint16(at + 4) === 0;
}
