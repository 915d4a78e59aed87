/**
 * Connections that a server accepted before anybody asked for a drain. Node keeps no public list of them; these are
 * found in places without a public name, and when one day they are gone, none are found.
 */
import { ServerResponse } from 'node:http';
import { type Server, Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/** Those of an HTTP/1 server, TLS or not, or of a `net` one. HTTP/2 sessions and bare TLS hide their sockets. */
export function acceptedBefore(server: Server): Socket[] {
  if ('updateSettings' in server || (server instanceof TlsServer && !('closeIdleConnections' in server))) return [];
  const sockets = 'closeIdleConnections' in server ? parsed(server) : raw(server);
  return sockets.filter((socket): socket is Socket => socket instanceof Socket && !socket.destroyed);
}

/** The answer that the socket's HTTP/1 request waits for. */
export function answerOf(socket: Socket): ServerResponse | null {
  const { _httpMessage: message } = socket as { _httpMessage?: unknown };
  return message instanceof ServerResponse ? message : null;
}

/** From the list that `requestTimeout` is checked against (kConnections in lib/_http_server.js): it holds the parsers. */
function parsed(server: Server): unknown[] {
  const name = Object.getOwnPropertySymbols(server).find(
    ({ description }) => description === 'http.server.connections',
  );
  const list = (name && Reflect.get(server, name)) as { all?: () => { socket?: unknown }[] } | undefined;
  return list?.all?.().map(({ socket }) => socket) ?? [];
}

/** From the handles that keep the process alive (DEP0161). */
function raw(server: Server): unknown[] {
  const { _getActiveHandles: handlesOf } = process as { _getActiveHandles?: () => unknown[] };
  const handles = typeof handlesOf === 'function' ? (Reflect.apply(handlesOf, process, []) as unknown[]) : [];
  return handles.filter((handle) => (handle as { server?: unknown } | null)?.server === server);
}
