/**
 * Connections that a server accepted while nobody watched, and what they carry. Node keeps no public list of them; these
 * are found in places without a public name, and when one day they are gone, none are found.
 */
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Http2Stream, ServerHttp2Session } from 'node:http2';
import { type Server, Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { Protocol } from './connection.ts';

/** A connection as it was found. */
export interface Accepted {
  /** What the application reads and writes; below TLS, where that cannot be found, the TCP socket. */
  readonly socket: Socket;
  /** `handshake`: something over TLS; what it is cannot be told. */
  readonly protocol: Protocol;
  readonly session: ServerHttp2Session | null;
}

/** The open connections of a server. Those that were unref()ed are found only where an HTTP/1 parser reads them. */
export function acceptedBefore(server: Server): Accepted[] {
  const found: Accepted[] = [];
  const seen: Set<unknown> = new Set();
  for (const socket of parsed(server)) {
    if (!(socket instanceof Socket)) continue;
    seen.add(socket).add((socket as { _parent?: unknown })._parent);
    found.push({ socket, protocol: 'http1', session: null });
  }
  for (const session of sessions(server)) {
    const socket = socketOf(session);
    if (socket === null) continue;
    seen.add(socket).add((socket as { _parent?: unknown })._parent);
    found.push({ socket, protocol: 'http2', session });
  }
  for (const socket of handles(server)) if (!seen.has(socket)) found.push(unparsed(server, socket));
  return found.filter(({ socket }) => !socket.destroyed);
}

/** The answer whose turn it is on the socket: the HTTP/1 request that has waited longest for one. */
export function answerOf(socket: Socket): ServerResponse | null {
  const { _httpMessage: message } = socket as { _httpMessage?: unknown };
  return message instanceof ServerResponse ? message : null;
}

/** The HTTP/1 request whose head came last, while it is not answered. */
export function newestRequest(socket: Socket): IncomingMessage | null {
  return (socket as { parser?: { incoming?: IncomingMessage | null } | null }).parser?.incoming ?? null;
}

/** The socket itself: what `session.socket` gives refuses most of a socket's methods. */
export function socketOf(session: ServerHttp2Session): Socket | null {
  const socket = property(session, 'socket');
  return socket instanceof Socket ? socket : null;
}

/** The streams that are open on a session. */
export function streamsOf(session: ServerHttp2Session): Http2Stream[] {
  const { streams } = (property(session, 'state') ?? {}) as { streams?: unknown };
  return valuesOf(streams) as Http2Stream[];
}

function unparsed(server: Server, socket: Socket): Accepted {
  if (server instanceof TlsServer) return { socket, protocol: 'handshake', session: null };
  // No parser reads an HTTP/1 connection any more after an upgrade.
  if ('closeIdleConnections' in server) return { socket, protocol: 'upgraded', session: null };
  const session = 'updateSettings' in server ? sessionOf(socket) : null;
  return { socket, protocol: session === null ? 'raw' : 'http2', session };
}

/** From the list that `requestTimeout` is checked against (kConnections in lib/_http_server.js): it holds the parsers. */
function parsed(server: Server): unknown[] {
  const list = property(server, 'http.server.connections') as { all?: () => { socket?: unknown }[] } | undefined;
  return list?.all?.().map(({ socket }) => socket) ?? [];
}

/** From the set that close() ends sessions by (kSessions in lib/internal/http2/core.js, in later versions of Node). */
function sessions(server: Server): ServerHttp2Session[] {
  return 'updateSettings' in server ? valuesOf(property(server, 'sessions')).filter(isSession) : [];
}

/** From the handles that keep the process alive (DEP0161). Over TLS these are the TCP sockets below it. */
function handles(server: Server): Socket[] {
  const { _getActiveHandles: handlesOf } = process as { _getActiveHandles?: () => unknown[] };
  const active = typeof handlesOf === 'function' ? (Reflect.apply(handlesOf, process, []) as unknown[]) : [];
  return active.filter(
    (handle): handle is Socket => handle instanceof Socket && (handle as { server?: unknown }).server === server,
  );
}

/** The session is tied to its socket by a property that has had several names (kBoundSession in lib/internal/http2). */
function sessionOf(socket: Socket): ServerHttp2Session | null {
  for (const { value } of Object.values(Object.getOwnPropertyDescriptors(socket))) if (isSession(value)) return value;
  for (const key of Object.getOwnPropertySymbols(socket)) {
    const value = Object.getOwnPropertyDescriptor(socket, key)?.value as unknown;
    if (isSession(value)) return value;
  }
  return null;
}

function isSession(value: unknown): value is ServerHttp2Session {
  return typeof value === 'object' && value !== null && 'goaway' in value && 'pendingSettingsAck' in value;
}

/** Of a Set or Map of Node's own: their prototypes are not those of the global ones. */
function valuesOf(collection: unknown): unknown[] {
  const { values } = (collection ?? {}) as { values?: () => Iterable<unknown> };
  return typeof values === 'function' ? [...Reflect.apply(values, collection, [])] : [];
}

/** What lies under a symbol of that description. */
function property(target: object, description: string): unknown {
  const key = Object.getOwnPropertySymbols(target).find((symbol) => symbol.description === description);
  return key && Reflect.get(target, key);
}
