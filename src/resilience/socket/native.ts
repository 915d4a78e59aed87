/** What Node's own socket.setKeepAlive() can set. */
import type { Socket } from 'node:net';
import type { KeepAliveSettings } from './keep-alive-options.ts';

/** Interval and count reached setKeepAlive() in Node 24.19 and 26.4 (nodejs/node#63825); 25 never got them. */
export function setsProbes(version: string = process.versions.node): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 26 || (major === 26 && minor >= 4) || (major === 24 && minor >= 19);
}

/** Lets Node set what it can. Returns why it could not, or null. */
export function setNatively(socket: Socket, settings: KeepAliveSettings): string | null {
  const { idleMs, intervalMs, count } = settings;
  try {
    // Positional: the same call in both lines, and older ones ignore what they do not know.
    const set = socket.setKeepAlive as (this: Socket, ...args: readonly unknown[]) => unknown;
    set.call(socket, true, idleMs, intervalMs, count);
    return null;
  } catch (error) {
    // The socket of an HTTP/2 session throws ERR_HTTP2_NO_SOCKET_MANIPULATION.
    return `Node refused: ${error instanceof Error ? error.message : String(error)}`;
  }
}
