/** The TCP socket that carries a socket: itself, or what lies beneath TLS. */
import type { Socket } from 'node:net';

/** What Node's handles have and its types do not: lib/net.js, lib/internal/tls/wrap.js. The same from Node 20 to 26. */
interface Inside {
  readonly _handle?: {
    readonly fd?: number;
    readonly setKeepAlive?: unknown;
    /** Of a TLSWrap: the socket that was wrapped, or a JSStreamSocket around any other stream. */
    readonly _parentWrap?: (Socket & { readonly stream?: Socket }) | null;
  } | null;
}

/** Descends through TLS, and TLS in TLS (a proxy spoken to by https), to what has the connection. */
export function carrierOf(socket: Socket): Socket {
  let carrier = socket;
  // Bounded, though no stream wraps itself: what is beneath comes from outside.
  for (let depth = 0; depth < 8; depth++) {
    const wrapped = (carrier as Inside)._handle?._parentWrap;
    if (!wrapped) break;
    carrier = wrapped.stream ?? wrapped;
  }
  return carrier;
}

/** True for a stream whose handle takes TCP options. A JSStreamSocket's TLSWrap takes them and does nothing. */
export function isTcp(carrier: Socket): boolean {
  return typeof (carrier as Inside)._handle?.setKeepAlive === 'function';
}

/** The file descriptor of a carrier; null when it is closed, not TCP (a pipe has one too), or on Windows. */
export function descriptorOf(carrier: Socket): number | null {
  const fd = (carrier as Inside)._handle?.fd;
  return isTcp(carrier) && typeof fd === 'number' && fd >= 0 ? fd : null;
}
