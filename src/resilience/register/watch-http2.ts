/**
 * http2: which request a session carries. Patches, because Node 20 has no http2 channels, and those of later versions
 * (http2.client.stream.*) name the session, whose socket is a proxy and not the one that fails.
 */
import http2, { type ClientHttp2Session } from 'node:http2';
import { syncBuiltinESMExports } from 'node:module';
import { guarded, replaceMethod } from './guard.ts';
import { beginRequest, type Ledger } from './ledger.ts';
import { lastOpenedLedger } from './watch-sockets.ts';

type Request = (this: ClientHttp2Session, ...args: unknown[]) => unknown;

const ledgers: WeakMap<object, Ledger> = new WeakMap();
let prototypeSeen = false;

/** Looks at the sessions of http2.connect() from now on. */
export function watchHttp2(): void {
  const { connect } = http2;
  const note = guarded((session: ClientHttp2Session, previous: Ledger | undefined) => {
    const ledger = lastOpenedLedger();
    // The same as before the call: the caller gave a socket of its own.
    if (ledger === undefined || ledger === previous) return;
    ledger.http2 = true;
    ledgers.set(session, ledger);
    watchRequests(Object.getPrototypeOf(session) as ClientHttp2Session);
  });
  const wrapper = function (this: unknown, ...args: Parameters<typeof connect>): ClientHttp2Session {
    const previous = lastOpenedLedger();
    const session = Reflect.apply(connect, this, args);
    note(session, previous);
    return session;
  };
  Object.defineProperty(wrapper, 'name', { value: connect.name, configurable: true });
  Object.defineProperty(wrapper, 'length', { value: connect.length, configurable: true });
  // util.promisify(http2.connect) reads symbols of the function.
  for (const key of Object.getOwnPropertySymbols(connect))
    Object.defineProperty(wrapper, key, Object.getOwnPropertyDescriptor(connect, key)!);
  http2.connect = wrapper as typeof connect;
  syncBuiltinESMExports();
}

/** The class of client sessions is not exported: it is met with the first session. */
function watchRequests(prototype: ClientHttp2Session): void {
  if (prototypeSeen) return;
  prototypeSeen = true;
  const noteRequest = guarded((session: ClientHttp2Session, headers: unknown) => {
    const ledger = ledgers.get(session);
    if (ledger === undefined) return;
    // Streams overlap, so bytes cannot be told apart: what is counted is the connection's, from its beginning.
    const { ':method': method = 'GET', ':path': path = '/' } = (headers ?? {}) as Record<string, unknown>;
    beginRequest(ledger, NO_BYTES, String(method), String(path));
  });
  replaceMethod<ClientHttp2Session, Request>(
    prototype,
    'request',
    (request) =>
      function (...args) {
        noteRequest(this, args[0]);
        return Reflect.apply(request, this, args);
      },
  );
}

const NO_BYTES = {};
