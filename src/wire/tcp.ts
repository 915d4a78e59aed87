/**
 * Fields of a TCP header (RFC 9293, section 3.1) at `tcp`, the header's offset in the view.
 * Assumes what `locate` promises for TCP: the first 14 bytes are present.
 */

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;
export const ECE = 0x40;
export const CWR = 0x80;
/** Accurate ECN (RFC 9768), once the nonce sum. */
export const AE = 0x100;

/** Source port, 0 to 65535. */
export function srcPort(view: DataView, tcp: number): number {
  return view.getUint16(tcp);
}

/** Destination port, 0 to 65535. */
export function dstPort(view: DataView, tcp: number): number {
  return view.getUint16(tcp + 2);
}

/** Sequence number as on the wire, 0 to 2^32-1. */
export function seq(view: DataView, tcp: number): number {
  return view.getUint32(tcp + 4);
}

/** Acknowledgment number as on the wire; means nothing without the ACK flag. */
export function ack(view: DataView, tcp: number): number {
  return view.getUint32(tcp + 8);
}

/** Header length in bytes, options included: 20 to 60. */
export function dataOffset(view: DataView, tcp: number): number {
  return (view.getUint8(tcp + 12) >> 4) << 2;
}

/** The nine flag bits, AE included; the three reserved bits above are left out. */
export function flags(view: DataView, tcp: number): number {
  return view.getUint16(tcp + 12) & 0x1ff;
}

/** Unscaled window, 0 to 65535; -1 when fewer than 16 of the `tcpCaptured` bytes are there. */
export function window(view: DataView, tcp: number, tcpCaptured: number): number {
  return tcpCaptured < 16 ? -1 : view.getUint16(tcp + 14);
}

/** Checksum as on the wire; -1 when fewer than 18 of the `tcpCaptured` bytes are there. */
export function checksum(view: DataView, tcp: number, tcpCaptured: number): number {
  return tcpCaptured < 18 ? -1 : view.getUint16(tcp + 16);
}

/** Urgent pointer; -1 when fewer than 20 of the `tcpCaptured` bytes are there. */
export function urgent(view: DataView, tcp: number, tcpCaptured: number): number {
  return tcpCaptured < 20 ? -1 : view.getUint16(tcp + 18);
}
