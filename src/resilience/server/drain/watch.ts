/**
 * The connections of a server and what they carry. Reads the server's events by standing in for its emit(): adding
 * listeners would change what Node does (an 'upgrade' or 'checkContinue' listener takes over), and a listener cannot
 * keep an event from the others.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2Stream, IncomingHttpHeaders, ServerHttp2Session } from 'node:http2';
import type { Server, Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { type Accepted, acceptedBefore, answerOf, socketOf, streamsOf } from './accepted-before.ts';
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
  /** What the server did while nobody watched is found out first, as far as it can be. */
  add(watcher: Watcher): void;
  remove(watcher: Watcher): void;
  /** Finds connections that came by another way than the server's events. */
  lookAround(): void;
  /** Connections that were found over TLS, where it is not known what they carry: it is when they ask for something. */
  untold(): number;
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
  const foundLate: WeakSet<Connection> = new WeakSet();
  let watchers: readonly Watcher[] = [];
  const isTls = server instanceof TlsServer;
  const isHttp1 = 'closeIdleConnections' in server;
  const isHttp2 = 'updateSettings' in server;
  /** The connection whose event is being delivered: sessions are made in there and do not show their socket. */
  let current: Connection | null = null;
  const emit = Reflect.get(server, 'emit') as (...args: unknown[]) => boolean;

  // Every request passes here: its arguments go on as they came, nothing is made for it.
  const instead = function (this: Server, event: unknown, first: unknown, second: unknown): boolean {
    if (watchers.length === 0) return Reflect.apply(emit, this, arguments);
    switch (event) {
      case 'request':
      case 'checkContinue':
      case 'checkExpectation':
        if (!begin(first as IncomingMessage, second as ServerResponse)) return true;
        break;
      case 'connection':
      case 'secureConnection': {
        const before = current;
        current = event === 'connection' ? open(first as Socket) : secure(first as Socket);
        try {
          return Reflect.apply(emit, this, arguments);
        } finally {
          current = before;
        }
      }
      case 'session':
        if (current !== null) carrySession(current, first as ServerHttp2Session);
        break;
      case 'stream':
        beginStream(first as Http2Stream, second as IncomingHttpHeaders);
        break;
      case 'upgrade':
      case 'connect':
        if (!upgrade(first as IncomingMessage, second as Socket)) return true;
        break;
      default:
    }
    return Reflect.apply(emit, this, arguments);
  };
  Object.defineProperty(server, 'emit', { value: instead, writable: true, configurable: true });

  return {
    connections,
    add(watcher) {
      if (watchers.length === 0) lookAround();
      watchers = [...watchers, watcher];
    },
    remove(watcher) {
      watchers = watchers.filter((one) => one !== watcher);
    },
    lookAround,
    untold: () => [...connections].filter((one) => one.protocol === 'handshake' && foundLate.has(one)).length,
  };

  function lookAround(): void {
    for (const accepted of acceptedBefore(server)) adopt(accepted);
  }

  function adopt({ socket, protocol, session }: Accepted): void {
    const isNew = !bySocket.has(socket);
    const connection = isTls && protocol !== 'handshake' ? secure(socket) : open(socket);
    if (isNew) foundLate.add(connection);
    if (session !== null && connection.session === null) {
      carrySession(connection, session);
      for (const stream of streamsOf(session)) carryStream(connection, stream, undefined);
    } else if (connection.protocol === 'http1') {
      if (protocol === 'http1') reveal(connection);
      else connection.protocol = 'upgraded';
    }
  }

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

  function secure(socket: Socket): Connection {
    // The TCP socket below: no public name, but the only tie between the two.
    const below = (socket as unknown as { _parent?: Socket | null })._parent;
    const connection = (below == null ? undefined : bySocket.get(below)) ?? open(socket);
    if (connection.socket === socket && connection.protocol !== 'handshake') return connection;
    connection.socket = socket;
    connection.bytesAtIdle = socket.bytesRead;
    const { alpnProtocol } = socket as Socket & { alpnProtocol?: string | false | null };
    connection.protocol = isHttp1 || (isHttp2 && alpnProtocol !== 'h2') ? 'http1' : 'raw';
    bySocket.set(socket, connection);
    if (below != null) bySocket.set(below, connection);
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
    if (connection.exchanges.at(-1)?.request === request) return true;
    const exchange: Exchange = { request, response };
    connection.exchanges.push(exchange);
    carry(connection, exchange);
    return true;
  }

  function carry(connection: Connection, exchange: Exchange): void {
    exchange.response.on('close', answered);
    for (const watcher of watchers) watcher.began?.(connection, exchange);
  }

  /** A listener for all answers. */
  function answered(this: ServerResponse): void {
    const connection = bySocket.get(this.req.socket);
    if (connection === undefined) return;
    // Of pipelined requests another one can only be through when its connection broke.
    const at = connection.exchanges[0]?.response === this ? 0 : indexOf(connection.exchanges, this);
    const exchange = connection.exchanges[at];
    if (exchange === undefined) return;
    const { request } = exchange;
    if (request.complete || request.destroyed) finish(connection, exchange);
    // An answer before the whole question: the connection is idle when the rest of it has come.
    else request.once('close', () => finish(connection, exchange));
  }

  function finish(connection: Connection, exchange: Exchange): void {
    const at = connection.exchanges.indexOf(exchange);
    if (at !== -1) connection.exchanges.splice(at, 1);
    reveal(connection);
    settle(connection);
  }

  /** Of requests that nobody saw come only the one whose turn it is can be found; the next comes up when it is answered. */
  function reveal(connection: Connection): void {
    const { exchanges, socket } = connection;
    const response = answerOf(socket);
    if (response !== null && indexOf(exchanges, response) === -1) {
      const exchange: Exchange = { request: response.req, response };
      exchanges.unshift(exchange);
      carry(connection, exchange);
    }
    connection.bytesAtIdle = socket.bytesRead;
  }

  function carrySession(connection: Connection, session: ServerHttp2Session): void {
    connection.protocol = 'http2';
    connection.session = session;
    bySocket.set(session, connection);
  }

  function beginStream(stream: Http2Stream, headers: IncomingHttpHeaders): void {
    const session = stream.session as ServerHttp2Session | undefined;
    const connection = session && (bySocket.get(session) ?? meet(session));
    if (connection === undefined) return;
    carryStream(connection, stream, requestLabel(text(headers[':method']), text(headers[':path'])));
    for (const watcher of watchers) watcher.began?.(connection, null);
  }

  /** A session that began while nobody watched tells itself by its next stream. */
  function meet(session: ServerHttp2Session): Connection | undefined {
    const socket = socketOf(session);
    if (socket === null || socket.destroyed) return undefined;
    const connection = isTls ? secure(socket) : open(socket);
    carrySession(connection, session);
    for (const stream of streamsOf(session)) carryStream(connection, stream, undefined);
    return connection;
  }

  function carryStream(connection: Connection, stream: Http2Stream, label: string | undefined): void {
    const isKnown = connection.streams.has(stream);
    connection.streams.set(stream, label);
    if (isKnown) return;
    stream.once('close', () => {
      connection.streams.delete(stream);
      settle(connection);
    });
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

function indexOf(exchanges: readonly Exchange[], response: ServerResponse): number {
  return exchanges.findIndex((exchange) => exchange.response === response);
}

function text(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
