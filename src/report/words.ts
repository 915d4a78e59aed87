/** The report's ids in plain words. Typed by id: a new one does not compile until it has its words. */
import type { Level } from '../terms/actors.ts';
import type { CauseId, SilenceId } from '../terms/causes.ts';
import type { Mechanism } from '../terms/mechanisms.ts';
import type { Impact, Retry } from '../terms/outcome.ts';

/** Completes "reset by X, because …"; "it" is the sender. */
export const CAUSE_WORDS: Readonly<Record<CauseId | SilenceId, string>> = {
  'unread-data': 'it closed while data sent to it was still unread',
  'linger-zero': 'it closed with SO_LINGER 0, which aborts instead of closing',
  'client-abort': 'the client gave up: cancelled, or its own timeout ran out',
  'payload-rejected': 'it refused the request before reading all of it',
  'protocol-mismatch': 'the bytes do not fit the protocol it speaks',
  'policy-abort': 'a rule of it aborts such connections',
  'idle-timeout': 'the connection was idle longer than it allows',
  'stale-reuse': 'the client reused a connection that was already closed',
  'data-after-close': 'the peer wrote on after it had closed',
  'no-socket': 'its kernel knew no such connection',
  'state-mismatch': 'the packet arrived untranslated or at another back end',
  'tuple-reuse': 'a new connection took the ports of an old one',
  refused: 'nothing accepts connections there',
  'backlog-overflow': 'its accept queue was full',
  'dead-peer': 'keep-alive found the peer dead',
  'process-crash': 'its process died',
  'shutdown-in-flight': 'it was stopped or restarted with requests in flight',
  'drain-reset': 'it cut its sessions while draining',
  'resource-exhaustion': 'the host ran out of memory or sockets',
  killed: 'an operator killed the connection',
  'firewall-state-expiry': 'a firewall had forgotten the connection',
  'firewall-reject': 'a firewall rule rejects it',
  injected: 'something in the path injected it',
  relayed: 'it passed on a reset of its other leg',
  'health-check': 'a health check ends its probes this way',
  'port-scan': 'a port scan ends its probes this way',
  'connect-cancelled': 'the client dropped this connection attempt for another one or timed out',
  'benign-close': 'it ended with a RST in place of the last FIN, nothing was lost',
  stray: 'the capture does not show the connection it belongs to',
  unknown: 'no known cause fits what the capture shows',
  'idle-dropped': 'something between forgot the idle connection and drops its packets',
  'connect-timeout': 'nothing answers the SYN',
  'retransmission-timeout': 'the peer stopped answering and retransmission gave up',
};

/** Completes "X sent it: …". */
export const MECHANISM_WORDS: Readonly<Record<Mechanism, string>> = {
  'active-abort': 'an open socket was aborted',
  'passive-answer': 'a kernel answered a segment that fits no socket',
  'syn-answer': 'the SYN was answered with a RST',
  'in-path-answer': 'something between answered in its name',
  forged: 'an injected packet, the answer to nothing',
  unknown: 'how the RST was made cannot be told',
};

export const IMPACT_WORDS: Readonly<Record<Impact, string>> = {
  none: 'Nothing was lost.',
  'connect-failed': 'The connection failed before anything was sent.',
  'request-unanswered': 'A request was sent and never answered.',
  'request-unsent': 'The request never reached the application.',
  'response-truncated': 'The response was cut short.',
  unknown: 'What was lost cannot be told from this capture.',
};

export const RETRY_WORDS: Readonly<Record<Retry, string>> = {
  safe: 'A retry is safe.',
  'safe-with-idempotency-key': 'Retry only with an idempotency key: the request may have been carried out.',
  'not-needed': 'No retry is needed.',
  unknown: 'Whether a retry is safe cannot be told either.',
};

/** Completes "…, ? because …". */
export const BECAUSE: Readonly<Record<Level, string>> = {
  proof: 'because',
  likely: 'most likely because',
  possible: 'possibly because',
};

/** Spoken between the subject and the verb: "1 connection", "3 connections". */
export function toCount(count: number, one: string, many: string = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
}

/** "likely 72%"; a proof needs no number. */
export function toCertainty(level: Level, confidence: number): string {
  return level === 'proof' ? level : `${level} ${Math.round(confidence * 100)}%`;
}

/** A duration from microseconds to days in the unit that people set timeouts in. */
export function toDuration(ms: number): string {
  if (ms < 1) return `${ms.toFixed(3)} ms`;
  if (ms < 1000) return `${ms.toFixed(0)} ms`;
  if (ms < 1_000_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 172_800_000) return `${Math.round(ms / 1000)} s`;
  return `${(ms / 86_400_000).toFixed(1)} days`;
}
