/** Which answers are asked for again, and after how long: the half of that judgement that needs no more than the answer. */
import { afterServerMs, backoffMs } from './backoff.ts';
import { responseHeader } from './headers.ts';
import { MAX_RETRY_AFTER_MS, type RetrySettings } from './options.ts';
import type { RawHeaders } from './raw-handler.ts';
import { retryAfterMs } from './retry-after.ts';

/** A server that replays answers so while the first try of a key still runs. */
const CONFLICT = 409;

/** Whether an answer with this status may be asked for again at all; `[]` as the list turns that off. */
export function isRepeatable(status: number, { statusCodes }: RetrySettings): boolean {
  return statusCodes.has(status) || (status === CONFLICT && statusCodes.size > 0);
}

/**
 * How long to wait before this answer is asked for again, in milliseconds; null when it is the caller's. `retry` counts
 * from 1. A 409 that is not in the list is asked for again where it names a time and the request has a key: any other
 * one is the answer.
 */
export function answerDelayMs(
  status: number,
  headers: RawHeaders,
  keyed: boolean,
  retry: number,
  settings: RetrySettings,
): number | null {
  const askedMs = retryAfterMs(responseHeader(headers, 'retry-after'), Date.now());
  if (askedMs !== null && askedMs > MAX_RETRY_AFTER_MS) return null;
  if (askedMs === null) return settings.statusCodes.has(status) ? backoffMs(retry, settings) : null;
  const delayMs = afterServerMs(askedMs, settings);
  if (settings.statusCodes.has(status)) return delayMs;
  return keyed ? Math.max(delayMs, backoffMs(retry, settings)) : null;
}
