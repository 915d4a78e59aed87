/** One connection of a server and what it carries at the moment. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2Stream, ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';

/** Whose bytes travel. `handshake`: TLS is not agreed on yet, or was while nobody watched. `upgraded`: a WebSocket or a tunnel. */
export type Protocol = 'handshake' | 'raw' | 'http1' | 'http2' | 'upgraded';

/** A request over HTTP/1 and its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export interface Connection {
  /** What the application reads and writes: a TLSSocket once TLS is agreed on. */
  socket: Socket;
  /** Address and port of the peer, `unix socket` where there is none. */
  readonly remote: string;
  protocol: Protocol;
  /** Unanswered HTTP/1 requests, oldest first: more than one when the client pipelines. */
  readonly exchanges: Exchange[];
  /** Open HTTP/2 streams and their requests, where those were seen. */
  readonly streams: Map<Http2Stream, string | undefined>;
  session: ServerHttp2Session | null;
  /** The request that turned the connection into something else. */
  upgrade: string | null;
  /** An answer said `Connection: close`: what comes after its request is not processed (RFC 9112 §9.6). */
  closing: boolean;
  /** FIN sent, or on its way. */
  ended: boolean;
  /** Bytes read when the connection last fell idle; more than that is the beginning of a request. */
  bytesAtIdle: number;
}

/** A connection that carries nothing yet. */
export function newConnection(socket: Socket, protocol: Protocol): Connection {
  return {
    socket,
    remote: remoteOf(socket),
    protocol,
    exchanges: [],
    streams: new Map(),
    session: null,
    upgrade: null,
    closing: false,
    ended: false,
    bytesAtIdle: socket.bytesRead,
  };
}

/** True when no request is in the works, not even the first bytes of one. What raw sockets do is not known: isTalking(). */
export function isIdle(connection: Connection): boolean {
  const { protocol, exchanges, streams, socket, bytesAtIdle } = connection;
  if (protocol === 'handshake') return false;
  if (protocol === 'http1') return exchanges.length === 0 && socket.bytesRead === bytesAtIdle;
  return streams.size === 0;
}

/** Bytes that a connection has carried, those that wait to be sent included. */
export function trafficOf({ socket }: Connection): number {
  return socket.bytesRead + socket.bytesWritten;
}

/**
 * True for a raw or upgraded connection that has carried something since, or cannot get rid of what it has to send: all
 * that can be told of an unknown protocol.
 */
export function isTalking(connection: Connection, trafficBytes: number): boolean {
  if (connection.protocol !== 'raw' && connection.protocol !== 'upgraded') return false;
  return trafficOf(connection) !== trafficBytes || connection.socket.writableLength > 0;
}

/** The requests a connection carries, as method and path; the query may hold secrets and is left out. */
export function requestsOf(connection: Connection): readonly (string | undefined)[] {
  if (connection.upgrade !== null) return [connection.upgrade];
  if (connection.streams.size > 0) return [...connection.streams.values()];
  return connection.exchanges.map(({ request }) => requestLabel(request.method, request.url));
}

/** Method and path of a request. */
export function requestLabel(method: string | undefined, target: string | undefined): string {
  const path = (target ?? '/').split('?', 1)[0]!;
  return `${method ?? 'GET'} ${path}`;
}

function remoteOf({ remoteAddress, remotePort }: Socket): string {
  if (remoteAddress === undefined) return 'unix socket';
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}
