/**
 * The connections of a server and what they carry. Reads the server's events by standing in for its emit(): adding
 * listeners would change what Node does (an 'upgrade' or 'checkContinue' listener takes over), and a listener cannot
 * keep an event from the others.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2Stream, IncomingHttpHeaders, ServerHttp2Session } from 'node:http2';
import type { Server, Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { acceptedBefore, answerOf } from './accepted-before.ts';
import { type Connection, type Exchange, newConnection, requestLabel } from './connection.ts';

/** What a watcher is told. */
export interface Watcher {
  opened?(connection: Connection): void;
  /** A request's head has arrived; its handlers run after this. */
  began?(connection: Connection, exchange: Exchange | null): void;
  /** Everything asked for so far has been answered. */
  idle?(connection: Connection): void;
  closed?(connection: Connection): void;
  /** Node would destroy the socket now, its last answer written. True: the watcher closes it. */
  last?(connection: Connection): boolean;
}

export interface Watch {
  readonly connections: ReadonlySet<Connection>;
  readonly isHttp1: boolean;
  add(watcher: Watcher): void;
  remove(watcher: Watcher): void;
}

/** The watch on a server: one, however many ask for it. */
export function watch(server: Server): Watch {
  const known = watches.get(server);
  if (known !== undefined) return known;
  const made = startWatch(server);
  watches.set(server, made);
  return made;
}

const watches: WeakMap<Server, Watch> = new WeakMap();

function startWatch(server: Server): Watch {
  const connections: Set<Connection> = new Set();
  const bySocket: WeakMap<object, Connection> = new WeakMap();
  const watchers: Set<Watcher> = new Set();
  const isTls = server instanceof TlsServer;
  const isHttp1 = 'closeIdleConnections' in server;
  const isHttp2 = 'updateSettings' in server;
  /** The connection whose event is being delivered: sessions are made in there and do not show their socket. */
  let current: Connection | null = null;
  const emit = Reflect.get(server, 'emit') as (event: string | symbol, ...args: unknown[]) => boolean;

  const instead = function (this: Server, event: string | symbol, ...args: unknown[]): boolean {
    const deliver = (): boolean => Reflect.apply(emit, this, [event, ...args]);
    if (watchers.size === 0) return deliver();
    if (event === 'connection') {
      const before = current;
      current = open(args[0] as Socket);
      try {
        return deliver();
      } finally {
        current = before;
      }
    }
    if (event === 'secureConnection') {
      const before = current;
      current = secure(args[0] as Socket);
      try {
        return deliver();
      } finally {
        current = before;
      }
    }
    if (event === 'session' && current !== null) {
      current.protocol = 'http2';
      current.session = args[0] as ServerHttp2Session;
      bySocket.set(current.session, current);
    } else if (event === 'stream') beginStream(args[0] as Http2Stream, args[1] as IncomingHttpHeaders);
    else if (event === 'request' || event === 'checkContinue' || event === 'checkExpectation') {
      if (!begin(args[0] as IncomingMessage, args[1] as ServerResponse)) return true;
    } else if (event === 'upgrade' || event === 'connect') {
      if (!upgrade(args[0] as IncomingMessage, args[1] as Socket)) return true;
    }
    return deliver();
  };
  Object.defineProperty(server, 'emit', { value: instead, writable: true, configurable: true });
  for (const socket of acceptedBefore(server)) adopt(socket);

  return {
    connections,
    isHttp1,
    add: (watcher) => void watchers.add(watcher),
    remove: (watcher) => void watchers.delete(watcher),
  };

  function open(socket: Socket): Connection {
    // A socket may be given to the server a second time, by a front that looks at its first bytes.
    const known = bySocket.get(socket);
    if (known !== undefined) return known;
    const connection = newConnection(socket, isTls ? 'handshake' : isHttp1 ? 'http1' : 'raw');
    bySocket.set(socket, connection);
    connections.add(connection);
    socket.once('close', () => {
      if (!connections.delete(connection)) return;
      for (const watcher of watchers) watcher.closed?.(connection);
    });
    if (!isTls) takeOverLastClose(connection);
    for (const watcher of watchers) watcher.opened?.(connection);
    return connection;
  }

  /** A connection from before the watch, with the request that it carries. */
  function adopt(socket: Socket): void {
    if (isTls) secure(socket);
    else open(socket);
    const response = answerOf(socket);
    if (response !== null) begin(response.req, response);
  }

  function secure(socket: Socket): Connection {
    // The TCP socket below: no public name, but the only tie between the two.
    const below = (socket as unknown as { _parent?: Socket | null })._parent;
    const connection = (below == null ? undefined : bySocket.get(below)) ?? open(socket);
    connection.socket = socket;
    connection.bytesAtIdle = socket.bytesRead;
    const { alpnProtocol } = socket as Socket & { alpnProtocol?: string | false | null };
    connection.protocol = isHttp1 || (isHttp2 && alpnProtocol !== 'h2') ? 'http1' : 'raw';
    bySocket.set(socket, connection);
    takeOverLastClose(connection);
    for (const watcher of watchers) watcher.opened?.(connection);
    return connection;
  }

  function takeOverLastClose(connection: Connection): void {
    const { socket } = connection;
    if (connection.protocol !== 'http1') return;
    // Node's http calls this when the answer that ends the connection is written (resOnFinish, lib/_http_server.js).
    Object.defineProperty(socket, 'destroySoon', {
      configurable: true,
      writable: true,
      value: function (this: Socket): void {
        if (connection.protocol === 'http1')
          for (const watcher of watchers) if (watcher.last?.(connection) === true) return;
        const { destroySoon } = Object.getPrototypeOf(this) as Socket;
        Reflect.apply(destroySoon, this, []);
      },
    });
  }

  function begin(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.httpVersionMajor !== 1) return true;
    const connection = bySocket.get(request.socket);
    if (connection === undefined) return true;
    if (connection.closing) {
      request.resume();
      return false;
    }
    // 'checkContinue' without a taker comes again as 'request'.
    if (connection.exchanges.some((exchange) => exchange.request === request)) return true;
    const exchange: Exchange = { request, response };
    connection.exchanges.push(exchange);
    response.once('close', () => {
      if (request.complete || request.destroyed) finish(connection, exchange);
      // An answer before the whole question: the connection is idle when the rest of it has come.
      else request.once('close', () => finish(connection, exchange));
    });
    for (const watcher of watchers) watcher.began?.(connection, exchange);
    return true;
  }

  function finish(connection: Connection, exchange: Exchange): void {
    const at = connection.exchanges.indexOf(exchange);
    if (at !== -1) connection.exchanges.splice(at, 1);
    connection.bytesAtIdle = connection.socket.bytesRead;
    settle(connection);
  }

  function beginStream(stream: Http2Stream, headers: IncomingHttpHeaders): void {
    const connection = stream.session === undefined ? undefined : bySocket.get(stream.session);
    if (connection === undefined) return;
    connection.streams.set(stream, requestLabel(text(headers[':method']), text(headers[':path'])));
    stream.once('close', () => {
      connection.streams.delete(stream);
      settle(connection);
    });
    for (const watcher of watchers) watcher.began?.(connection, null);
  }

  function settle(connection: Connection): void {
    if (connection.exchanges.length > 0 || connection.streams.size > 0) return;
    if (!connections.has(connection)) return;
    for (const watcher of watchers) watcher.idle?.(connection);
  }

  function upgrade(request: IncomingMessage, socket: Socket): boolean {
    const connection = bySocket.get(socket);
    if (connection === undefined) return true;
    if (connection.closing) return false;
    connection.protocol = 'upgraded';
    connection.upgrade = requestLabel(request.method, request.url);
    for (const watcher of watchers) watcher.idle?.(connection);
    return true;
  }
}

function text(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
