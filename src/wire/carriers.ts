/** What may carry TCP inside a packet: recognised, so that frames that cannot be looked into are counted and named. */
import { linkTypeName } from './link-types.ts';

/** Offsets that keep the kinds of `Layers.carrier` apart: IP protocols below 256, ethertypes from 0x600 to 0xffff. */
export const CARRIER_UDP_PORT = 0x10000;
export const CARRIER_LINK_TYPE = 0x20000;

/** Ethertypes whose payload is again a packet. */
export function isCarrierEthertype(ethertype: number): boolean {
  return ETHERTYPES.has(ethertype);
}

/** IP protocols whose payload is again a packet. */
export function isCarrierProtocol(protocol: number): boolean {
  return protocol === 4 || protocol === 41 || protocol === 47 || protocol === 94 || protocol === 97 || protocol === 137;
}

/** The readable name of `Layers.carrier`, such as GRE, VXLAN, or the name of a link type. */
export function carrierName(carrier: number): string {
  if (carrier >= CARRIER_LINK_TYPE) return linkTypeName(carrier - CARRIER_LINK_TYPE);
  if (carrier >= CARRIER_UDP_PORT) return UDP_PORTS.get(carrier - CARRIER_UDP_PORT) ?? 'UDP tunnel';
  if (carrier >= 0x600) return ETHERTYPES.get(carrier) ?? 'ethertype';
  return PROTOCOLS.get(carrier) ?? `IP protocol ${carrier}`;
}

const ETHERTYPES: ReadonlyMap<number, string> = new Map([
  [0x8847, 'MPLS'],
  [0x8848, 'MPLS'],
  [0x8864, 'PPPoE'],
  [0x880b, 'PPP'],
  [0x6558, 'transparent Ethernet bridging'],
  [0x88e5, 'MACsec'],
  [0x88e7, 'provider backbone bridge'],
  [0x8926, 'VN-tag'],
  [0x8903, 'FabricPath'],
  [0x894f, 'NSH'],
  [0x8909, 'Cisco MetaData'],
]);

const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [4, 'IP in IP'],
  [41, 'IPv6 in IP'],
  [47, 'GRE'],
  [94, 'IPIP'],
  [97, 'EtherIP'],
  [137, 'MPLS in IP'],
]);

const UDP_PORTS: ReadonlyMap<number, string> = new Map([
  [1701, 'L2TP'],
  [2152, 'GTP-U'],
  [3544, 'Teredo'],
  [4789, 'VXLAN'],
  [4790, 'VXLAN-GPE'],
  [6081, 'Geneve'],
  [8472, 'VXLAN'],
]);
