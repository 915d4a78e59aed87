/** `fetch` over the dispatcher of a client, with bodies that can be sent again. */
import type { Dispatcher } from 'undici';

import type { ClientDispatcher } from './dispatcher.ts';
import { newKey } from './idempotency-key.ts';

/** Node's own, whatever is installed over it later: its Request, FormData and Response are those of the program. */
const nativeFetch: typeof fetch = globalThis.fetch;

type Input = Parameters<typeof fetch>[0];
type Init = NonNullable<Parameters<typeof fetch>[1]>;

/**
 * Node's fetch with this dispatcher. Strings, bytes, URLSearchParams, forms and blobs are replayed; a stream is sent
 * once, unless `body` is a function that returns a new stream each time (an extension; needs `duplex: 'half'` as
 * every stream does, which is added).
 */
export function toFetch(dispatcher: ClientDispatcher): typeof fetch {
  return (input, init) => {
    const { given, held, factory } = readBody(init);
    const call = new FetchCall(dispatcher, held, factory);
    return nativeFetch(input as Input, { ...given, dispatcher: call } as unknown as Init);
  };
}

interface Body {
  readonly given: Init | undefined;
  /** The bytes, where they are at hand without waiting. */
  readonly held: Buffer | null;
  readonly factory: (() => unknown) | null;
}

function readBody(init: Init | undefined): Body {
  const body: unknown = init?.body;
  if (body === null || body === undefined) return { given: init, held: null, factory: null };
  if (typeof body === 'function') {
    const factory = body as () => unknown;
    return { given: { ...init, body: factory(), duplex: 'half' } as Init, held: null, factory };
  }
  return { given: init, held: toBytes(body), factory: null };
}

/** Copies, as fetch does: the caller may change its array afterwards. */
function toBytes(body: unknown): Buffer | null {
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof URLSearchParams) return Buffer.from(body.toString());
  if (body instanceof ArrayBuffer) return Buffer.from(body.slice(0));
  if (ArrayBuffer.isView(body)) return Buffer.from(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
  return null;
}

/** What fetch takes for a dispatcher: one for each call, so that redirects keep the key and the bytes are at hand. */
class FetchCall {
  readonly #dispatcher: ClientDispatcher;
  readonly #held: Buffer | null;
  readonly #factory: (() => unknown) | null;
  #origin: string | null = null;
  #key: string | null = null;
  #streamed = false;

  constructor(dispatcher: ClientDispatcher, held: Buffer | null, factory: (() => unknown) | null) {
    this.#dispatcher = dispatcher;
    this.#held = held;
    this.#factory = factory;
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { body } = options;
    if (body === null || body === undefined) return this.#send(options, handler);
    if (this.#held !== null) return this.#send({ ...options, body: this.#held }, handler);
    if (this.#factory !== null) return this.#send({ ...options, body: this.#nextStream(body) as never }, handler);
    return this.#send(options, handler);
  }

  /** One key for the call: a redirect keeps it within the origin, another origin gets none. */
  #send(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const origin = String(options.origin);
    this.#origin ??= origin;
    if (this.#origin !== origin) return this.#dispatcher.dispatchKeyed(options, handler, null);
    if (options.method === 'GET') return this.#dispatcher.dispatchKeyed(options, handler, undefined);
    this.#key ??= newKey();
    return this.#dispatcher.dispatchKeyed(options, handler, this.#key);
  }

  /** The stream that fetch already holds goes first; asking the factory again would leave that one open. */
  #nextStream(first: unknown): () => unknown {
    return () => {
      if (this.#streamed) return this.#factory!();
      this.#streamed = true;
      return first;
    };
  }
}
