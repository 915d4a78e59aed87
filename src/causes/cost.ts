/** What the reset cost, and whether the lost operation may be sent again. Says `unknown` where the bytes do not show it. */
import type { CauseId } from '../terms/causes.ts';
import type { Impact, Retry } from '../terms/outcome.ts';
import type { ResetFacts, SilenceFacts } from '../evidence/facts.ts';
import { isBarren } from '../evidence/population.ts';
import { seqDiff } from '../wire/seq.ts';
import { ACK } from '../wire/tcp.ts';
import { isSubflow } from './claims.ts';
import type { Effect } from './effect.ts';
import type { MechanismVerdict } from './mechanism.ts';

export interface Cost {
  readonly impact: Impact;
  readonly retry: Retry;
}

/** RFC 9110 §9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY']);

/** Causes in which nobody wanted anything of the connection. */
const HARMLESS: ReadonlySet<CauseId> = new Set(['health-check', 'port-scan', 'benign-close', 'connect-cancelled']);

export function costOf(
  facts: ResetFacts,
  mechanism: MechanismVerdict,
  cause: CauseId,
  effect: Effect = 'unknown',
): Cost {
  if (effect === 'ignored' || effect === 'challenged') return { impact: 'none', retry: 'not-needed' };
  // What one subflow carried says little: with an MP_FASTCLOSE all of them end, and their data is lost too.
  if (isSubflow(facts)) return { impact: 'unknown', retry: 'unknown' };
  const oneSided = facts.half.client.packets === 0 || (facts.half.server.packets === 0 && facts.bytes.client > 0);
  if (cause === 'stray' || oneSided) return { impact: 'unknown', retry: 'unknown' };
  if (HARMLESS.has(cause)) return { impact: 'none', retry: 'not-needed' };
  if (cause === 'tuple-reuse') return { impact: 'none', retry: 'not-needed' };
  if (mechanism.mechanism === 'syn-answer' || facts.phase === 'connect')
    return { impact: 'connect-failed', retry: 'safe' };
  if (facts.phase === 'handshake' && isBarren(facts)) return { impact: 'connect-failed', retry: 'safe' };
  const { app } = facts;
  if (app.isTls && facts.phase === 'handshake') return { impact: 'connect-failed', retry: 'safe' };
  if (app.request !== null && app.requestComplete === false) {
    const rejected = app.response !== null && app.response.status >= 400;
    return { impact: 'request-unsent', retry: rejected ? 'not-needed' : again(facts) };
  }
  if (app.response !== null && app.lastSpeaker === 'server') return costOfAnswered(facts);
  if (refusedWhole(facts, mechanism)) return { impact: 'request-unanswered', retry: 'safe' };
  if (app.pending === true) return { impact: 'request-unanswered', retry: again(facts) };
  if (app.response !== null) return costOfAnswered(facts);
  if (isBarren(facts)) return { impact: 'none', retry: 'not-needed' };
  return { impact: 'unknown', retry: 'unknown' };
}

/** The server had begun an answer whose length is known or not. */
function costOfAnswered(facts: ResetFacts): Cost {
  const { app } = facts;
  if (app.responseComplete === false) return { impact: 'response-truncated', retry: again(facts) };
  if (app.responseComplete === null) return { impact: 'unknown', retry: 'unknown' };
  if (facts.sender === 'client')
    return unreceived(facts) > 0 ? { impact: 'unknown', retry: 'unknown' } : { impact: 'none', retry: 'not-needed' };
  if (facts.unackedFromSender > 0) return { impact: 'response-truncated', retry: again(facts) };
  if ((facts.idleMs ?? 0) < READ_MS) return { impact: 'unknown', retry: again(facts) };
  return { impact: 'none', retry: 'not-needed' };
}

/** Bytes of the other side that the sender of the RST never acknowledged, neither before nor with it. */
function unreceived({ unackedFromReceiver, half, receiver, rst }: ResetFacts): number {
  const { flags, ack } = rst.packet;
  if (!(flags & ACK)) return unackedFromReceiver;
  const { nextSeq, finEnd } = half[receiver];
  const end = finEnd >= 0 && finEnd === nextSeq ? (finEnd - 1) >>> 0 : nextSeq;
  return Math.min(unackedFromReceiver, Math.max(0, seqDiff(end, ack)));
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
