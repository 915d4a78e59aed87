/** How long to wait before another attempt. */

/** Full jitter spreads the attempts of many clients evenly; `none` is for tests and single clients. */
export type Jitter = 'full' | 'none';

export interface BackoffOptions {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  readonly jitter: Jitter;
}

/** Doubles with each retry up to the maximum; `retry` counts from 1. Full jitter: anything from 0 to that. */
export function backoffMs(retry: number, { minDelayMs, maxDelayMs, jitter }: BackoffOptions): number {
  const ceilingMs = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(retry - 1, 52));
  return jitter === 'none' ? ceilingMs : Math.random() * ceilingMs;
}

/** The server's wait with a little on top, so that all who were told the same do not return in one moment. */
export function afterServerMs(askedMs: number, { minDelayMs, jitter }: BackoffOptions): number {
  if (askedMs === 0) return 0;
  // A timer of Node may fire up to one millisecond early.
  return askedMs + 1 + (jitter === 'none' ? 0 : Math.random() * Math.min(minDelayMs, askedMs / 10));
}
