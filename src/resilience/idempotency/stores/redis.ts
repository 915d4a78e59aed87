/** Keys in Redis or Valkey: for many processes. An effect elsewhere cannot commit with them. */
import type { Claim, Store, StoredResponse } from '../store.ts';
import { keyOfToken, newToken } from '../token.ts';
import { CLAIM, COMPLETE, RELEASE, RENEW, type Script } from './redis-scripts.ts';

/** The part of an ioredis client (Redis or Cluster) that is used. */
export interface RedisClient {
  callBuffer(command: string, ...args: (string | Buffer | number)[]): Promise<unknown>;
}

export interface RedisStoreOptions {
  /** Begins every key; `firsthand:idempotency:` unless told. */
  readonly prefix?: string;
  /** How long a key of unknown outcome is remembered; 7 days unless told. */
  readonly unknownTtlMs?: number;
}

const WEEK_MS = 7 * 86_400_000;

/** A store on an ioredis client, which stays the caller's to close. Needs Redis 5 or newer, `noeviction`, and persistence. */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): Store {
  if (typeof client?.callBuffer !== 'function') throw new TypeError('redisStore needs a client of the package ioredis');
  return new RedisStore(client, options);
}

class RedisStore implements Store {
  readonly #client: RedisClient;
  readonly #prefix: string;
  readonly #unknownTtlMs: number;

  constructor(client: RedisClient, { prefix = 'firsthand:idempotency:', unknownTtlMs = WEEK_MS }: RedisStoreOptions) {
    this.#client = client;
    this.#prefix = prefix;
    this.#unknownTtlMs = unknownTtlMs;
  }

  claim(key: string, fingerprint: string, leaseMs: number): Promise<Claim> {
    return this.#claim(key, fingerprint, leaseMs, false);
  }

  takeOver(key: string, fingerprint: string, leaseMs: number): Promise<Claim> {
    return this.#claim(key, fingerprint, leaseMs, true);
  }

  async complete(token: string, response: StoredResponse, ttlMs: number): Promise<boolean> {
    const { status, headers, body } = response;
    const args: (string | Buffer)[] = [token, JSON.stringify([status, headers]), whole(ttlMs)];
    if (body !== null) args.push(toBuffer(body));
    return (await this.#run(COMPLETE, keyOfToken(token), args)) === 1;
  }

  async release(token: string): Promise<void> {
    await this.#run(RELEASE, keyOfToken(token), [token]);
  }

  async renew(token: string, leaseMs: number): Promise<boolean> {
    return (await this.#run(RENEW, keyOfToken(token), [token, whole(leaseMs), whole(this.#unknownTtlMs)])) === 1;
  }

  async close(): Promise<void> {}

  async #claim(key: string, fingerprint: string, leaseMs: number, isTakingOver: boolean): Promise<Claim> {
    const token = newToken(key);
    const args = [token, fingerprint, whole(leaseMs), whole(this.#unknownTtlMs), isTakingOver ? '1' : '0'];
    const [state, head, body] = (await this.#run(CLAIM, key, args)) as [Buffer, Buffer?, (Buffer | null)?];
    const name = state.toString() as Claim['state'];
    if (name === 'claimed') return { state: name, token };
    if (name !== 'done') return { state: name };
    const [status, headers] = JSON.parse(head!.toString()) as [number, StoredResponse['headers']];
    return { state: name, response: { status, headers, body: body ?? null } };
  }

  /** One round trip; two the first time a server meets the script. */
  async #run({ sha, source }: Script, key: string, args: readonly (string | Buffer)[]): Promise<unknown> {
    const at = this.#prefix + key;
    try {
      return await this.#client.callBuffer('EVALSHA', sha, 1, at, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return await this.#client.callBuffer('EVAL', source, 1, at, ...args);
    }
  }
}

function whole(ms: number): string {
  return String(Math.ceil(ms));
}

function toBuffer(body: Uint8Array): Buffer {
  return Buffer.from(body.buffer, body.byteOffset, body.length);
}
