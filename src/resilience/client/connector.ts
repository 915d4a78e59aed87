/** The connections of a client: undici's connector with the socket options that keep a path awake. */
import { Socket } from 'node:net';
import type { buildConnector } from 'undici';

import { keepAlive } from '../socket/index.ts';
import { undici } from './undici.ts';

type Connector = buildConnector.connector;

/** undici's connector; each new socket gets the keep-alive probes of firsthand/socket. */
export function keepAliveConnector(): Connector {
  const connect = undici.buildConnector({});
  return (options, callback) =>
    connect(options, (...outcome) => {
      const [, socket] = outcome;
      if (socket instanceof Socket) keepAlive(socket);
      callback(...outcome);
    });
}
