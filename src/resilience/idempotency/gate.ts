/** Decides about a request: let it pass, answer it, or run it under a claim. */
import { fingerprint, type FingerprintBody } from './fingerprint.ts';
import { REPLAYED_HEADER } from './headers.ts';
import { Heartbeat } from './heartbeat.ts';
import { parseKey } from './key.ts';
import { type IdempotencyOptions, type RequestLike, type Settings, toSettings } from './options.ts';
import { problem } from './problem.ts';
import { Run } from './run.ts';
import { isTransactional, type Claim, type StoredResponse } from './store.ts';
import { storageKey } from './tenant.ts';

/** A request as every adapter can state it. */
export interface Incoming {
  readonly method: string;
  /** With the query. */
  readonly url: string;
  readonly request: RequestLike;
  readonly body: FingerprintBody;
  /** Whether the client's connection is closed. */
  isGone(): boolean;
}

/** One per `idempotency()`: what its adapters share. */
export class Gate {
  readonly settings: Settings;
  readonly #heartbeat: Heartbeat;

  constructor(options: IdempotencyOptions) {
    this.settings = toSettings(options);
    this.#heartbeat = new Heartbeat(this.settings.leaseMs);
  }

  /** Whether requests of this method are looked at. */
  isFor(method: string | undefined): boolean {
    return method !== undefined && this.settings.methods.has(method);
  }

  /** The key of a request; an answer when it cannot be accepted; null when it has none and needs none. */
  keyOf(value: string | readonly string[] | null | undefined): string | StoredResponse | null {
    if (value === undefined || value === null) return this.settings.required ? problem('key-missing') : null;
    return (typeof value === 'string' ? parseKey(value) : null) ?? problem('key-malformed');
  }

  /** For requests without a key: `transact` works, and nothing is kept. Null where the store has no transactions. */
  unkeyed(): Run | null {
    if (!isTransactional(this.settings.store)) return null;
    return new Run(this.settings, this.#heartbeat, null, null, never);
  }

  /** Claims the key. Rejects only with what `tenant` or `recover` threw; nothing was executed then. */
  async claim(key: string, incoming: Incoming): Promise<Run | StoredResponse> {
    const { store, leaseMs, tenant: tenantOf, recover, onError } = this.settings;
    const said = tenantOf(incoming.request);
    const tenant = typeof said === 'string' ? said : await said;
    const at = storageKey(tenant, key);
    const print = fingerprint(incoming.method, incoming.url, tenant, incoming.body);
    let claim: Claim;
    try {
      claim = await store.claim(at, print, leaseMs);
      if (claim.state === 'outcome-unknown' && recover !== undefined && store.takeOver !== undefined) {
        claim = await store.takeOver(at, print, leaseMs);
        if (claim.state === 'claimed') return await this.#recover(claim.token, key, tenant, incoming);
      }
    } catch (error) {
      if (error instanceof RecoverError) throw error.cause;
      onError(error);
      return problem('store-unavailable');
    }
    if (claim.state === 'claimed') return this.#run(key, claim.token, incoming);
    return toAnswer(claim);
  }

  async #recover(token: string, key: string, tenant: string, incoming: Incoming): Promise<Run | StoredResponse> {
    const { store, recover, ttlMs } = this.settings;
    const run = this.#run(key, token, incoming);
    let found;
    try {
      found = await recover!({ key, tenant, request: incoming.request });
    } catch (error) {
      run.abandon();
      throw new RecoverError('recover failed', { cause: error });
    }
    if (found === 'run-again') return run;
    if (found === 'unknown') {
      run.abandon();
      return problem('outcome-unknown');
    }
    const body = typeof found.body === 'string' ? Buffer.from(found.body) : (found.body ?? new Uint8Array(0));
    const response: StoredResponse = { status: found.status, headers: found.headers ?? {}, body };
    run.forget();
    return (await store.complete(token, response, ttlMs)) ? toReplay(response) : problem('in-progress');
  }

  #run(key: string, token: string, { isGone }: Incoming): Run {
    return new Run(this.settings, this.#heartbeat, key, token, isGone);
  }
}

class RecoverError extends Error {}

function never(): boolean {
  return false;
}

function toAnswer(claim: Exclude<Claim, { state: 'claimed' }>): StoredResponse {
  switch (claim.state) {
    case 'done':
      return toReplay(claim.response);
    case 'mismatch':
      return problem('key-reused');
    default:
      return problem(claim.state);
  }
}

function toReplay(response: StoredResponse): StoredResponse {
  if (response.body === null) return problem('response-not-kept', { originalStatus: response.status });
  return { ...response, headers: { ...response.headers, [REPLAYED_HEADER]: 'true' } };
}
