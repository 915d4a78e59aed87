/** The client that holds everything together. */
import type { Dispatcher } from 'undici';

import type { Attempt } from './attempt.ts';
import { type BreakerOptions, breakerSettings } from './breaker.ts';
import { checkMethods, checkNames, quote } from './check-options.ts';
import { keepAliveConnector } from './connector.ts';
import { ClientDispatcher } from './dispatcher.ts';
import { toFetch } from './fetch.ts';
import { type IdempotencyKeyOptions, keySettings } from './idempotency-key.ts';
import { NO_RETRY, RETRY_NAMES, type RetryOptions, retrySettings } from './options.ts';
import { Policy } from './policy.ts';
import { undici } from './undici.ts';
import { watchUndici } from './watch.ts';

export interface ClientOptions {
  /**
   * What the attempts go to; default an Agent of undici with keep-alive probes. A given one brings its own connections
   * (for HTTP/2: `new Agent({ allowH2: true })`) and is closed with the client.
   */
  readonly dispatcher?: Dispatcher;
  readonly retry?: RetryOptions | false;
  readonly idempotency?: IdempotencyKeyOptions | false;
  readonly breaker?: BreakerOptions | false;
  /** Hears of every attempt when it has ended, good or bad. */
  readonly onAttempt?: (attempt: Attempt) => void;
}

export interface Client {
  /** As the global one; what fails rejects with TypeError('fetch failed') whose cause is a ConnectionError. */
  readonly fetch: typeof fetch;
  /** For `dispatcher.request`, `stream` … and for whatever takes a dispatcher; what fails is a ConnectionError. */
  readonly dispatcher: Dispatcher;
  /** Waits for what is under way. */
  close(): Promise<void>;
  /** Fails what is under way. */
  destroy(error?: Error): Promise<void>;
}

/**
 * A client with keys, retry, stale-connection replacement and a breaker per origin.
 *
 * From the caller inwards: key, retry, breaker, stale reuse, connection. The key is outside retry, so that all tries
 * share one. The breaker is inside retry, so that it counts every attempt and an open circuit holds retries back
 * instead of failing them. Stale reuse is innermost: a dead pooled connection is neither an attempt that counts nor a
 * failure of the origin. All of it is one handler per request, not one per layer.
 *
 * Idle connections are given up two seconds before the server's `Keep-Alive: timeout` hint (after four seconds
 * without one): more than the round trip of any usable path. undici reads the hint from each answer.
 *
 * HTTP/2, with a dispatcher that allows it: a stream that the server refused is sent again whatever its method. undici 7
 * does not say up to which stream a GOAWAY counts, so a POST without a key that it hit is not; undici itself sends PING
 * every minute on quiet sessions (`pingInterval`).
 *
 * Other libraries: axios takes `{ adapter: 'fetch', env: { fetch: client.fetch } }`, ky `{ fetch: client.fetch,
 * retry: 0 }`; got and node-fetch take only an http.Agent: see `keepAliveAgent`, which cannot send anything again.
 * @example
 * const client = createClient();
 * await client.fetch('https://api.example/orders', { method: 'POST', body: '{}' });
 */
export function createClient(options: ClientOptions = {}): Client {
  checkClientOptions(options);
  watchUndici();
  const { retry, idempotency, breaker, onAttempt } = options;
  const inner = options.dispatcher ?? new undici.Agent({ connect: keepAliveConnector() });
  const policy = new Policy({
    retry: retry === false ? NO_RETRY : retrySettings(retry),
    breaker: breaker === false ? null : breakerSettings(breaker, 'breaker', ' or false'),
    onAttempt,
  });
  const keys = idempotency === false ? null : keySettings(idempotency, 'idempotency', ' or false');
  const dispatcher = new ClientDispatcher(inner, policy, keys);
  const ask = toFetch(dispatcher);
  return {
    fetch: (input, init) => (dispatcher.closed ? Promise.reject(closedError()) : ask(input, init)),
    dispatcher,
    close: () => dispatcher.close(),
    destroy: (error) => dispatcher.destroy(error ?? null),
  };
}

function checkClientOptions(options: ClientOptions): void {
  checkNames('the argument of createClient', options, ['dispatcher', 'retry', 'idempotency', 'breaker', 'onAttempt']);
  const { dispatcher, retry, onAttempt } = options;
  if (dispatcher !== undefined)
    checkMethods('dispatcher', dispatcher, ['dispatch', 'close', 'destroy', 'on'], 'a Dispatcher of undici');
  if (retry !== undefined && retry !== false) checkNames('retry', retry, RETRY_NAMES, ' or false');
  if (onAttempt !== undefined && typeof onAttempt !== 'function')
    throw new TypeError(`onAttempt is ${quote(onAttempt)}: a function is needed`);
}

function closedError(): TypeError {
  const cause = new undici.errors.ClientClosedError('close() or destroy() of this client was called before');
  return new TypeError('fetch failed: the client is closed', { cause });
}
