import type { Socket } from 'node:net';
import { carrierOf, descriptorOf } from './carrier.ts';
import { kernel } from './kernel.ts';
import { PLATFORM_OPTIONS } from './option-numbers.ts';

/**
 * Whether the kernel still has the connection open both ways: false as soon as a FIN or RST has arrived, even if Node
 * has not been told yet; null where the kernel cannot be asked.
 */
export function isOpenInKernel(socket: Socket): boolean | null {
  const calls = kernel();
  const info = PLATFORM_OPTIONS[process.platform]?.info;
  if (typeof calls === 'string' || !info) return null;
  const fd = descriptorOf(carrierOf(socket));
  const state = fd === null ? null : calls.firstByte(fd, info);
  return state === null ? null : state === TCP_ESTABLISHED;
}

/** True where isOpenInKernel() can tell: koffi is installed and the platform has TCP_INFO. */
export function canAskKernel(): boolean {
  return typeof kernel() !== 'string' && Boolean(PLATFORM_OPTIONS[process.platform]?.info);
}

/** include/net/tcp_states.h; a peer's FIN makes it CLOSE_WAIT (8), a RST CLOSE (7). */
const TCP_ESTABLISHED = 1;
