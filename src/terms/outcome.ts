/** What the reset cost whoever waited on the connection. */
export const IMPACTS = [
  'none',
  'connect-failed',
  'request-unanswered',
  'request-unsent',
  'response-truncated',
  'unknown',
] as const;
export type Impact = (typeof IMPACTS)[number];

/** May the lost operation be sent again? */
export const RETRIES = ['safe', 'safe-with-idempotency-key', 'not-needed', 'unknown'] as const;
export type Retry = (typeof RETRIES)[number];
