/**
 * net and tls: when a socket connects, with whom, and the error it dies of. TLS sockets inherit these three methods.
 *
 * Three patches, because no channel tells these moments: `net.client.socket` is published before connect() and not
 * for tls.connect() (Node 20, 22, 24: net.js, internal/tls/wrap.js), and nothing is published when a connection is
 * established or destroyed. Listeners would show in listenerCount(), and one for 'error' would hide uncaught errors.
 */
import { Socket } from 'node:net';
import { annotate } from './annotate.ts';
import { hasSeenFin } from './facts.ts';
import { before } from './guard.ts';
import { ledgerFor, ledgerOf, openLedger, type Ledger, type Target } from './ledger.ts';

/** Looks at every net.Socket from now on. */
export function watchSockets(): void {
  before(Socket.prototype, 'connect', (socket, first, second) => {
    // Around an existing socket (tls.connect over a tunnel) there is no connect of its own.
    lastOpened = openLedger(socket, targetOf(first, second));
  });
  // The implementer's hook of Readable: runs once a socket is connected, whoever reads. It asks for the addresses
  // while the kernel still knows them: after a RST getpeername() fails with ENOTCONN (net/ipv4/af_inet.c).
  before(Socket.prototype, '_read', (receiver) => {
    const socket = receiver as Socket;
    const ledger = ledgerOf(socket);
    if (ledger !== undefined && ledger.connectedMs !== null) return;
    if (!socket.connecting && !socket.destroyed) noteConnected(socket, ledger ?? ledgerFor(socket));
  });
  // Every error of a socket passes here before anybody hears of it: those of the kernel, of TLS and of undici.
  before(Socket.prototype, '_destroy', (socket, error) => {
    const ledger = error instanceof Error ? ledgerFor(socket) : ledgerOf(socket);
    if (ledger === undefined) return;
    if (error instanceof Error) annotate(error, ledger, socket);
    else ledger.endedHere ||= ledger.failure === null && !hasSeenFin(socket);
  });
}

/** The ledger of the last socket on which connect() was called: for callers that hide their socket. */
export function lastOpenedLedger(): Ledger | undefined {
  return lastOpened;
}
let lastOpened: Ledger | undefined;

interface Handle {
  getpeername?(out: { address?: string; port?: number }): number;
  getsockname?(out: { port?: number }): number;
}

function noteConnected(socket: Socket, ledger: Ledger): void {
  ledger.connectedMs = performance.now();
  // Not through socket.remoteAddress: Node caches that, and the program would see an address after the close
  // where it saw none before.
  const handle = (socket as { _handle?: Handle | null })._handle;
  const peer: { address?: string; port?: number } = {};
  const local: { port?: number } = {};
  handle?.getpeername?.(peer);
  handle?.getsockname?.(local);
  ledger.address = peer.address ?? null;
  ledger.port = peer.port ?? ledger.port;
  ledger.localPort = local.port ?? null;
}

/** Reads the arguments of connect(): options, a normalized list of them, a port and a host, or a path. */
function targetOf(first: unknown, second: unknown): Target {
  const given: unknown = Array.isArray(first) ? first[0] : first;
  if (typeof given === 'object' && given !== null) {
    const { host, port, path } = given as { host?: unknown; port?: unknown; path?: unknown };
    return { host: textOr(host, path ? null : 'localhost'), port: toPort(port), pipe: textOr(path, null) };
  }
  if (typeof given === 'string' && toPort(given) === null) return { host: null, port: null, pipe: given };
  return { host: textOr(second, 'localhost'), port: toPort(given), pipe: null };
}

function toPort(value: unknown): number | null {
  const port = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof port === 'number' && Number.isInteger(port) && port >= 0 && port < 65_536 ? port : null;
}

function textOr(value: unknown, otherwise: string | null): string | null {
  return typeof value === 'string' && value !== '' ? value : otherwise;
}
