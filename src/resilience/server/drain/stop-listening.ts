/** The end of accepting, and of nothing else. */
import { Server } from 'node:net';

/**
 * Closes the listener and calls back when the last connection is gone too, by the server's own count. With keepIdle() in
 * force an HTTP server's own close() does no more than that; that of HTTP/2 also ends sessions in later versions of Node,
 * and is not used.
 */
export function stopListening(server: Server, gone: () => void): void {
  if (server.listening) {
    const close = 'updateSettings' in server ? Server.prototype.close : server.close;
    Reflect.apply(close, server, [() => gone()]);
    return;
  }
  server.getConnections((_, count) => {
    if (count > 0) server.once('close', () => gone());
    else gone();
  });
}
