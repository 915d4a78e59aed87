/**
 * The cause ids: the one list of names that code, tests, captures, docs and other tools share.
 * Ids are stable once published; the list only grows.
 */

/** Causes of a reset, in the order of the documentation. */
export const CAUSE_IDS = [
  'unread-data',
  'linger-zero',
  'client-abort',
  'payload-rejected',
  'protocol-mismatch',
  'policy-abort',
  'idle-timeout',
  'stale-reuse',
  'data-after-close',
  'no-socket',
  'state-mismatch',
  'tuple-reuse',
  'refused',
  'backlog-overflow',
  'dead-peer',
  'process-crash',
  'shutdown-in-flight',
  'drain-reset',
  'resource-exhaustion',
  'killed',
  'firewall-state-expiry',
  'firewall-reject',
  'injected',
  'relayed',
  'health-check',
  'port-scan',
  'connect-cancelled',
  'benign-close',
  'stray',
  'unknown',
] as const;

/** Why a connection went silent without any RST. */
export const SILENCE_IDS = ['idle-dropped', 'connect-timeout', 'retransmission-timeout'] as const;

export type CauseId = (typeof CAUSE_IDS)[number];
export type SilenceId = (typeof SILENCE_IDS)[number];
