/**
 * Which explanation goes before which when both fit. A cause that knows the context beats the generic one of the
 * same mechanism; the generic one stays among the alternatives.
 */
import type { CauseId } from '../terms/causes.ts';

/** Left beats every one on the right. */
export const BEATS: Readonly<Partial<Record<CauseId, readonly CauseId[]>>> = {
  'port-scan': [
    'refused',
    'health-check',
    'connect-cancelled',
    'policy-abort',
    'linger-zero',
    'no-socket',
    'backlog-overflow',
  ],
  'health-check': ['connect-cancelled', 'linger-zero', 'client-abort', 'benign-close'],
  'connect-cancelled': ['no-socket', 'linger-zero', 'stray'],
  'tuple-reuse': ['no-socket', 'connect-cancelled', 'state-mismatch', 'health-check'],
  'backlog-overflow': ['no-socket', 'state-mismatch', 'firewall-state-expiry'],
  'dead-peer': ['idle-timeout', 'linger-zero', 'unread-data', 'client-abort', 'policy-abort'],
  'idle-timeout': ['linger-zero', 'unread-data', 'benign-close', 'policy-abort'],
  'payload-rejected': [
    'unread-data',
    'linger-zero',
    'data-after-close',
    'stale-reuse',
    'protocol-mismatch',
    'policy-abort',
  ],
  'protocol-mismatch': [
    'unread-data',
    'linger-zero',
    'policy-abort',
    'data-after-close',
    'client-abort',
    'stale-reuse',
  ],
  'client-abort': ['unread-data', 'linger-zero'],
  'data-after-close': ['unread-data', 'linger-zero'],
  'stale-reuse': ['data-after-close', 'no-socket'],
  'benign-close': ['data-after-close', 'linger-zero', 'unread-data', 'client-abort', 'no-socket'],
  'drain-reset': ['linger-zero', 'unread-data', 'idle-timeout'],
  'shutdown-in-flight': ['unread-data', 'linger-zero', 'idle-timeout'],
  'process-crash': ['linger-zero'],
  relayed: [
    'unread-data',
    'linger-zero',
    'client-abort',
    'policy-abort',
    'payload-rejected',
    'protocol-mismatch',
    'idle-timeout',
    'drain-reset',
    'shutdown-in-flight',
    'process-crash',
  ],
  stray: ['linger-zero', 'unread-data', 'policy-abort', 'no-socket', 'state-mismatch', 'benign-close'],
  'firewall-reject': [],
  injected: ['unread-data', 'linger-zero', 'refused'],
};

/** A context that fits less well than this is not known, and beats nothing. */
export const KNOWN = 0.4;

/** The most that remains of a generic cause's weight beside one that beats it; less where that one leaves less in doubt. */
export const BEATEN = 0.25;
