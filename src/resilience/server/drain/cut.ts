/** The end of patience: connections are cut, and what that cost is written down. */
import type { Socket } from 'node:net';
import { type Connection, requestsOf } from './connection.ts';
import { isCloseDelimited } from './last-answer.ts';

/** A connection that was cut, with the request it carried; one entry for each request where it carried several. */
export interface Cut {
  /** Address and port of the peer; `unix socket`; `unknown` for one that only the server's count shows. */
  readonly remote: string;
  /** Method and path, without the query; absent when nothing was asked or the protocol is not HTTP. */
  readonly request?: string;
}

/** Cuts a connection and says what it carried. */
export function cut(connection: Connection): readonly Cut[] {
  const { remote, session, socket } = connection;
  const requests = requestsOf(connection);
  const truncates =
    socket.writableLength > 0 ||
    connection.exchanges.some(({ response }) => response.headersSent && isCloseDelimited(response));
  session?.destroy();
  if (truncates) reset(socket);
  else socket.destroy();
  return requests.length === 0
    ? [{ remote }]
    : requests.map((request) => (request === undefined ? { remote } : { remote, request }));
}

/** A FIN here would make half an answer look whole. TLS says for itself that it was cut short. */
function reset(socket: Socket): void {
  if ('encrypted' in socket) socket.destroy();
  else socket.resetAndDestroy();
}
