/** Keys in the memory of this process: for one process, and gone with it. */
import { isSameRequest } from '../fingerprint.ts';
import { KeptResponse } from '../kept-response.ts';
import { settled } from '../settled.ts';
import type { Claim, Store, StoredResponse } from '../store.ts';
import { keyOfToken, newToken } from '../token.ts';

export interface MemoryStoreOptions {
  /** The most that keys and answers may take, roughly; beyond, new keys are refused with 503. 256 MiB unless told. */
  readonly maxBytes?: number;
  /** How long a key of unknown outcome is remembered; 7 days unless told. */
  readonly unknownTtlMs?: number;
  /** The clock, in milliseconds. */
  readonly now?: () => number;
}

interface Entry {
  readonly fingerprint: string;
  token: string;
  leaseUntilMs: number;
  /** When it is forgotten. */
  untilMs: number;
  response: StoredResponse | null;
  bytes: number;
}

/** A Map entry with its strings, roughly. */
const ENTRY_BYTES = 512;
/** Entries looked at for expiry with every claim: more than one, so that the sweep catches up. */
const SWEEP_ENTRIES = 2;
const WEEK_MS = 7 * 86_400_000;

/** A store in memory. It never forgets an answer before its time: when full it refuses new keys. */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options);
}

class MemoryStore implements Store {
  readonly keepsAsGiven = true;
  readonly #entries: Map<string, Entry> = new Map();
  readonly #maxBytes: number;
  readonly #unknownTtlMs: number;
  readonly #now: () => number;
  #bytes = 0;
  #sweep: MapIterator<[string, Entry]> | null = null;
  /** No entry is over before. */
  #overAtMs = Number.POSITIVE_INFINITY;

  constructor({ maxBytes = 268_435_456, unknownTtlMs = WEEK_MS, now = Date.now }: MemoryStoreOptions) {
    this.#maxBytes = maxBytes;
    this.#unknownTtlMs = unknownTtlMs;
    this.#now = now;
  }

  claim(key: string, fingerprint: string, leaseMs: number): Promise<Claim> {
    return this.#claim(key, fingerprint, leaseMs, false);
  }

  takeOver(key: string, fingerprint: string, leaseMs: number): Promise<Claim> {
    return this.#claim(key, fingerprint, leaseMs, true);
  }

  complete(token: string, response: StoredResponse, ttlMs: number): Promise<boolean> {
    const entry = this.#held(token);
    if (entry === undefined) return settled(false);
    entry.response = response;
    this.#keepUntil(entry, this.#now() + ttlMs);
    const bytes = response instanceof KeptResponse ? response.bodyBytes : (response.body?.length ?? 0);
    entry.bytes += bytes;
    this.#bytes += bytes;
    return settled(true);
  }

  async release(token: string): Promise<void> {
    const entry = this.#held(token);
    if (entry !== undefined) this.#forget(keyOfToken(token), entry);
  }

  async renew(token: string, leaseMs: number): Promise<boolean> {
    const entry = this.#held(token);
    if (entry === undefined) return false;
    this.#lease(entry, this.#now(), leaseMs);
    return true;
  }

  async close(): Promise<void> {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #claim(key: string, fingerprint: string, leaseMs: number, isTakingOver: boolean): Promise<Claim> {
    const nowMs = this.#now();
    this.#sweepSome(nowMs);
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.untilMs <= nowMs) {
      if (entry !== undefined) this.#forget(key, entry);
      return this.#insert(key, fingerprint, nowMs, leaseMs);
    }
    if (!isSameRequest(entry.fingerprint, fingerprint)) return settled({ state: 'mismatch' });
    if (entry.response !== null) return settled({ state: 'done', response: entry.response });
    if (entry.leaseUntilMs > nowMs) return settled({ state: 'in-progress' });
    if (!isTakingOver) return settled({ state: 'outcome-unknown' });
    entry.token = newToken(key);
    this.#lease(entry, nowMs, leaseMs);
    return settled({ state: 'claimed', token: entry.token });
  }

  #insert(key: string, fingerprint: string, nowMs: number, leaseMs: number): Promise<Claim> {
    const bytes = ENTRY_BYTES + key.length + fingerprint.length;
    if (this.#bytes + bytes > this.#maxBytes)
      return Promise.reject(new Error(`memoryStore holds its ${this.#maxBytes} bytes`));
    const token = newToken(key);
    const entry: Entry = { fingerprint, token, leaseUntilMs: 0, untilMs: 0, response: null, bytes };
    this.#lease(entry, nowMs, leaseMs);
    this.#entries.set(key, entry);
    this.#bytes += bytes;
    return settled({ state: 'claimed', token });
  }

  #lease(entry: Entry, nowMs: number, leaseMs: number): void {
    entry.leaseUntilMs = nowMs + leaseMs;
    this.#keepUntil(entry, entry.leaseUntilMs + this.#unknownTtlMs);
  }

  #keepUntil(entry: Entry, untilMs: number): void {
    entry.untilMs = untilMs;
    if (untilMs < this.#overAtMs) this.#overAtMs = untilMs;
  }

  #held(token: string): Entry | undefined {
    const entry = this.#entries.get(keyOfToken(token));
    return entry?.token === token && entry.response === null ? entry : undefined;
  }

  #forget(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }

  /** Goes round the entries a few at a time, when one of them may be over. */
  #sweepSome(nowMs: number): void {
    if (this.#sweep === null) {
      if (nowMs < this.#overAtMs) return;
      this.#overAtMs = Number.POSITIVE_INFINITY;
      this.#sweep = this.#entries.entries();
    }
    for (let i = 0; i < SWEEP_ENTRIES; i++) {
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = null;
        return;
      }
      const [key, entry] = next.value;
      if (entry.untilMs <= nowMs) this.#forget(key, entry);
      else this.#keepUntil(entry, entry.untilMs);
    }
  }
}
