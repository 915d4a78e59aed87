/** From an ethertype or an LLC header to the network layer: VLAN tags, LLC with SNAP, PPPoE sessions. */
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, found, LINK_CUT, type NetworkLayer } from './network-layer.ts';
import { pppoePayload } from './ppp.ts';

const MAX_VLAN_TAGS = 8;
const JUMBO_LLC = 0x8870;
const PPPOE_SESSION = 0x8864;
/** IEEE 802.3: up to 1500 the type field is a length, and LLC follows. */
const MAX_LENGTH = 1500;

/** The network layer behind an Ethernet type field; `at` is the first byte behind that field. */
export function ethertypePayload(view: DataView, at: number, end: number, type: number, out: NetworkLayer): number {
  if (type === ETHERTYPE_IPV4 || type === ETHERTYPE_IPV6) return found(out, at, type);
  const ethertype = untagged(view, at, end, type, out);
  if (ethertype < 0) return ethertype;
  if (ethertype <= MAX_LENGTH || ethertype === JUMBO_LLC) return llcPayload(view, out.network, end, out);
  return sessionPayload(view, end, ethertype, out);
}

/** The network layer behind an LLC header, which starts at `at`. */
export function llcPayload(view: DataView, at: number, end: number, out: NetworkLayer): number {
  if (end - at < 3) return LINK_CUT;
  const saps = view.getUint16(at);
  if (view.getUint8(at + 2) !== 0x03) return found(out, at, 0);
  if (saps === 0x0606) return found(out, at + 3, ETHERTYPE_IPV4);
  if (saps !== 0xaaaa) return found(out, at, 0);
  if (end - at < 8) return LINK_CUT;
  // SNAP carries an ethertype under the OUIs 00-00-00 (RFC 1042) and 00-00-f8 (802.1H).
  const oui = (view.getUint8(at + 3) << 16) | view.getUint16(at + 4);
  if (oui !== 0 && oui !== 0xf8) return found(out, at + 8, 0);
  const ethertype = untagged(view, at + 8, end, view.getUint16(at + 6), out);
  return ethertype < 0 ? ethertype : sessionPayload(view, end, ethertype, out);
}

/** The type field behind the VLAN tags, and LINK_CUT when it is not there; beyond eight tags, that of the ninth. */
function untagged(view: DataView, at: number, end: number, type: number, out: NetworkLayer): number {
  let offset = at;
  let ethertype = type;
  for (let tags = 0; tags < MAX_VLAN_TAGS && isVlan(ethertype); tags++) {
    if (end - offset < 4) return LINK_CUT;
    ethertype = view.getUint16(offset + 2);
    offset += 4;
  }
  return found(out, offset, ethertype);
}

function isVlan(ethertype: number): boolean {
  return ethertype === 0x8100 || ethertype === 0x88a8 || ethertype === 0x9100 || ethertype === 0x9200;
}

function sessionPayload(view: DataView, end: number, ethertype: number, out: NetworkLayer): number {
  return ethertype === PPPOE_SESSION ? pppoePayload(view, out.network, end, out) : ethertype;
}
