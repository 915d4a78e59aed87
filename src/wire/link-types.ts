/** Link types: the numbers that pcap and pcapng files use, and the names that Wireshark and libpcap give them. */

export const LINK_NULL = 0;
export const LINK_ETHERNET = 1;
export const LINK_TOKEN_RING = 6;
export const LINK_PPP = 9;
export const LINK_FDDI = 10;
export const LINK_RAW_BSD = 12;
export const LINK_RAW_OPENBSD = 14;
export const LINK_PPP_HDLC = 50;
export const LINK_PPP_ETHER = 51;
/** ATM with LLC multiplexing: frames begin with the LLC header. */
export const LINK_ATM_LLC = 100;
export const LINK_RAW = 101;
export const LINK_C_HDLC = 104;
export const LINK_80211 = 105;
export const LINK_FRELAY = 107;
export const LINK_LOOP = 108;
export const LINK_ENC = 109;
export const LINK_LINUX_SLL = 113;
export const LINK_PFLOG = 117;
export const LINK_80211_PRISM = 119;
export const LINK_IP_OVER_FC = 122;
export const LINK_SUNATM = 123;
export const LINK_80211_RADIOTAP = 127;
export const LINK_IP_OVER_1394 = 138;
export const LINK_80211_AVS = 163;
export const LINK_PPP_PPPD = 166;
export const LINK_PPI = 192;
export const LINK_PPP_WITH_DIR = 204;
export const LINK_C_HDLC_WITH_DIR = 205;
export const LINK_FRELAY_WITH_DIR = 206;
export const LINK_MPLS = 219;
export const LINK_IPNET = 226;
export const LINK_IPV4 = 228;
export const LINK_IPV6 = 229;
export const LINK_NFLOG = 239;
export const LINK_PKTAP = 258;
export const LINK_LINUX_SLL2 = 276;

/** Numbers above the 16 bits of a file's link types: contents of decoded ones that cannot be looked into. */
export const LINK_80211_ENCRYPTED = 0x1_0000;
export const LINK_80211_FRAGMENT = 0x1_0001;
export const LINK_80211_DAMAGED = 0x1_0002;
export const LINK_PPP_COMPRESSED = 0x1_0003;
export const LINK_PPP_ENCRYPTED = 0x1_0004;
export const LINK_PPP_MULTILINK = 0x1_0005;
export const LINK_PPP_VJ = 0x1_0006;

/** True when `locate` finds IP packets below this link type. */
export function isDecodedLinkType(linkType: number): boolean {
  return DECODED.has(linkType);
}

/** True when frames of this link type may be A-MSDUs of 802.11, which carry several packets. */
export function isWirelessLinkType(linkType: number): boolean {
  return WIRELESS.has(linkType);
}

/** The readable name of a link type, such as EN10MB; an unlisted number reads LINKTYPE_<number>. */
export function linkTypeName(linkType: number): string {
  return NAMES.get(linkType) ?? `LINKTYPE_${linkType}`;
}

const DECODED: ReadonlySet<number> = new Set([
  LINK_NULL,
  LINK_ETHERNET,
  LINK_TOKEN_RING,
  LINK_PPP,
  LINK_FDDI,
  LINK_RAW_BSD,
  LINK_RAW_OPENBSD,
  LINK_PPP_HDLC,
  LINK_PPP_ETHER,
  LINK_ATM_LLC,
  LINK_RAW,
  LINK_C_HDLC,
  LINK_80211,
  LINK_FRELAY,
  LINK_LOOP,
  LINK_ENC,
  LINK_LINUX_SLL,
  LINK_PFLOG,
  LINK_80211_PRISM,
  LINK_IP_OVER_FC,
  LINK_SUNATM,
  LINK_80211_RADIOTAP,
  LINK_IP_OVER_1394,
  LINK_80211_AVS,
  LINK_PPP_PPPD,
  LINK_PPI,
  LINK_PPP_WITH_DIR,
  LINK_C_HDLC_WITH_DIR,
  LINK_FRELAY_WITH_DIR,
  LINK_MPLS,
  LINK_IPNET,
  LINK_IPV4,
  LINK_IPV6,
  LINK_NFLOG,
  LINK_PKTAP,
  LINK_LINUX_SLL2,
]);

const WIRELESS: ReadonlySet<number> = new Set([
  LINK_80211,
  LINK_80211_PRISM,
  LINK_80211_RADIOTAP,
  LINK_80211_AVS,
  LINK_PPI,
]);

const NAMES: ReadonlyMap<number, string> = new Map([
  [LINK_NULL, 'NULL'],
  [LINK_ETHERNET, 'EN10MB'],
  [3, 'AX25'],
  [LINK_TOKEN_RING, 'IEEE802_5'],
  [7, 'ARCNET_BSD'],
  [8, 'SLIP'],
  [LINK_PPP, 'PPP'],
  [LINK_FDDI, 'FDDI'],
  [LINK_RAW_BSD, 'RAW'],
  [LINK_RAW_OPENBSD, 'RAW'],
  [LINK_PPP_HDLC, 'PPP_HDLC'],
  [LINK_PPP_ETHER, 'PPP_ETHER'],
  [LINK_ATM_LLC, 'ATM_RFC1483'],
  [LINK_RAW, 'RAW'],
  [LINK_C_HDLC, 'C_HDLC'],
  [LINK_80211, 'IEEE802_11'],
  [LINK_FRELAY, 'FRELAY'],
  [LINK_LOOP, 'LOOP'],
  [LINK_ENC, 'ENC'],
  [LINK_LINUX_SLL, 'LINUX_SLL'],
  [114, 'LTALK'],
  [LINK_PFLOG, 'PFLOG'],
  [LINK_80211_PRISM, 'IEEE802_11_PRISM'],
  [LINK_IP_OVER_FC, 'IP_OVER_FC'],
  [LINK_SUNATM, 'SUNATM'],
  [LINK_80211_RADIOTAP, 'IEEE802_11_RADIO'],
  [129, 'ARCNET_LINUX'],
  [LINK_IP_OVER_1394, 'APPLE_IP_OVER_IEEE1394'],
  [140, 'MTP2'],
  [141, 'MTP3'],
  [143, 'DOCSIS'],
  [144, 'LINUX_IRDA'],
  [147, 'USER0'],
  [LINK_80211_AVS, 'IEEE802_11_AVS'],
  [165, 'BACNET_MS_TP'],
  [LINK_PPP_PPPD, 'PPP_PPPD'],
  [169, 'GPRS_LLC'],
  [177, 'LINUX_LAPD'],
  [187, 'BLUETOOTH_HCI_H4'],
  [189, 'USB_LINUX'],
  [LINK_PPI, 'PPI'],
  [195, 'IEEE802_15_4_WITHFCS'],
  [197, 'ERF'],
  [201, 'BLUETOOTH_HCI_H4_WITH_PHDR'],
  [LINK_PPP_WITH_DIR, 'PPP_WITH_DIR'],
  [LINK_C_HDLC_WITH_DIR, 'C_HDLC_WITH_DIR'],
  [LINK_FRELAY_WITH_DIR, 'FRELAY_WITH_DIR'],
  [LINK_MPLS, 'MPLS'],
  [220, 'USB_LINUX_MMAPPED'],
  [LINK_IPNET, 'IPNET'],
  [LINK_IPV4, 'IPV4'],
  [LINK_IPV6, 'IPV6'],
  [230, 'IEEE802_15_4_NOFCS'],
  [231, 'DBUS'],
  [LINK_NFLOG, 'NFLOG'],
  [242, 'IPOIB'],
  [243, 'MPEG_2_TS'],
  [248, 'SCTP'],
  [249, 'USBPCAP'],
  [251, 'BLUETOOTH_LE_LL'],
  [252, 'WIRESHARK_UPPER_PDU'],
  [253, 'NETLINK'],
  [256, 'BLUETOOTH_LE_LL_WITH_PHDR'],
  [LINK_PKTAP, 'PKTAP'],
  [271, 'VSOCK'],
  [LINK_LINUX_SLL2, 'LINUX_SLL2'],
  [LINK_80211_ENCRYPTED, 'encrypted 802.11'],
  [LINK_80211_FRAGMENT, '802.11 fragments'],
  [LINK_80211_DAMAGED, '802.11 received with errors'],
  [LINK_PPP_COMPRESSED, 'compressed PPP'],
  [LINK_PPP_ENCRYPTED, 'encrypted PPP'],
  [LINK_PPP_MULTILINK, 'multilink PPP'],
  [LINK_PPP_VJ, 'PPP with Van Jacobson compression'],
]);
