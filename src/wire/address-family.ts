/** Address families: the number of IPv6 differs from one operating system to the next. */
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from './network-layer.ts';

/** The ethertype of an address family on any known system; 0 for families other than IP. */
export function familyEthertype(family: number): number {
  switch (family) {
    case 2:
      return ETHERTYPE_IPV4;
    case 10: // Linux
    case 23: // Windows
    case 24: // NetBSD, OpenBSD
    case 26: // Solaris
    case 28: // FreeBSD
    case 30: // macOS
      return ETHERTYPE_IPV6;
    default:
      return 0;
  }
}

/** The ethertype for the first byte of an IP header. */
export function versionEthertype(firstByte: number): number {
  if (firstByte >> 4 === 4) return ETHERTYPE_IPV4;
  return firstByte >> 4 === 6 ? ETHERTYPE_IPV6 : 0;
}
