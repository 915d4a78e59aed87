/** The options of `idempotency()` and their defaults. */
import { isTransactional, type Store, type StoredResponse } from './store.ts';
import { defaultTenant } from './tenant.ts';

/** The request as `tenant` and `recover` see it: node's, Express's or Fastify's own object; for Hono these fields and `context`. */
export interface RequestLike {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly [field: string]: unknown;
}

/** A key whose owner let its lease run out without an outcome. */
export interface LostOperation {
  readonly key: string;
  readonly tenant: string;
  readonly request: RequestLike;
}

/** What `recover` found out: it was not executed (`run-again`), it cannot be told (`unknown`), or this was its answer. */
export type Recovery =
  | 'run-again'
  | 'unknown'
  | {
      readonly status: number;
      readonly headers?: StoredResponse['headers'];
      readonly body?: string | Uint8Array;
    };

export interface IdempotencyOptions {
  readonly store: Store;
  /** How long an answer is replayed; 24 h unless told. */
  readonly ttlMs?: number;
  /** How long a claim lives without a sign of life; renewed every third of it while the handler runs. 60 s unless told. */
  readonly leaseMs?: number;
  /** Refuse with 400 what has no key. */
  readonly required?: boolean;
  /**
   * Whose key it is: part of the key and of the fingerprint, so nobody is answered with another's response. Unless told:
   * the Authorization field, else the Cookie field. Give it where credentials change between retries.
   */
  tenant?(request: RequestLike): string | Promise<string>;
  /** Larger answers are sent but not kept; 1 MiB unless told. */
  readonly maxResponseBytes?: number;
  /** Decides about a key of unknown outcome; without it the answer is 409. */
  recover?(lost: LostOperation): Recovery | Promise<Recovery>;
  /** The field that carries the key; Idempotency-Key unless told. */
  readonly header?: string;
  /** Other methods pass through untouched; POST and PATCH unless told. */
  readonly methods?: readonly string[];
  /** `handler()` and `hono()` hold a body up to this size to compare it; 10 MiB unless told. */
  readonly maxRequestBytes?: number;
  /** Whether a field of the answer, by its lower-case name, is kept; never asked for Set-Cookie and fields of the connection. */
  keepHeader?(name: string): boolean;
  /** Errors that no answer shows: of the store, and of a listener of `handler()`. A process warning unless told. */
  onError?(error: unknown): void;
}

/** The options with their defaults. */
export interface Settings {
  readonly store: Store;
  /** Which lost claims are run again: all, those of handlers that use `transact`, or none. */
  readonly reruns: 'always' | 'learnt' | 'never';
  readonly ttlMs: number;
  readonly leaseMs: number;
  readonly required: boolean;
  readonly tenant: NonNullable<IdempotencyOptions['tenant']>;
  readonly maxResponseBytes: number;
  readonly recover: IdempotencyOptions['recover'] | undefined;
  /** Lower case. */
  readonly header: string;
  readonly methods: ReadonlySet<string>;
  readonly maxRequestBytes: number;
  readonly keepHeader: ((name: string) => boolean) | undefined;
  readonly onError: (error: unknown) => void;
}

/** Fills in the defaults; throws a RangeError or TypeError that names the option it cannot use. */
export function toSettings(options: IdempotencyOptions): Settings {
  const { store } = options;
  if (typeof store?.claim !== 'function') throw new TypeError('idempotency: store is missing');
  return {
    store,
    reruns: rerunsOf(store),
    ttlMs: positive('ttlMs', options.ttlMs ?? 86_400_000),
    leaseMs: positive('leaseMs', options.leaseMs ?? 60_000),
    required: options.required ?? false,
    tenant: options.tenant?.bind(options) ?? defaultTenant,
    maxResponseBytes: positive('maxResponseBytes', options.maxResponseBytes ?? 1_048_576),
    recover: options.recover?.bind(options),
    header: (options.header ?? 'Idempotency-Key').toLowerCase(),
    methods: new Set((options.methods ?? ['POST', 'PATCH']).map((method) => method.toUpperCase())),
    maxRequestBytes: positive('maxRequestBytes', options.maxRequestBytes ?? 10_485_760),
    keepHeader: options.keepHeader?.bind(options),
    onError: options.onError?.bind(options) ?? warn,
  };
}

function rerunsOf(store: Store): Settings['reruns'] {
  if (!isTransactional(store)) return 'never';
  const { transactional } = store as { readonly transactional?: boolean | undefined };
  if (transactional === undefined) return 'learnt';
  return transactional ? 'always' : 'never';
}

function positive(name: string, value: number): number {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  throw new RangeError(`idempotency: ${name} must be a positive number, not ${String(value)}`);
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? (error.stack ?? error.message) : String(error), {
    code: 'FIRSTHAND_IDEMPOTENCY',
  });
}
