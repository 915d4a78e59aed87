/** The VLANs that a frame is in (IEEE 802.1Q, 802.1ad): connections in different ones may use the same addresses. */
import { enter, ENCAP_VLAN, type Way } from './encapsulation.ts';
import { LINK_ETHERNET, LINK_LINUX_SLL, LINK_LINUX_SLL2 } from './link-types.ts';

const MAX_TAGS = 8;

/** Records the tags of the frame at [start, end), outermost first. */
export function enterVlans(view: DataView, start: number, end: number, linkType: number, way: Way): void {
  let type: number;
  let at: number;
  if (linkType === LINK_ETHERNET) {
    type = start + 12;
    at = start + 14;
  } else if (linkType === LINK_LINUX_SLL) {
    type = start + 14;
    at = start + 16;
  } else if (linkType === LINK_LINUX_SLL2) {
    type = start;
    at = start + 20;
  } else {
    return;
  }
  for (let tags = 0; tags < MAX_TAGS && end - at >= 4 && isVlan(view.getUint16(type)); tags++) {
    const vlan = view.getUint16(at) & 0x0fff;
    // VLAN 0 only carries a priority.
    if (vlan !== 0) enter(way, ENCAP_VLAN, vlan, 0);
    type = at + 2;
    at += 4;
  }
}

function isVlan(ethertype: number): boolean {
  return ethertype === 0x8100 || ethertype === 0x88a8 || ethertype === 0x9100 || ethertype === 0x9200;
}
