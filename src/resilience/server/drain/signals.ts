/** Signals that end a process, taken over until the drain is through. */

/** What the signals do. */
export interface SignalPlan {
  first(): void;
  /** An impatient hand: Ctrl-C again. */
  hurry(): void;
}

type Listener = (signal: NodeJS.Signals) => void;

/**
 * Listens for signals; the returned function stops it. Only a second SIGINT hurries, and not within a second of the
 * first signal: supervisors signal the whole process group, and npm passes on what its child was sent already.
 */
export function onSignals(signals: readonly NodeJS.Signals[], plan: SignalPlan): () => void {
  let firstMs: number | null = null;
  const listener: Listener = (signal) => {
    if (firstMs === null) {
      firstMs = performance.now();
      plan.first();
    } else if (signal === 'SIGINT' && performance.now() - firstMs > ECHO_MS) plan.hurry();
  };
  for (const signal of signals) subscribe(signal, listener);
  return () => {
    for (const signal of signals) unsubscribe(signal, listener);
  };
}

/** All listeners share one on the process: it warns of a leak from the eleventh on. */
function subscribe(signal: NodeJS.Signals, listener: Listener): void {
  const listeners = subscribed.get(signal) ?? new Set();
  subscribed.set(signal, listeners.add(listener));
  // Somebody may have removed it (process.removeAllListeners()).
  if (!process.listeners(signal).includes(deliver)) process.on(signal, deliver);
}

function unsubscribe(signal: NodeJS.Signals, listener: Listener): void {
  const listeners = subscribed.get(signal);
  if (listeners?.delete(listener) && listeners.size === 0) process.off(signal, deliver);
}

function deliver(signal: NodeJS.Signals): void {
  for (const listener of subscribed.get(signal) ?? []) listener(signal);
}

const ECHO_MS = 1000;
const subscribed: Map<NodeJS.Signals, Set<Listener>> = new Map();
