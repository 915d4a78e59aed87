/** Signals that end a process, taken over until the drain is through. */

/** What the signals do. */
export interface SignalPlan {
  first(): void;
  /** An impatient hand: Ctrl-C again. */
  hurry(): void;
}

/**
 * Listens for signals; the returned function stops it. Only a second SIGINT hurries, and not within a second of the
 * first signal: supervisors signal the whole process group, and npm passes on what its child was sent already.
 */
export function onSignals(signals: readonly NodeJS.Signals[], plan: SignalPlan): () => void {
  let firstMs: number | null = null;
  const listener = (signal: NodeJS.Signals): void => {
    if (firstMs === null) {
      firstMs = performance.now();
      plan.first();
    } else if (signal === 'SIGINT' && performance.now() - firstMs > ECHO_MS) plan.hurry();
  };
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}

const ECHO_MS = 1000;
