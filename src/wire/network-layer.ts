/** What the decoders of link layers say: which network layer follows, and where it starts. */
import { CARRIER_LINK_TYPE } from './carriers.ts';

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_IPV6 = 0x86dd;

/** Results below zero instead of an ethertype: the frame ends too early, or its content is not decoded. */
export const LINK_CUT = -1;
export const LINK_UNDECODED = -2;

/** Receives where the network layer starts, or with LINK_UNDECODED what stopped the decoder. */
export interface NetworkLayer {
  /** Offset of the first byte behind the link layer. */
  network: number;
  /** See `carrierName`. */
  carrier: number;
}

/** Notes the offset and returns the ethertype; 0 stands for anything that is no IP and carries none. */
export function found(out: NetworkLayer, offset: number, ethertype: number): number {
  out.network = offset;
  return ethertype;
}

/** LINK_UNDECODED, naming a link type or one of the contents that `link-types.ts` numbers above them. */
export function undecodedLink(out: NetworkLayer, link: number): number {
  out.carrier = CARRIER_LINK_TYPE + link;
  return LINK_UNDECODED;
}
