/**
 * The close that loses nothing: FIN instead of close(), then read and throw away until the peer's FIN. A close() with
 * unread bytes, or bytes that come after it, is answered with a RST, and that throws away the answer which the peer
 * has not read yet (RFC 9112 §9.6; tcp_close() in net/ipv4/tcp.c).
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Connection } from './connection.ts';
import { isCloseDelimited } from './last-answer.ts';
import type { LingeringPlan } from './options.ts';

/**
 * Ends an HTTP/1 connection whose last answer is written, or an idle one. The FIN waits for the end of the request:
 * programs on Node stop writing (EPIPE) when they see it, though TCP would let them go on.
 */
export function linger(connection: Connection, plan: LingeringPlan | null): void {
  const { socket } = connection;
  const exchange = connection.exchanges[0];
  connection.closing = true;
  if (connection.ended || socket.destroyed) return;
  socket.setTimeout(0);
  const limitBytes = socket.bytesRead + (plan?.maxBytes ?? Number.POSITIVE_INFINITY);
  if (plan !== null) {
    const timer = setTimeout(() => socket.destroy(), plan.deadlineMs);
    socket.once('close', () => clearTimeout(timer));
  }
  // This takes the bytes away from the parser's shortcut to the kernel: from now on they pass here as well.
  socket.on('data', step);
  // The parser read past the stream, which waits for a read that will not come when the parser had paused it.
  socket.push('');
  if (exchange !== undefined) letGo(exchange.request);
  step();

  function step(): void {
    if (socket.bytesRead > limitBytes) socket.destroy();
    else if (exchange === undefined || exchange.request.complete || isCloseDelimited(exchange.response)) finish();
  }

  function finish(): void {
    if (connection.ended) return;
    for (const listener of socket.listeners('data'))
      if (listener !== step) socket.off('data', listener as (chunk: Buffer) => void);
    sendFin(connection);
  }
}

/** Half-closes: FIN now, and reads on so that the peer's FIN is noticed. */
export function sendFin(connection: Connection): void {
  const { socket } = connection;
  if (connection.ended || socket.destroyed) return;
  connection.ended = true;
  // Whoever writes after this is told so by an error event, which must not take the process down.
  socket.on('error', ignore);
  // With a FIN waiting behind unsent bytes libuv refuses to reset (EINVAL from uv_tcp_close_reset), as a cut may have to.
  if (socket.writableLength > 0 && !('encrypted' in socket)) socket.write('', () => socket.end());
  else socket.end();
  // Bytes nobody asks for hide the FIN behind them.
  if (socket.readableFlowing === null || connection.protocol === 'http1') socket.resume();
}

/** Reads the rest of a body that nobody wants any more: unread, it would hide the end of the request. */
function letGo(request: IncomingMessage): void {
  const wanted = request.listenerCount('data') + request.listenerCount('readable') > 0;
  if (!wanted) request.resume();
}

function ignore(this: Socket): void {}
