/** Decides about a request: let it pass, answer it, or run it under a claim. */
import type { Eventually } from './eventually.ts';
import { fingerprint, type FingerprintBody, type ParsedBody } from './fingerprint.ts';
import { HeaderKeeper, replayHeaders } from './headers.ts';
import { Heartbeat } from './heartbeat.ts';
import { type Hold, TokenHold } from './hold.ts';
import { quotedKey, unquoted } from './key.ts';
import { type IdempotencyOptions, type RequestLike, type Settings, toSettings } from './options.ts';
import { problem } from './problem.ts';
import { quickPrint } from './quick-print.ts';
import { routeOf, Routes } from './routes.ts';
import { type Connection, Run, type Shared } from './run.ts';
import { type Answer, isTransactional, type Store, type StoredResponse } from './store.ts';
import { Entry, MemoryStore, type Refusal } from './stores/memory.ts';
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
  readonly connection: Connection;
}

/** One per `idempotency()`: what its adapters share. */
export class Gate {
  readonly settings: Settings;
  readonly #shared: Shared;
  /** The store, where it is one whose entries can be held without tokens. */
  readonly #memory: MemoryStore | null;

  constructor(options: IdempotencyOptions) {
    this.settings = toSettings(options);
    this.#shared = {
      settings: this.settings,
      heartbeat: new Heartbeat(this.settings.leaseMs),
      routes: new Routes(),
      keeper: new HeaderKeeper(this.settings.keepHeader),
    };
    this.#memory = toMemory(this.settings.store);
  }

  /** Whether `Incoming.route` is of use. */
  get learnsRoutes(): boolean {
    return this.settings.reruns === 'learnt';
  }

  /** Whether requests of this method are looked at. */
  isFor(method: string | undefined): boolean {
    return method !== undefined && this.settings.methods.has(method);
  }

  /** The key of a request, in quotes; an answer when it cannot be accepted; null when it has none and needs none. */
  keyOf(value: string | readonly string[] | null | undefined): string | StoredResponse | null {
    if (value === undefined || value === null) return this.settings.required ? problem('key-missing') : null;
    return (typeof value === 'string' ? quotedKey(value) : null) ?? problem('key-malformed');
  }

  /** For requests without a key: `transact` works, and nothing is kept. Null where the store has no transactions. */
  unkeyed(): Run | null {
    if (!isTransactional(this.settings.store)) return null;
    return new Run(this.#shared, null, null, null, null, false);
  }

  /**
   * Claims the key (in quotes), at once where the tenant and the store let it. Throws or rejects only with what `tenant`
   * or `recover` threw; nothing was executed then.
   */
  claim(key: string, incoming: Incoming): Eventually<Run | Answer> {
    const tenant = this.settings.tenant(incoming.request);
    if (typeof tenant === 'string') return this.#claim(key, tenant, incoming);
    return tenant.then((said) => this.#claim(key, said, incoming));
  }

  #claim(key: string, tenant: string, incoming: Incoming): Eventually<Run | Answer> {
    const { method, url, body, route: pattern } = incoming;
    const { reruns } = this.settings;
    const isPrinted = this.#memory === null || !isParsed(body);
    const print = isPrinted ? fingerprint(method, url, tenant, body) : quickPrint(method, url, body.parsed);
    const route = reruns === 'learnt' ? routeOf(method, url, pattern) : null;
    const isRerunnable = reruns === 'always' || (route !== null && this.#shared.routes.transacts(route));
    const at = storageKey(tenant, key);
    let claim;
    try {
      claim = this.#ask(at, print, isRerunnable);
    } catch (error) {
      return this.#unavailable(error);
    }
    // A store in memory, without a turn of the microtask queue.
    if (claim instanceof Entry) return new Run(this.#shared, key, claim, incoming.connection, route, isRerunnable);
    if (!(claim instanceof Promise) && isRefusal(claim) && claim.state !== 'outcome-unknown') return toAnswer(claim);
    return this.#judge({ key, at, print, tenant, route, isRerunnable, incoming }, claim);
  }

  #ask(at: string, print: string, isRerunnable: boolean): Eventually<Hold | Refusal> {
    const { store, leaseMs } = this.settings;
    if (this.#memory !== null) return this.#memory.claimEntry(at, print, leaseMs, false);
    const claiming = isTransactional(store)
      ? store.claim(at, print, leaseMs, isRerunnable)
      : store.claim(at, print, leaseMs);
    return claiming.then((claim) => (claim.state === 'claimed' ? new TokenHold(store, claim.token) : claim));
  }

  async #takeOver(at: string, print: string): Promise<Hold | Refusal> {
    const { store, leaseMs } = this.settings;
    if (this.#memory !== null) return this.#memory.claimEntry(at, print, leaseMs, true);
    const claim = await store.takeOver!(at, print, leaseMs);
    return claim.state === 'claimed' ? new TokenHold(store, claim.token) : claim;
  }

  async #judge(asked: Asked, asking: Eventually<Hold | Refusal>): Promise<Run | Answer> {
    const { store, recover } = this.settings;
    try {
      let claim = await asking;
      if (
        isRefusal(claim) &&
        claim.state === 'outcome-unknown' &&
        recover !== undefined &&
        store.takeOver !== undefined
      ) {
        claim = await this.#takeOver(asked.at, asked.print);
        // Whoever takes it over says nothing of how it is run then.
        if (!isRefusal(claim)) return await this.#recover({ ...asked, isRerunnable: false }, claim);
      }
      return isRefusal(claim) ? toAnswer(claim) : this.#run(asked, claim);
    } catch (error) {
      if (error instanceof RecoverError) throw error.cause;
      return this.#unavailable(error);
    }
  }

  #unavailable(error: unknown): StoredResponse {
    this.settings.onError(error);
    return problem('store-unavailable');
  }

  async #recover(asked: Asked, hold: Hold): Promise<Run | Answer> {
    const { recover, ttlMs } = this.settings;
    const { key, tenant, incoming } = asked;
    const run = this.#run(asked, hold);
    let found;
    try {
      found = await recover!({ key: unquoted(key), tenant, request: incoming.request });
    } catch (error) {
      run.abandon();
      throw new RecoverError('recover failed', { cause: error });
    }
    if (found === 'run-again') return run;
    if (found === 'unknown') {
      run.abandon();
      return problem('outcome-unknown');
    }
    const { status, headers = {}, body = '' } = found;
    run.forget();
    if (!(await hold.complete(status, headers, body, ttlMs))) return problem('in-progress');
    // A copy: the hook may use its object again.
    return toReplay({ status, headers: { ...headers }, body });
  }

  #run({ key, route, isRerunnable, incoming }: Asked, hold: Hold): Run {
    return new Run(this.#shared, key, hold, incoming.connection, route, isRerunnable);
  }
}

interface Asked {
  /** In quotes. */
  readonly key: string;
  /** The key in the store. */
  readonly at: string;
  readonly print: string;
  readonly tenant: string;
  readonly route: string | null;
  readonly isRerunnable: boolean;
  readonly incoming: Incoming;
}

class RecoverError extends Error {}

/** Not where a method was put before the store's own, by a test or for measurements: it must be called. */
function toMemory(store: Store): MemoryStore | null {
  return store instanceof MemoryStore && Object.getOwnPropertyNames(store).length === 0 ? store : null;
}

function isParsed(body: FingerprintBody): body is ParsedBody {
  return typeof body === 'object' && !(body instanceof Uint8Array);
}

function isRefusal(claim: Hold | Refusal): claim is Refusal {
  return 'state' in claim;
}

function toAnswer(claim: Refusal): Answer {
  switch (claim.state) {
    case 'done':
      return toReplay(claim.response);
    case 'mismatch':
      return problem('key-reused');
    default:
      return problem(claim.state);
  }
}

function toReplay({ status, headers, body }: Answer): Answer {
  if (body === null) return problem('response-not-kept', { originalStatus: status });
  return { status, headers: replayHeaders(headers), body };
}
