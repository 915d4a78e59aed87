/** Reads `Retry-After` (RFC 9110 §10.2.3): seconds, or a date of HTTP. */

/** The wait that the server asked for in milliseconds, never negative; null when there is no readable one. */
export function retryAfterMs(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  const text = value.trim();
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1000;
  // A date of HTTP always names its weekday; Date.parse alone would take "1.5" and "-1" for years.
  if (!/^[A-Za-z]{3,9},? /.test(text)) return null;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}
