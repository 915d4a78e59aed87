/** The middleware: a request that comes again under the same key gets the first one's answer. */
import type { RequestListener } from 'node:http';
import { type ConnectMiddleware, expressMiddleware } from './adapters/express.ts';
import { type FastifyPlugin, fastifyPlugin } from './adapters/fastify.ts';
import { type HonoMiddleware, honoMiddleware } from './adapters/hono.ts';
import { httpHandler, type Listener } from './adapters/http.ts';
import { Gate } from './gate.ts';
import type { IdempotencyOptions } from './options.ts';
import type { RequestIdempotency } from './run.ts';

declare module 'node:http' {
  interface IncomingMessage {
    /** Set by firsthand's idempotency middleware. */
    idempotency?: RequestIdempotency;
  }
}

/** One policy and one store, for every framework. */
export interface Idempotency {
  /** For node:http, https and http2: reads the body up to `maxRequestBytes` and leaves it to be read by `listener`. */
  handler(listener: Listener): RequestListener;
  /** For Express, mounted after the body parser. */
  express(): ConnectMiddleware;
  /** For Hono. */
  hono(): HonoMiddleware;
  /** For `app.register`. */
  readonly fastify: FastifyPlugin;
}

/**
 * Answers retries with the first answer. Exactly once where the effect and the key commit together (`transact` on
 * postgresStore and lmdbStore); elsewhere at most once: a claim whose owner died is of unknown outcome, never run again
 * in silence.
 */
export function idempotency(options: IdempotencyOptions): Idempotency {
  const gate = new Gate(options);
  return {
    handler: (listener) => httpHandler(gate, listener),
    express: () => expressMiddleware(gate),
    hono: () => honoMiddleware(gate),
    fastify: fastifyPlugin(gate),
  };
}
