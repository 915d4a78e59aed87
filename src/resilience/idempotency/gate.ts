/** Decides about a request: let it pass, answer it, or run it under a claim. */
import { fingerprint, type FingerprintBody, quickFingerprint } from './fingerprint.ts';
import { REPLAYED_HEADER } from './headers.ts';
import { Heartbeat } from './heartbeat.ts';
import { parseKey } from './key.ts';
import { type IdempotencyOptions, type RequestLike, type Settings, toSettings } from './options.ts';
import { problem } from './problem.ts';
import { routeOf, Routes } from './routes.ts';
import { type Claimed, Run } from './run.ts';
import { type Eventually, eventually } from './settled.ts';
import { isTransactional, type Claim, type StoredResponse } from './store.ts';
import { storageKey } from './tenant.ts';

/** A request as every adapter can state it. */
export interface Incoming {
  readonly method: string;
  /** With the query. */
  readonly url: string;
  readonly request: RequestLike;
  readonly body: FingerprintBody;
  /** The framework's own pattern of the path. */
  readonly route?: string | undefined;
  /** Whether the client's connection is closed. */
  isGone(): boolean;
}

/** One per `idempotency()`: what its adapters share. */
export class Gate {
  readonly settings: Settings;
  readonly #heartbeat: Heartbeat;
  readonly #routes: Routes = new Routes();

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
    return new Run(this.settings, this.#heartbeat, this.#routes, null, never);
  }

  /**
   * Claims the key, at once where the tenant and the store let it. Throws or rejects only with what `tenant` or `recover`
   * threw; nothing was executed then.
   */
  claim(key: string, incoming: Incoming): Eventually<Run | StoredResponse> {
    const tenant = this.settings.tenant(incoming.request);
    if (typeof tenant === 'string') return this.#claim(key, tenant, incoming);
    return tenant.then((said) => this.#claim(key, said, incoming));
  }

  #claim(key: string, tenant: string, incoming: Incoming): Eventually<Run | StoredResponse> {
    const { store, leaseMs, reruns } = this.settings;
    const at = storageKey(tenant, key);
    const printOf = store.keepsAsGiven === true ? quickFingerprint : fingerprint;
    const print = printOf(incoming.method, incoming.url, tenant, incoming.body);
    const route = reruns === 'learnt' ? routeOf(incoming.method, incoming.url, incoming.route) : null;
    const isRerunnable = reruns === 'always' || (route !== null && this.#routes.transacts(route));
    const asked: Asked = { key, at, print, tenant, route, isRerunnable, incoming };
    try {
      const claiming = isTransactional(store)
        ? store.claim(at, print, leaseMs, isRerunnable)
        : store.claim(at, print, leaseMs);
      const claim = eventually(claiming);
      if (!(claim instanceof Promise) && claim.state === 'claimed') return this.#run(asked, claim.token);
      return this.#judge(asked, claiming);
    } catch (error) {
      return this.#unavailable(error);
    }
  }

  async #judge(asked: Asked, claiming: Promise<Claim>): Promise<Run | StoredResponse> {
    const { store, leaseMs, recover } = this.settings;
    const { at, print } = asked;
    try {
      let claim = await claiming;
      if (claim.state === 'outcome-unknown' && recover !== undefined && store.takeOver !== undefined) {
        claim = await store.takeOver(at, print, leaseMs);
        // Whoever takes it over says nothing of how it is run then.
        if (claim.state === 'claimed') return await this.#recover({ ...asked, isRerunnable: false }, claim.token);
      }
      return claim.state === 'claimed' ? this.#run(asked, claim.token) : toAnswer(claim);
    } catch (error) {
      if (error instanceof RecoverError) throw error.cause;
      return this.#unavailable(error);
    }
  }

  #unavailable(error: unknown): StoredResponse {
    this.settings.onError(error);
    return problem('store-unavailable');
  }

  async #recover(asked: Asked, token: string): Promise<Run | StoredResponse> {
    const { store, recover, ttlMs } = this.settings;
    const { key, tenant, incoming } = asked;
    const run = this.#run(asked, token);
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

  #run({ key, route, isRerunnable, incoming }: Asked, token: string): Run {
    const claimed = { key, token, route, isRerunnable };
    return new Run(this.settings, this.#heartbeat, this.#routes, claimed, incoming.isGone);
  }
}

interface Asked extends Omit<Claimed, 'token'> {
  /** The key in the store. */
  readonly at: string;
  readonly print: string;
  readonly tenant: string;
  readonly incoming: Incoming;
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
  const { status, headers, body } = response;
  if (body === null) return problem('response-not-kept', { originalStatus: status });
  return { status, headers: { ...headers, [REPLAYED_HEADER]: 'true' }, body };
}
