/** Renews the leases of the handlers that still run, so that a slow one is not taken for dead. */

/** Something that holds a lease. */
export interface Beating {
  /** Where the heartbeat keeps it; -1 when it does not. */
  beatsAt: number;
  beat(): void;
}

/** One timer for all; it does not hold the process. */
export class Heartbeat {
  readonly #intervalMs: number;
  /** An array with the places noted on the runs: a Set costs a request a microsecond more. */
  readonly #running: Beating[] = [];
  #timer: NodeJS.Timeout | null = null;

  /** Three beats a lease: one may be lost and one late. */
  constructor(leaseMs: number) {
    this.#intervalMs = Math.max(1, leaseMs / 3);
  }

  add(run: Beating): void {
    run.beatsAt = this.#running.push(run) - 1;
    this.#timer ??= setInterval(() => this.#tick(), this.#intervalMs).unref();
  }

  remove(run: Beating): void {
    if (run.beatsAt === -1) return;
    const last = this.#running.pop()!;
    if (last !== run) {
      this.#running[run.beatsAt] = last;
      last.beatsAt = run.beatsAt;
    }
    run.beatsAt = -1;
  }

  #tick(): void {
    if (this.#running.length === 0) {
      if (this.#timer !== null) clearInterval(this.#timer);
      this.#timer = null;
      return;
    }
    // From the end: a beat may end its run, which moves the last one into its place.
    for (let at = this.#running.length - 1; at >= 0; at--) this.#running[at]?.beat();
  }
}
