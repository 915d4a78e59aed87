/** The circuit breaker of one origin: cockatiel's state machine, entered without a promise while the circuit is closed. */
import {
  circuitBreaker as circuitBreakerPolicy,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  handleAll,
  isBrokenCircuitError,
} from 'cockatiel';

export interface BreakerOptions {
  /** Failed attempts in a row that open the circuit; default 10, from 1 to 10,000. */
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

/** Defaults filled in and ranges checked. */
export function breakerSettings(options: BreakerOptions = {}): BreakerSettings {
  const { consecutiveFailures = 10, halfOpenAfterMs = 5000, whenOpen = 'wait' } = options;
  if (!(Number.isInteger(consecutiveFailures) && consecutiveFailures >= 1 && consecutiveFailures <= 10_000))
    throw new RangeError(`consecutiveFailures is ${consecutiveFailures}: a whole number from 1 to 10,000 is needed`);
  if (!(halfOpenAfterMs >= 1 && halfOpenAfterMs <= 3_600_000))
    throw new RangeError(`halfOpenAfterMs is ${halfOpenAfterMs}: from 1 to 3,600,000 is needed`);
  if (whenOpen !== 'wait' && whenOpen !== 'fail')
    throw new RangeError(`whenOpen is ${String(whenOpen)}: wait or fail is needed`);
  return {
    consecutiveFailures,
    halfOpenAfterMs,
    whenOpen,
    statusCodes: new Set(options.statusCodes ?? [502, 503, 504]),
  };
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
  readonly #counter: ConsecutiveBreaker;
  readonly #policy: CircuitBreakerPolicy;
  readonly #waiting: Map<Entrant, NodeJS.Timeout> = new Map();
  #openedAtMs = 0;
  /** Ends cockatiel's test call; null while the circuit is not half open. */
  #endTest: ((error?: Error) => void) | null = null;
  #probing = false;

  constructor(settings: BreakerSettings) {
    this.settings = settings;
    this.#counter = new ConsecutiveBreaker(settings.consecutiveFailures);
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
    return Math.max(0, this.#openedAtMs + this.settings.halfOpenAfterMs - Date.now());
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
