/** The circuit breaker of one origin: cockatiel's state machine, entered without a promise while the circuit is closed. */
import {
  circuitBreaker as circuitBreakerPolicy,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  handleAll,
  isBrokenCircuitError,
} from 'cockatiel';

import { checkNames, checkNumber, checkStatusCodes, checkWord } from './check-options.ts';

export interface BreakerOptions {
  /**
   * Failed attempts in a row that open the circuit; default 10, from 1 to 10,000. It takes as many as are waiting for
   * an answer if those are more: failures are quicker than answers and overtake them.
   */
  readonly consecutiveFailures?: number;
  /** How long the circuit stays open before one probe is let through, in milliseconds; default 5000. */
  readonly halfOpenAfterMs?: number;
  /**
   * What an attempt does on an open circuit: `wait` for the probe where retry is on (attempts and deadline
   * allowing), or `fail` at once; default `wait`.
   */
  readonly whenOpen?: 'wait' | 'fail';
  /** Statuses that count as a failure of the origin; default 502, 503, 504. */
  readonly statusCodes?: readonly number[];
}

export interface BreakerSettings {
  readonly consecutiveFailures: number;
  readonly halfOpenAfterMs: number;
  readonly whenOpen: 'wait' | 'fail';
  readonly statusCodes: ReadonlySet<number>;
}

/** Defaults filled in; names, types and ranges checked. */
export function breakerSettings(
  options: BreakerOptions = {},
  where = 'the argument of circuitBreaker',
  orElse = '',
): BreakerSettings {
  checkNames(where, options, ['consecutiveFailures', 'halfOpenAfterMs', 'whenOpen', 'statusCodes'], orElse);
  const {
    consecutiveFailures = 10,
    halfOpenAfterMs = 5000,
    whenOpen = 'wait',
    statusCodes = [502, 503, 504],
  } = options;
  checkNumber('consecutiveFailures', consecutiveFailures, { from: 1, to: 10_000, whole: true });
  checkNumber('halfOpenAfterMs', halfOpenAfterMs, { from: 1, to: 3_600_000 });
  checkWord('whenOpen', whenOpen, ['wait', 'fail']);
  checkStatusCodes('statusCodes', statusCodes);
  return { consecutiveFailures, halfOpenAfterMs, whenOpen, statusCodes: new Set(statusCodes) };
}

/** The one attempt that is let through to see whether the origin answers again. */
export interface Probe {
  /** The origin answered, or failed with this error. */
  end(error?: Error): void;
  /** Nothing was learned: the next attempt takes its place. */
  abandon(): void;
}

/** An attempt that finds the circuit not closed; exactly one of these is called, unless it leaves. */
export interface Entrant {
  onProbe(probe: Probe): void;
  onCircuitClosed(): void;
  onCircuitOpen(): void;
}

export class Breaker {
  readonly settings: BreakerSettings;
  readonly #counter: Row;
  readonly #policy: CircuitBreakerPolicy;
  readonly #waiting: Map<Entrant, NodeJS.Timeout> = new Map();
  #openedAtMs = 0;
  /** Ends cockatiel's test call; null while the circuit is not half open. */
  #endTest: ((error?: Error) => void) | null = null;
  #probing = false;

  constructor(settings: BreakerSettings) {
    this.settings = settings;
    this.#counter = new Row(settings.consecutiveFailures);
    this.#policy = circuitBreakerPolicy(handleAll, {
      halfOpenAfter: settings.halfOpenAfterMs,
      breaker: this.#counter,
    });
    this.#policy.onBreak(() => (this.#openedAtMs = Date.now()));
  }

  get closed(): boolean {
    return this.#policy.state === CircuitState.Closed;
  }

  /** Until a probe may be sent, in milliseconds. */
  get waitMs(): number {
    // A timer of Node may fire up to one millisecond early, and the probe would be refused.
    return Math.max(0, this.#openedAtMs + this.settings.halfOpenAfterMs - Date.now()) + 1;
  }

  /** An attempt was begun that has no answer yet. */
  awaits(): void {
    this.#counter.awaited++;
  }

  /** It has one, or has ended without. */
  awaitsNoMore(): void {
    this.#counter.awaited--;
  }

  /** An attempt on the closed circuit was answered. */
  success(): void {
    this.#counter.success();
  }

  /** An attempt on the closed circuit failed. */
  failure(error: Error): void {
    if (this.closed) this.#policy.execute(() => Promise.reject(error)).catch(() => {});
  }

  /** On a circuit that is not closed: the probe, a wait for another one's end that is bounded, or a refusal. */
  enter(entrant: Entrant): void {
    if (this.#endTest === null) this.#test(entrant);
    else if (this.#probing) this.#wait(entrant);
    else this.#begin(entrant);
  }

  /** An attempt that waits has ended. */
  leave(entrant: Entrant): void {
    clearTimeout(this.#waiting.get(entrant));
    this.#waiting.delete(entrant);
  }

  #test(entrant: Entrant): void {
    const test = (): Promise<void> =>
      new Promise((resolve, reject) => {
        this.#endTest = (error) => (error === undefined ? resolve() : reject(error));
        this.#begin(entrant);
      });
    this.#policy.execute(test).then(
      () => this.#release(),
      (error: unknown) => {
        if (isBrokenCircuitError(error)) entrant.onCircuitOpen();
        else this.#release();
      },
    );
  }

  #begin(entrant: Entrant): void {
    this.#probing = true;
    let ended = false;
    entrant.onProbe({
      end: (error) => {
        if (!ended) this.#endTest?.(error);
        ended = true;
      },
      abandon: () => {
        if (ended) return;
        ended = true;
        this.#probing = false;
        const [next] = this.#waiting.keys();
        if (next === undefined) return;
        this.leave(next);
        this.#begin(next);
      },
    });
  }

  #wait(entrant: Entrant): void {
    const refuse = (): void => {
      this.#waiting.delete(entrant);
      entrant.onCircuitOpen();
    };
    this.#waiting.set(entrant, setTimeout(refuse, this.settings.halfOpenAfterMs));
  }

  /** The probe has ended, one way or the other. */
  #release(): void {
    this.#endTest = null;
    this.#probing = false;
    for (const entrant of this.#waiting.keys()) {
      this.leave(entrant);
      if (this.closed) entrant.onCircuitClosed();
      else entrant.onCircuitOpen();
    }
  }
}

/**
 * With fifty requests at once, 50 ms to an answer and 15 % of connections reset at once, ten resets come before the
 * first answer, of an origin that is well.
 */
class Row extends ConsecutiveBreaker {
  /** Attempts that have neither an answer nor failed. */
  awaited = 0;

  override failure(): boolean {
    return super.failure() && this.state >= this.awaited;
  }
}
