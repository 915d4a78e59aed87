/** The report's ids in plain words. Typed by id: a new one does not compile until it has its words. */
import { CAUSES, SILENCES } from '../causes/list.ts';
import type { Level } from '../terms/actors.ts';
import type { CauseId, SilenceId } from '../terms/causes.ts';
import type { Mechanism } from '../terms/mechanisms.ts';
import type { Impact, Retry } from '../terms/outcome.ts';

/** Completes "reset by X, because …". */
export function toReason(id: CauseId | SilenceId): string {
  return id in SILENCES ? SILENCES[id as SilenceId].title : CAUSES[id as CauseId].title;
}

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
  unknown: 'Find out before retrying.',
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
  return level === 'proof' || confidence < 0.3 ? level : `${level} ${Math.round(confidence * 100)}%`;
}

/** A duration from microseconds to days in the unit that people set timeouts in. */
export function toDuration(ms: number): string {
  if (ms < 1) return `${ms.toFixed(3)} ms`;
  if (ms < 1000) return `${ms.toFixed(0)} ms`;
  if (ms < 1_000_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 172_800_000) return `${Math.round(ms / 1000)} s`;
  return `${(ms / 86_400_000).toFixed(1)} days`;
}

/** ` or linger-zero`, ` or one of 4 with the same bytes` behind a cause that others cannot be told apart from; empty when it stands alone. */
export function toTwins(cause: { readonly group?: readonly string[] }): string {
  const twins = (cause.group ?? []).slice(1);
  if (twins.length === 0) return '';
  return twins.length === 1 ? ` or ${twins[0]}` : ` or one of ${twins.length} with the same bytes`;
}

/** `a`, `a and b`, `a, b and c`. */
export function toList(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}
