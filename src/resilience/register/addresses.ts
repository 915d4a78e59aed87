/**
 * The two ends of a connection, asked of the kernel. Not through socket.remoteAddress and localPort: Node caches those,
 * and the program would see an address after the close where it saw none before.
 */
import { isIP } from 'node:net';
import type { Ledger } from './ledger.ts';

interface Handle {
  getpeername?(out: { address?: string; port?: number }): number;
  getsockname?(out: { port?: number }): number;
}

/** Notes the address of the peer; it must be asked for while the connection lives. */
export function notePeer(socket: object, ledger: Ledger): void {
  if (ledger.pipe !== null) return;
  if (ledger.host !== null && ledger.port !== null && isIP(ledger.host) !== 0) {
    ledger.address = ledger.host;
    return;
  }
  const peer: { address?: string; port?: number } = {};
  handleOf(socket)?.getpeername?.(peer);
  ledger.address = peer.address ?? null;
  ledger.port = peer.port ?? ledger.port;
}

/** Notes the local port, once; the kernel knows it until the descriptor is closed, after a RST too. */
export function noteLocalPort(socket: object, ledger: Ledger): void {
  if (ledger.localPort !== null || ledger.pipe !== null || Number.isNaN(ledger.connectedMs)) return;
  const local: { port?: number } = {};
  handleOf(socket)?.getsockname?.(local);
  ledger.localPort = local.port ?? null;
}

function handleOf(socket: object): Handle | null | undefined {
  return (socket as { _handle?: Handle | null })._handle;
}
