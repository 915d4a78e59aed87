/**
 * The commonest frames by far: Ethernet, IPv4 without options or fragments (or IPv6 without extension headers), TCP, all
 * headers whole. Their fields stand at fixed offsets, which spares nearly all packets the walk of `locate`; both see such
 * a frame the same.
 */
import { LINK_ETHERNET } from './link-types.ts';

/** Offsets from the start of a plain IPv4 frame. */
export const PLAIN_TTL = 22;
export const PLAIN_SRC = 26;
export const PLAIN_DST = 30;
export const PLAIN_TCP = 34;

/** Offsets from the start of a plain IPv6 frame. */
export const PLAIN6_TTL = 21;
export const PLAIN6_SRC = 22;
export const PLAIN6_DST = 38;
export const PLAIN6_TCP = 54;

const TCP_PROTOCOL = 6;
const TCP_HEADER = 20;

/** True for a plain IPv4 frame at [start, end). */
export function isPlainTcp(view: DataView, start: number, end: number, linkType: number): boolean {
  return (
    linkType === LINK_ETHERNET &&
    end - start >= PLAIN_TCP + TCP_HEADER &&
    // Ethertype, version and header length.
    view.getUint32(start + 12) >>> 8 === 0x080045 &&
    view.getUint8(start + 23) === TCP_PROTOCOL &&
    // More fragments, and the fragment offset (RFC 791).
    (view.getUint16(start + 20) & 0x3fff) === 0 &&
    // Segmentation offload leaves 0 as the length: `locate` knows what it means.
    view.getUint16(start + 16) >= 20 + TCP_HEADER &&
    view.getUint8(start + PLAIN_TCP + 12) >= 0x50
  );
}

/** True for a plain IPv6 frame at [start, end). */
export function isPlainTcp6(view: DataView, start: number, end: number, linkType: number): boolean {
  return (
    linkType === LINK_ETHERNET &&
    end - start >= PLAIN6_TCP + TCP_HEADER &&
    // Ethertype and version.
    view.getUint32(start + 12) >>> 12 === 0x86dd6 &&
    view.getUint8(start + 20) === TCP_PROTOCOL &&
    view.getUint16(start + 18) >= TCP_HEADER &&
    view.getUint8(start + PLAIN6_TCP + 12) >= 0x50
  );
}

/** Payload bytes of a plain IPv4 frame by its IP length, as `Layers.payloadLen`. */
export function plainPayloadLen(view: DataView, start: number): number {
  const len = view.getUint16(start + 16) - 20 - ((view.getUint8(start + PLAIN_TCP + 12) >> 4) << 2);
  return len > 0 ? len : 0;
}

/** Payload bytes of a plain IPv6 frame. */
export function plain6PayloadLen(view: DataView, start: number): number {
  const len = view.getUint16(start + 18) - ((view.getUint8(start + PLAIN6_TCP + 12) >> 4) << 2);
  return len > 0 ? len : 0;
}
