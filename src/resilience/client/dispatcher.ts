/** The dispatcher of a client: every request is one operation of its policy. */
import type { Dispatcher as DispatcherType } from 'undici';

import { Dispatcher } from './dispatcher-class.ts';
import { type KeySettings, withKey } from './idempotency-key.ts';
import type { Policy } from './policy.ts';
import { dispatchOperation } from './retry.ts';
import { undici } from './undici.ts';

const EVENTS = ['connect', 'disconnect', 'connectionError', 'drain'] as const;

export class ClientDispatcher extends Dispatcher {
  readonly #inner: DispatcherType;
  readonly #dispatchInner: DispatcherType.Dispatch;
  readonly #policy: Policy;
  readonly #keys: KeySettings | null;
  #closed = false;

  constructor(inner: DispatcherType, policy: Policy, keys: KeySettings | null) {
    super();
    this.#inner = inner;
    this.#dispatchInner = (options, handler) => inner.dispatch(options, handler);
    this.#policy = policy;
    this.#keys = keys;
    for (const event of EVENTS) inner.on(event as 'connect', (...args) => void this.emit(event as 'connect', ...args));
  }

  override dispatch(options: DispatcherType.DispatchOptions, handler: DispatcherType.DispatchHandler): boolean {
    return this.dispatchKeyed(options, handler, undefined);
  }

  /** `key`: the key for this request where it needs one; null for none; undefined for a new one. */
  dispatchKeyed(
    options: DispatcherType.DispatchOptions,
    handler: DispatcherType.DispatchHandler,
    key: string | null | undefined,
  ): boolean {
    if (this.#closed) throw new undici.errors.ClientClosedError();
    const keyed = this.#keys === null || key === null ? options : withKey(options, this.#keys, key);
    return dispatchOperation(this.#dispatchInner, keyed, handler, this.#policy);
  }

  /** Waits for operations under way, their retries included, then closes the connections. */
  override close(): Promise<void>;
  override close(callback: () => void): void;
  override close(callback?: () => void): Promise<void> | void {
    const closed = this.#close();
    if (callback === undefined) return closed;
    void closed.then(callback);
  }

  /** Fails what is under way with the error and closes the connections at once. */
  override destroy(): Promise<void>;
  override destroy(error: Error | null): Promise<void>;
  override destroy(callback: () => void): void;
  override destroy(error: Error | null, callback: () => void): void;
  override destroy(first?: Error | null | (() => void), callback?: () => void): Promise<void> | void {
    const error = typeof first === 'function' ? null : (first ?? null);
    const then = typeof first === 'function' ? first : callback;
    this.#closed = true;
    this.#policy.cancelAll(error ?? new undici.errors.ClientDestroyedError());
    const destroyed = this.#inner.destroy(error);
    if (then === undefined) return destroyed;
    void destroyed.then(then);
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#policy.idle();
    await this.#inner.close();
  }
}
