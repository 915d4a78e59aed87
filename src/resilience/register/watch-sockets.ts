/**
 * net and tls: when a socket connects, with whom, and the error it dies of. TLS sockets inherit these three methods.
 *
 * Three patches, because no channel tells these moments: `net.client.socket` is published before connect() and not
 * for tls.connect() (Node 20, 22, 24: net.js, internal/tls/wrap.js), and nothing is published when a connection is
 * established or destroyed. Listeners would show in listenerCount(), and one for 'error' would hide uncaught errors.
 */
import { Socket } from 'node:net';
import { notePeer, noteLocalPort } from './addresses.ts';
import { annotate } from './annotate.ts';
import { hasSeenFin } from './facts.ts';
import { guarded, replaceMethod } from './guard.ts';
import { ledgerFor, ledgerOf, openLedger, type Ledger, type Target } from './ledger.ts';

type Connect = (this: Socket, ...args: unknown[]) => unknown;
type Read = (this: Socket, size: number) => unknown;
type Destroy = (this: Socket, error: unknown, done: unknown) => unknown;

/** Looks at every net.Socket from now on. */
export function watchSockets(): void {
  const noteConnect = guarded((socket: Socket, args: readonly unknown[]) => {
    // Around an existing socket (tls.connect over a tunnel) there is no connect of its own.
    lastOpened = openLedger(socket, targetOf(args[0], args[1]));
  });
  replaceMethod<Socket, Connect>(
    Socket.prototype,
    'connect',
    (connect) =>
      function (...args) {
        noteConnect(this, args);
        // Everything goes on as it came, the number of arguments included.
        return Reflect.apply(connect, this, args);
      },
  );
  // The implementer's hook of Readable: runs once a socket is connected, whoever reads. It asks for the peer's address
  // while the kernel still knows it: after a RST getpeername() fails with ENOTCONN (net/ipv4/af_inet.c).
  const noteConnected = guarded((socket: Socket, ledger: Ledger | undefined) => {
    if (!socket.connecting && !socket.destroyed) setConnected(socket, ledger ?? ledgerFor(socket));
  });
  replaceMethod<Socket, Read>(
    Socket.prototype,
    '_read',
    (read) =>
      function (size) {
        const ledger = ledgerOf(this);
        // NaN is not itself.
        if (ledger === undefined || ledger.connectedMs !== ledger.connectedMs) noteConnected(this, ledger);
        return read.call(this, size);
      },
  );
  // Every error of a socket passes here before anybody hears of it: those of the kernel, of TLS and of undici.
  const noteEnd = guarded((socket: Socket, error: unknown) => {
    const ledger = error ? ledgerFor(socket) : ledgerOf(socket);
    if (ledger === undefined) return;
    // For what Node derives from this end once the handle is gone.
    if (ledger.method !== null) noteLocalPort(socket, ledger);
    if (error && annotate(error, ledger, socket)) return;
    // No error, or one from elsewhere: that of the other end of a pipe, a deadline of the program.
    ledger.endedHere ||= ledger.failure === null && !hasSeenFin(socket);
  });
  replaceMethod<Socket, Destroy>(
    Socket.prototype,
    '_destroy',
    (destroy) =>
      function (error, done) {
        noteEnd(this, error);
        return destroy.call(this, error, done);
      },
  );
}

/** The ledger of the last socket on which connect() was called: for callers that hide their socket. */
export function lastOpenedLedger(): Ledger | undefined {
  return lastOpened;
}
let lastOpened: Ledger | undefined;

function setConnected(socket: Socket, ledger: Ledger): void {
  ledger.connectedMs = performance.now();
  notePeer(socket, ledger);
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
