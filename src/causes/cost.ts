/** What the reset cost, and whether the lost operation may be sent again. Says `unknown` where the bytes do not show it. */
import type { CauseId } from '../terms/causes.ts';
import type { Impact, Retry } from '../terms/outcome.ts';
import type { ResetFacts, SilenceFacts } from '../evidence/facts.ts';
import { isBarren } from '../evidence/population.ts';
import type { Effect } from './effect.ts';
import type { MechanismVerdict } from './mechanism.ts';

export interface Cost {
  readonly impact: Impact;
  readonly retry: Retry;
}

/** RFC 9110 §9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY']);

/** Causes in which nobody wanted anything of the connection. */
const HARMLESS: ReadonlySet<CauseId> = new Set([
  'health-check',
  'port-scan',
  'benign-close',
  'connect-cancelled',
  'stray',
]);

export function costOf(facts: ResetFacts, mechanism: MechanismVerdict, cause: CauseId, effect: Effect = 'unknown'): Cost {
  if (effect === 'ignored' || effect === 'challenged') return { impact: 'none', retry: 'not-needed' };
  if (cause === 'stray') return { impact: 'unknown', retry: 'unknown' };
  if (HARMLESS.has(cause)) return { impact: 'none', retry: 'not-needed' };
  if (cause === 'tuple-reuse') return { impact: 'none', retry: 'not-needed' };
  if (mechanism.mechanism === 'syn-answer' || facts.phase === 'connect')
    return { impact: 'connect-failed', retry: 'safe' };
  if (facts.phase === 'handshake' && isBarren(facts)) return { impact: 'connect-failed', retry: 'safe' };
  const { app } = facts;
  if (app.isTls && facts.phase === 'handshake') return { impact: 'connect-failed', retry: 'safe' };
  if (refusedWhole(facts, mechanism)) return { impact: 'request-unanswered', retry: 'safe' };
  if (app.request !== null && app.requestComplete === false) {
    const retry = app.response === null ? again(facts) : 'not-needed';
    return {
      impact: 'request-unsent',
      retry: app.response !== null && app.response.status >= 400 ? 'not-needed' : retry,
    };
  }
  if (app.pending === true) return { impact: 'request-unanswered', retry: again(facts) };
  if (app.response !== null) {
    if (app.responseComplete === true) {
      if (facts.sender === 'server' && facts.unackedFromSender > 0) {
        return { impact: 'response-truncated', retry: again(facts) };
      }
      if (facts.sender === 'server' && (facts.idleMs ?? 0) < READ_MS) return { impact: 'unknown', retry: again(facts) };
      return { impact: 'none', retry: 'not-needed' };
    }
    if (app.responseComplete === false) return { impact: 'response-truncated', retry: again(facts) };
    return { impact: 'unknown', retry: 'unknown' };
  }
  if (isBarren(facts)) return { impact: 'none', retry: 'not-needed' };
  if (facts.phase === 'idle')
    return app.isTls ? { impact: 'unknown', retry: 'unknown' } : { impact: 'none', retry: 'not-needed' };
  return { impact: 'unknown', retry: 'unknown' };
}

/**
 * Acknowledged is not read: a RST right behind the last byte makes some systems drop what their application has not
 * read yet (BSD, Windows). After this long it has been read.
 */
const READ_MS = 500;

/**
 * A kernel without a socket refused the client’s last data before any application saw it: nothing of it was
 * acknowledged, and none of it had been sent before.
 */
function refusedWhole(facts: ResetFacts, mechanism: MechanismVerdict): boolean {
  const { app, half, trigger } = facts;
  if (mechanism.mechanism !== 'passive-answer' || facts.sender !== 'server' || trigger?.kind !== 'data') return false;
  if (app.lastSpeaker !== 'client' || half.client.repeatsUnanswered > 0) return false;
  return facts.unackedFromReceiver >= app.lastRunBytes;
}

export function costOfSilence(facts: SilenceFacts): Cost {
  if (facts.phase === 'connect') return { impact: 'connect-failed', retry: 'safe' };
  if (facts.app.pending === true) return { impact: 'request-unanswered', retry: again(facts) };
  if (facts.app.responseComplete === false) return { impact: 'response-truncated', retry: again(facts) };
  return { impact: 'unknown', retry: 'unknown' };
}

function again(facts: { app: ResetFacts['app'] }): Retry {
  const method = facts.app.request?.method ?? '';
  if (method === '') return facts.app.pending === true ? 'safe-with-idempotency-key' : 'unknown';
  return IDEMPOTENT.has(method) ? 'safe' : 'safe-with-idempotency-key';
}
