/** What one operation is run with: made once for a client or an interceptor. */
import { channel, type Channel } from 'node:diagnostics_channel';

import type { Attempt } from './attempt.ts';
import { Breaker, type BreakerSettings } from './breaker.ts';
import { type Follower, follow, unfollow } from './follow-signal.ts';
import { type RetrySettings, retrySettings } from './options.ts';
import { PerOrigin } from './per-origin.ts';

/** Published with `{ attempt }` for every attempt of every client, when somebody listens. */
export const attemptChannel: Channel = channel('firsthand:client:attempt');

/** Where an operation can be ended from outside while it is under way. */
export interface Cancellable {
  cancel(reason: Error): void;
}

export class Policy {
  readonly retry: RetrySettings;
  /** Retries nothing and hands on failures as undici gave them: for interceptors that do one thing. */
  readonly raw: boolean;
  /** Moves a request whose pooled connection died before it was sent to another one. */
  readonly replacesStale: boolean;
  readonly onAttempt: ((attempt: Attempt) => void) | null;
  /** Operations between two attempts, and all of them where there is a signal. */
  readonly cancellable: Set<Cancellable> = new Set();
  /** Whether the dispatcher below tells when a request was written; layers of interceptors do not pass it on. */
  hearsSent = true;
  readonly #breakers: PerOrigin<Breaker> | null;
  #running = 0;
  #onIdle: (() => void) | null = null;
  readonly #onSignal: Follower = (reason) => this.cancelAll(reason);

  constructor(
    given: Partial<Pick<Policy, 'retry' | 'raw' | 'replacesStale'>> & {
      readonly onAttempt?: ((attempt: Attempt) => void) | undefined;
      readonly breaker?: BreakerSettings | null;
    },
  ) {
    this.retry = given.retry ?? retrySettings();
    this.raw = given.raw ?? false;
    this.replacesStale = given.replacesStale ?? true;
    this.onAttempt = given.onAttempt ?? null;
    const { breaker } = given;
    this.#breakers = breaker ? new PerOrigin(() => new Breaker(breaker)) : null;
  }

  breakerOf(origin: string): Breaker | null {
    return this.#breakers === null ? null : this.#breakers.of(origin);
  }

  begin(operation: Cancellable): void {
    this.#running++;
    const { signal } = this.retry;
    if (signal === null) return;
    this.cancellable.add(operation);
    // Only while something is under way: a signal may outlive many clients.
    if (this.#running === 1) follow(signal, this.#onSignal);
  }

  end(operation: Cancellable): void {
    if (this.cancellable.size > 0) this.cancellable.delete(operation);
    if (--this.#running > 0) return;
    if (this.retry.signal !== null) unfollow(this.retry.signal, this.#onSignal);
    this.#onIdle?.();
  }

  cancelAll(reason: Error): void {
    for (const operation of this.cancellable) operation.cancel(reason);
  }

  /** Resolves when no operation is under way, those between two attempts included. */
  idle(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const before = this.#onIdle;
      this.#onIdle = () => {
        before?.();
        resolve();
      };
    });
  }

  /** Tells whoever listens; what a listener throws is an uncaught exception, never a failed request. */
  report(attempt: Attempt): void {
    const { onAttempt } = this;
    if (attemptChannel.hasSubscribers) attemptChannel.publish({ attempt });
    if (onAttempt === null) return;
    try {
      onAttempt(attempt);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  get reports(): boolean {
    return this.onAttempt !== null || attemptChannel.hasSubscribers;
  }
}
