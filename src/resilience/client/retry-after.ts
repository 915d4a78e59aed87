/** Reads `Retry-After` (RFC 9110 §10.2.3): seconds, or a date of HTTP. */

/** The wait that the server asked for in milliseconds, never negative; null when there is no readable one. */
export function retryAfterMs(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  const text = value.trim();
  // However many digits: a huge number is a long wait, not a mistake of the server.
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, Number.MAX_SAFE_INTEGER);
  // A date of HTTP always names its weekday; Date.parse alone would take "1.5" and "-1" for years.
  if (!/^[A-Za-z]{3,9},? /.test(text)) return null;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}
