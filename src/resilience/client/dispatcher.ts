/** The dispatcher of a client: every request is one operation of its policy. */
import type { Dispatcher as DispatcherType } from 'undici';

import { Dispatcher } from './dispatcher-class.ts';
import { forwardEvents } from './forward-events.ts';
import { type KeySettings, withKey } from './idempotency-key.ts';
import type { Policy } from './policy.ts';
import { dispatchOperation } from './retry.ts';
import { undici } from './undici.ts';

export class ClientDispatcher extends Dispatcher {
  readonly #inner: DispatcherType;
  readonly #dispatchInner: DispatcherType.Dispatch;
  readonly #policy: Policy;
  readonly #keys: KeySettings | null;
  readonly #stopEvents: () => void;
  #closed = false;
  #closing: Promise<void> | null = null;
  #destroying: Promise<void> | null = null;

  constructor(inner: DispatcherType, policy: Policy, keys: KeySettings | null) {
    super();
    this.#inner = inner;
    this.#dispatchInner = (options, handler) => inner.dispatch(options, handler);
    this.#policy = policy;
    this.#keys = keys;
    this.#stopEvents = forwardEvents(inner, this);
  }

  /** Whether it takes no more requests. */
  get closed(): boolean {
    return this.#closed;
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
    this.#closed = true;
    this.#closing ??= this.#close();
    if (callback === undefined) return this.#closing;
    void this.#closing.then(callback, callback);
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
    this.#destroying ??= this.#destroy(error);
    this.#closing ??= this.#destroying;
    if (then === undefined) return this.#destroying;
    void this.#destroying.then(then, then);
  }

  async #close(): Promise<void> {
    await this.#policy.idle();
    // What is destroyed meanwhile cannot be closed as well.
    if (this.#destroying !== null) return this.#destroying;
    await this.#inner.close();
    this.#stopEvents();
  }

  async #destroy(error: Error | null): Promise<void> {
    this.#policy.cancelAll(error ?? new undici.errors.ClientDestroyedError());
    await destroyDispatcher(this.#inner, error);
    this.#stopEvents();
  }
}

/** MockAgent, and whatever else inherits the destroy() of undici's base class, can only be closed. */
async function destroyDispatcher(inner: DispatcherType, error: Error | null): Promise<void> {
  const inherited = (inner as { destroy: unknown }).destroy === Dispatcher.prototype.destroy;
  await (inherited ? inner.close() : inner.destroy(error));
}
