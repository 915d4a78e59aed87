/** How an HTTP/2 session is told to go elsewhere (RFC 9113 §6.8). */
import { constants, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';

/**
 * First a GOAWAY that refuses nothing, then, when a PING has been there and back, one with the last stream that was
 * taken: what the client sent before it knew is still answered. The session ends with its last stream. Not every client
 * answers the PING: one on Node with nothing open forgets the session at the first GOAWAY and waits for the FIN.
 */
export function sayFarewell(session: ServerHttp2Session, socket: Socket): void {
  if (session.closed || session.destroyed || told.has(session)) return;
  told.add(session);
  const close = (): void => {
    if (!session.closed && !session.destroyed) session.close();
  };
  const timer = setTimeout(close, PING_MS);
  session.once('close', () => clearTimeout(timer));
  // A session begins with SETTINGS (RFC 9113 §3.4): before they are answered they may not have been sent.
  if (session.pendingSettingsAck) session.once('localSettings', tell);
  else tell();

  function tell(): void {
    if (session.closed || session.destroyed) return;
    notify(session, socket);
    if (!session.ping(close)) close();
  }
}

/**
 * Node's goaway() makes nghttp2 ignore every later stream, whatever number it names (GOAWAY_SENT in
 * nghttp2_session.c), and the shutdown notice of nghttp2 is not to be had from Node. So the frame is written beside
 * nghttp2, whose frames go out whole. Not over TLS, where Node allows one writer: there the streams that cross the
 * notice are left to the second GOAWAY, which tells the client that nothing was done about them.
 */
function notify(session: ServerHttp2Session, socket: Socket): void {
  if ('encrypted' in socket) session.goaway(constants.NGHTTP2_NO_ERROR, LAST_STREAM_OF_ALL);
  else socket.write(NOTICE);
}

const LAST_STREAM_OF_ALL = 2 ** 31 - 1;
/** A GOAWAY frame: length 8, type 7, no flags, stream 0; last stream 2^31-1, NO_ERROR. */
const NOTICE = Uint8Array.of(0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0);
/** What Go's server waits (goAwayTimeout in net/http). */
const PING_MS = 1000;
const told: WeakSet<ServerHttp2Session> = new WeakSet();
