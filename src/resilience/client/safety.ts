/** May a failed attempt be sent again? The one place that decides it. */
import type { Sent } from './attempt.ts';

/** RFC 9110 §9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export type Safety = 'not-sent' | 'refused-stream' | 'idempotent' | 'keyed' | 'unsafe';

export interface AttemptFacts {
  readonly method: string;
  readonly sent: Sent;
  /** The server stated that it did nothing with the stream. */
  readonly refusedStream: boolean;
  /** The request carries an idempotency key. */
  readonly keyed: boolean;
}

/** The reason why sending again cannot execute the request twice, or `unsafe`. */
export function safetyOf({ method, sent, refusedStream, keyed }: AttemptFacts): Safety {
  if (sent === 'no') return 'not-sent';
  if (refusedStream) return 'refused-stream';
  if (isIdempotent(method)) return 'idempotent';
  return keyed ? 'keyed' : 'unsafe';
}

/** Whether RFC 9110 lets anybody repeat this method. */
export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method.toUpperCase());
}
