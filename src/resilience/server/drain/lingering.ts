/** Early refusals that reach the client, while the server serves. */
import type { Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';
import type { Connection } from './connection.ts';
import { linger } from './linger.ts';
import { checkServer, type LingeringOptions, readLingeringOptions } from './options.ts';
import { watch } from './watch.ts';

/** Undoes lingering(). */
export interface Lingering {
  dispose(): void;
}

/**
 * Lets a client read an answer that came before the whole of its request (413, 401, 503): what it still sends is read
 * and thrown away until it is through, `deadlineMs` (30,000) or `maxBytes` (256 MiB). Node closes such a connection at
 * once, and the reset that follows eats the answer. For answers that end the connection; connections a handler
 * destroys itself are not changed. drain() does this by itself.
 *
 * @example
 * const server = http.createServer((request, response) => response.writeHead(413, { Connection: 'close' }).end());
 * lingering(server);
 */
export function lingering(server: Server | HttpServer, options: LingeringOptions = {}): Lingering {
  checkServer('lingering', server);
  const plan = readLingeringOptions(options);
  const watcher = {
    last(connection: Connection): boolean {
      const exchange = connection.exchanges[0];
      if (exchange === undefined || exchange.request.complete) return false;
      linger(connection, plan);
      return true;
    },
  };
  const watched = watch(server);
  watched.add(watcher);
  return { dispose: () => watched.remove(watcher) };
}
