import { windowBytes, type Half } from '../flow/half.ts';
import type { Packet } from '../flow/packets.ts';
import { ACK, RST } from '../wire/tcp.ts';

/**
 * `65536`, the window of a packet in bytes where its sender's scale is known; otherwise the header's field, `64 unscaled`.
 * A bare RST comes from no socket, and so has no scale; nor has what comes before its sender’s SYN.
 */
export function windowText(sender: Half, { window, flags, tNs }: Packet): string {
  if (window === 0) return '0';
  const isBare = (flags & (RST | ACK)) === RST;
  const isScaled = sender.windowScale >= 0 && Math.max(sender.synNs, sender.synAckNs) < tNs;
  return isBare || !isScaled ? unscaled(window) : String(windowBytes(sender, window));
}

/** `64 unscaled`, the field of the header as it stands. */
export function unscaled(window: number): string {
  return window === 0 ? '0' : `${window} unscaled`;
}
