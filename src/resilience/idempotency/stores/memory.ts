/** Keys in the memory of this process: for one process, and gone with it. */
import { type Hold, toBytes } from '../hold.ts';
import type { Answer, Claim, Store, StoredResponse } from '../store.ts';
import { keyOfToken, newToken } from '../token.ts';

export interface MemoryStoreOptions {
  /** The most that keys and answers may take, roughly; beyond, new keys are refused with 503. 256 MiB unless told. */
  readonly maxBytes?: number;
  /** How long a key of unknown outcome is remembered; 7 days unless told. */
  readonly unknownTtlMs?: number;
  /** The clock, in milliseconds. */
  readonly now?: () => number;
}

/** What a claim says that was not given. */
export type Refusal =
  | Exclude<Claim, { state: 'claimed' } | { state: 'done' }>
  /** The answer may change later: it is to be sent at once or copied. */
  | { readonly state: 'done'; readonly response: Answer };

/** A Map entry with its strings, roughly. */
const ENTRY_BYTES = 512;
/** Entries looked at for expiry with every claim: more than one, so that the sweep catches up. */
const SWEEP_ENTRIES = 2;
const WEEK_MS = 7 * 86_400_000;

/** A store in memory. It never forgets an answer before its time: when full it refuses new keys. */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options);
}

/** Of `Entry.status` before there is an answer, and when the entry is no longer its owner's. */
const RUNNING = 0;
const LOST = -1;

const NO_HEADERS: StoredResponse['headers'] = {};

/**
 * A key and its answer. One object, and the hold of its owner too: thousands of them stay for a day, and each is copied
 * twice by the garbage collector before it does.
 */
export class Entry implements Hold, Answer {
  readonly key: string;
  readonly print: string;
  readonly #store: MemoryStore;
  status: number = RUNNING;
  /** While it runs, the end of the lease; then, when it is forgotten. In milliseconds since the store was made. */
  untilMs: number = 0;
  headers: StoredResponse['headers'] = NO_HEADERS;
  body: string | Uint8Array | null = null;
  /** Made for those who ask. */
  ownToken: string | null = null;

  constructor(store: MemoryStore, key: string, print: string) {
    this.#store = store;
    this.key = key;
    this.print = print;
  }

  get token(): string {
    this.ownToken ??= newToken(this.key);
    return this.ownToken;
  }

  complete(
    status: number,
    headers: StoredResponse['headers'],
    body: string | Uint8Array | null,
    ttlMs: number,
  ): boolean {
    return this.#store.completeEntry(this, status, headers, body, ttlMs);
  }

  release(): void {
    this.#store.releaseEntry(this);
  }

  renew(leaseMs: number): boolean {
    return this.#store.renewEntry(this, leaseMs);
  }
}

/** What `memoryStore` makes; the middleware in the same process holds its entries and needs neither tokens nor promises. */
export class MemoryStore implements Store {
  readonly #entries: Map<string, Entry> = new Map();
  readonly #maxBytes: number;
  readonly #unknownTtlMs: number;
  readonly #now: () => number;
  /** Times are counted from here: small integers need no memory of their own for 24 days. */
  readonly #madeMs: number;
  #bytes = 0;
  #sweep: MapIterator<Entry> | null = null;
  /** No entry is over before. */
  #overAtMs = Number.POSITIVE_INFINITY;

  constructor({ maxBytes = 268_435_456, unknownTtlMs = WEEK_MS, now = Date.now }: MemoryStoreOptions) {
    this.#maxBytes = maxBytes;
    this.#unknownTtlMs = unknownTtlMs;
    this.#now = now;
    this.#madeMs = now();
  }

  async claim(key: string, fingerprint: string, leaseMs: number): Promise<Claim> {
    return toClaim(this.claimEntry(key, fingerprint, leaseMs, false));
  }

  async takeOver(key: string, fingerprint: string, leaseMs: number): Promise<Claim> {
    return toClaim(this.claimEntry(key, fingerprint, leaseMs, true));
  }

  async complete(token: string, { status, headers, body }: StoredResponse, ttlMs: number): Promise<boolean> {
    return this.#held(token)?.complete(status, headers, body, ttlMs) ?? false;
  }

  async release(token: string): Promise<void> {
    this.#held(token)?.release();
  }

  async renew(token: string, leaseMs: number): Promise<boolean> {
    return this.#held(token)?.renew(leaseMs) ?? false;
  }

  async close(): Promise<void> {
    for (const entry of this.#entries.values()) entry.status = LOST;
    this.#entries.clear();
    this.#bytes = 0;
  }

  /** The entry, which is its new owner's, or why not. Throws when the store is full. */
  claimEntry(key: string, print: string, leaseMs: number, isTakingOver: boolean): Entry | Refusal {
    const nowMs = this.#now() - this.#madeMs;
    this.#sweepSome(nowMs);
    const entry = this.#entries.get(key);
    if (entry === undefined) return this.#insert(key, print, nowMs + leaseMs);
    if (this.#overMs(entry) <= nowMs) {
      this.#forget(entry);
      return this.#insert(key, print, nowMs + leaseMs);
    }
    if (entry.print !== print) return { state: 'mismatch' };
    if (entry.status !== RUNNING) return { state: 'done', response: entry };
    if (entry.untilMs > nowMs) return { state: 'in-progress' };
    if (!isTakingOver) return { state: 'outcome-unknown' };
    this.#forget(entry);
    return this.#insert(key, print, nowMs + leaseMs);
  }

  completeEntry(
    entry: Entry,
    status: number,
    headers: StoredResponse['headers'],
    body: string | Uint8Array | null,
    ttlMs: number,
  ): boolean {
    if (entry.status !== RUNNING) return false;
    entry.status = status;
    entry.headers = headers;
    entry.body = body;
    entry.untilMs = this.#now() - this.#madeMs + ttlMs;
    this.#noteOver(entry);
    this.#bytes += bytesOf(body);
    return true;
  }

  releaseEntry(entry: Entry): void {
    if (entry.status === RUNNING) this.#forget(entry);
  }

  renewEntry(entry: Entry, leaseMs: number): boolean {
    if (entry.status !== RUNNING) return false;
    entry.untilMs = this.#now() - this.#madeMs + leaseMs;
    this.#noteOver(entry);
    return true;
  }

  #insert(key: string, print: string, leaseUntilMs: number): Entry {
    const bytes = ENTRY_BYTES + key.length + print.length;
    if (this.#bytes + bytes > this.#maxBytes) throw new Error(`memoryStore holds its ${this.#maxBytes} bytes`);
    this.#bytes += bytes;
    const entry = new Entry(this, key, print);
    entry.untilMs = leaseUntilMs;
    this.#noteOver(entry);
    this.#entries.set(key, entry);
    return entry;
  }

  #overMs(entry: Entry): number {
    return entry.status === RUNNING ? entry.untilMs + this.#unknownTtlMs : entry.untilMs;
  }

  #noteOver(entry: Entry): void {
    const overMs = this.#overMs(entry);
    if (overMs < this.#overAtMs) this.#overAtMs = overMs;
  }

  #held(token: string): Entry | undefined {
    const entry = this.#entries.get(keyOfToken(token));
    return entry?.ownToken === token ? entry : undefined;
  }

  /** Its owner, who may still run, holds it no longer. */
  #forget(entry: Entry): void {
    this.#entries.delete(entry.key);
    this.#bytes -= ENTRY_BYTES + entry.key.length + entry.print.length + bytesOf(entry.body);
    entry.status = LOST;
  }

  /** Goes round the entries a few at a time, when one of them may be over. */
  #sweepSome(nowMs: number): void {
    if (this.#sweep === null) {
      if (nowMs < this.#overAtMs) return;
      this.#overAtMs = Number.POSITIVE_INFINITY;
      this.#sweep = this.#entries.values();
    }
    for (let i = 0; i < SWEEP_ENTRIES; i++) {
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = null;
        return;
      }
      if (this.#overMs(next.value) <= nowMs) this.#forget(next.value);
      else this.#noteOver(next.value);
    }
  }
}

function toClaim(claimed: Entry | Refusal): Claim {
  if (claimed instanceof Entry) return { state: 'claimed', token: claimed.token };
  if (claimed.state !== 'done') return claimed;
  const { status, headers, body } = claimed.response;
  return { state: 'done', response: { status, headers, body: toBytes(body) } };
}

/** A text at two bytes a character, without reading it. */
function bytesOf(body: string | Uint8Array | null): number {
  if (body === null) return 0;
  return typeof body === 'string' ? body.length * 2 : body.length;
}
