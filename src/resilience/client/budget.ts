/** A token bucket that keeps retries a fraction of the requests, however long an outage lasts. */
import { checkNames, checkNumber } from './check-options.ts';

export interface RetryBudget {
  /** One operation begins; its first attempt is never refused. */
  deposit(): void;
  /** Takes a token for one retry; false when there is none left. */
  withdraw(): boolean;
  /** Tokens at hand. */
  readonly tokens: number;
}

export interface RetryBudgetOptions {
  /** Tokens an operation brings, so retries per operation in the long run; default 0.2, from 0 to 10. */
  readonly ratio?: number;
  /** Tokens a second that come without any operation, so that few requests can be retried too; default 10. */
  readonly perSecond?: number;
  /** Size of the bucket, full at the start; default 100. */
  readonly capacity?: number;
}

/**
 * A budget; give the same one to several clients to make them share it. Ratio and refill are Finagle's.
 * @example
 * createClient({ retry: { budget: retryBudget({ ratio: 0.1 }) } });
 */
export function retryBudget(options: RetryBudgetOptions = {}): RetryBudget {
  checkNames('the argument of retryBudget', options, ['ratio', 'perSecond', 'capacity']);
  const { ratio = 0.2, perSecond = 10, capacity = 100 } = options;
  checkNumber('ratio', ratio, { from: 0, to: 10 });
  checkNumber('perSecond', perSecond, { from: 0, to: 1e6 });
  checkNumber('capacity', capacity, { from: 1, to: 1e9 });
  return new TokenBucket(ratio, perSecond, capacity);
}

class TokenBucket implements RetryBudget {
  readonly #ratio: number;
  readonly #perSecond: number;
  readonly #capacity: number;
  #level: number;
  #atMs: number = performance.now();

  constructor(ratio: number, perSecond: number, capacity: number) {
    this.#ratio = ratio;
    this.#perSecond = perSecond;
    this.#capacity = capacity;
    this.#level = capacity;
  }

  get tokens(): number {
    this.#refill();
    return this.#level;
  }

  deposit(): void {
    const level = this.#level + this.#ratio;
    this.#level = level > this.#capacity ? this.#capacity : level;
  }

  withdraw(): boolean {
    this.#refill();
    if (this.#level < 1) return false;
    this.#level--;
    return true;
  }

  #refill(): void {
    const nowMs = performance.now();
    this.#level = Math.min(this.#capacity, this.#level + ((nowMs - this.#atMs) / 1000) * this.#perSecond);
    this.#atMs = nowMs;
  }
}
