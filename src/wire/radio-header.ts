/** The headers that receivers put before an 802.11 frame: radiotap, PPI, Prism, AVS. All say how the frame was received. */
import { LINK_80211_AVS, LINK_80211_PRISM, LINK_80211_RADIOTAP, LINK_PPI } from './link-types.ts';
import { LINK_CUT, type NetworkLayer } from './network-layer.ts';

/** Results of `radioHeader`, added up: the 802.11 header is padded to 4 bytes; the frame failed its check sequence. */
export const RADIO_PADDED = 1;
export const RADIO_DAMAGED = 2;

/** Puts the offset of the 802.11 header into `out.network` and returns RADIO_ flags, or LINK_CUT. */
export function radioHeader(view: DataView, start: number, end: number, linkType: number, out: NetworkLayer): number {
  switch (linkType) {
    case LINK_80211_RADIOTAP:
      return radiotap(view, start, end, out);
    case LINK_PPI:
      return ppi(view, start, end, out);
    case LINK_80211_PRISM:
      return prism(view, start, end, out);
    case LINK_80211_AVS:
      return skip(view, start, end, 8, 4, false, out);
    default:
      out.network = start;
      return 0;
  }
}

/** The link type behind a PPI header, or LINK_CUT; the packet's offset goes to `out.network`. */
export function ppiLinkType(view: DataView, start: number, end: number, out: NetworkLayer): number {
  if (end - start < PPI_HEADER_LEN) return LINK_CUT;
  const len = view.getUint16(start + 2, true);
  if (len < PPI_HEADER_LEN || len > end - start) return LINK_CUT;
  out.network = start + len;
  return view.getUint32(start + 4, true);
}

const PPI_HEADER_LEN = 8;
const PPI_FIELDS_ALIGNED = 1;
/** PPI specification 1.0.7, section 4.1.2: the field 802.11-Common has its flags behind a TSF timer of 8 bytes. */
const PPI_80211_COMMON = 2;
const PPI_FCS_INVALID = 0x4;
const PPI_PHY_ERROR = 0x8;

function ppi(view: DataView, start: number, end: number, out: NetworkLayer): number {
  const linkType = ppiLinkType(view, start, end, out);
  if (linkType < 0) return LINK_CUT;
  const fieldsEnd = out.network;
  const aligned = (view.getUint8(start + 1) & PPI_FIELDS_ALIGNED) !== 0;
  for (let at = start + PPI_HEADER_LEN; fieldsEnd - at >= 4;) {
    const len = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === PPI_80211_COMMON && len >= 10 && fieldsEnd - at >= 14) {
      const flags = view.getUint16(at + 12, true);
      return (flags & (PPI_FCS_INVALID | PPI_PHY_ERROR)) === 0 ? 0 : RADIO_DAMAGED;
    }
    at += 4 + (aligned ? (len + 3) & ~3 : len);
  }
  return 0;
}

/** radiotap.org, "Header definition" and "Flags": little-endian, each field aligned to its own size. */
const PRESENT_TSFT = 0x1;
const PRESENT_FLAGS = 0x2;
const PRESENT_ANOTHER_WORD = 0x8000_0000;
const RADIOTAP_DATA_PADDING = 0x20;
const RADIOTAP_BAD_FCS = 0x40;

function radiotap(view: DataView, start: number, end: number, out: NetworkLayer): number {
  if (end - start < 8) return LINK_CUT;
  const len = view.getUint16(start + 2, true);
  if (len < 8 || len > end - start) return LINK_CUT;
  const headerEnd = start + len;
  out.network = headerEnd;
  const present = view.getUint32(start + 4, true);
  if ((present & PRESENT_FLAGS) === 0) return 0;
  let fields = start + 4;
  while ((view.getUint32(fields, true) & PRESENT_ANOTHER_WORD) !== 0) {
    fields += 4;
    if (headerEnd - fields < 4) return 0;
  }
  fields += 4;
  const at = (present & PRESENT_TSFT) === 0 ? fields : start + ((fields - start + 7) & ~7) + 8;
  if (at >= headerEnd) return 0;
  const flags = view.getUint8(at);
  const padded = (flags & RADIOTAP_DATA_PADDING) === 0 ? 0 : RADIO_PADDED;
  return (flags & RADIOTAP_BAD_FCS) === 0 ? padded : padded | RADIO_DAMAGED;
}

/** The Prism link type was also used for AVS headers, which begin with a magic number. */
function prism(view: DataView, start: number, end: number, out: NetworkLayer): number {
  if (end - start < 8) return LINK_CUT;
  if ((view.getUint32(start) & 0xffff_f000) >>> 0 === 0x8021_1000) return skip(view, start, end, 8, 4, false, out);
  // The length is in the byte order of the host that captured; it is 144 in practice.
  return skip(view, start, end, 24, 4, view.getUint16(start + 4, true) !== 0, out);
}

/** Passes over a header that states its own length in 4 bytes at `lenAt`. */
function skip(
  view: DataView,
  start: number,
  end: number,
  minLen: number,
  lenAt: number,
  littleEndian: boolean,
  out: NetworkLayer,
): number {
  if (end - start < minLen) return LINK_CUT;
  const len = view.getUint32(start + lenAt, littleEndian);
  if (len < minLen || len > end - start) return LINK_CUT;
  out.network = start + len;
  return 0;
}
