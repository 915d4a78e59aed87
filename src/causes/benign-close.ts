import { isCloseNotify } from '../evidence/application.ts';
import { seqDiff } from '../wire/seq.ts';
import type { ResetFacts } from '../evidence/facts.ts';
import { unansweredProbes } from './dead-peer.ts';
import { NO, shown, type Cause, type Judgement } from './define.ts';
import { who } from './telling.ts';

/** A RST in the place of the last FIN: ugly, and nothing is lost. */
export const benignClose: Cause = {
  id: 'benign-close',
  title: 'the connection was over: a RST took the place of the last FIN',
  mechanisms: ['active-abort', 'passive-answer'],
  who: 'an endpoint',
  requires: ['both directions complete and acknowledged'],
  uses: [],
  docs: {
    what: 'Everything was sent and acknowledged, and the closing is under way; then one side sends a RST instead of its FIN, or answers the last segments of a connection it has already left. No application misses a byte.',
    why: 'Clients that close with a TLS close_notify or session ticket unread, programs that avoid TIME_WAIT with SO_LINGER 0 after the last answer, browsers that drop sockets they no longer need.',
    tellApart: [
      { from: 'client-abort', how: 'there the response was incomplete.' },
      { from: 'linger-zero', how: 'the mechanism may be the same; here it is proven that nothing was lost.' },
      { from: 'data-after-close', how: 'there application data was still coming.' },
    ],
    sources: ['RFC 9293 §3.6', 'RFC 8446 §6.1'],
  },
  tell({ facts }) {
    return `${who(facts, facts.sender)} ended a finished connection with a RST`;
  },
  judge({ facts, mechanism }) {
    const how = mechanism.mechanism;
    if (how !== 'active-abort' && how !== 'passive-answer') return NO;
    const { sender, receiver, half, rst, app } = facts;
    if (app.pending === true || facts.bytes.client + facts.bytes.server === 0) return NO;
    const frame = rst.packet.frame;
    // TLS hides whether the client had read what its kernel acknowledged.
    const opaque = app.isTls && sender === 'client' && how === 'active-abort';
    const fires = (weight: number, frames: readonly number[], text: string): Judgement => ({
      outcome: 'fires',
      weight,
      level: opaque ? 'possible' : 'likely',
      ...(opaque ? { twins: ['client-abort', 'unread-data'] as const } : {}),
      evidence: [shown(facts, 'nothing-lost', [...frames, frame], text)],
    });
    if (lostBehindClose(facts)) return NO;
    const lastSegmentIsClosing = closingTrigger(facts);
    if (half.client.finFrame > 0 && half.server.finFrame > 0 && (how === 'active-abort' || lastSegmentIsClosing)) {
      return fires(
        0.9,
        [half.client.finFrame, half.server.finFrame],
        'both sides had sent their FIN: the connection was already closed in both directions',
      );
    }
    const receiverClosed = half[receiver].finFrame > 0;
    const senderHasAll = half[sender].acked >= 0 && seqDiff(half[sender].acked, endOfData(facts)) >= 0;
    if (
      receiverClosed &&
      how === 'active-abort' &&
      facts.unackedFromSender === 0 &&
      app.responseComplete !== false &&
      app.requestComplete !== false &&
      (senderHasAll || rst.packet.ack === half[receiver].finEnd)
    ) {
      return fires(
        0.85,
        [half[receiver].finFrame],
        `${who(facts, receiver)} had closed and everything was acknowledged; the RST replaces the other FIN`,
      );
    }
    if (half[sender].finFrame > 0 && how === 'passive-answer' && lastSegmentIsClosing) {
      return fires(
        0.85,
        [half[sender].finFrame],
        `${who(facts, sender)} had closed; only the other side’s own ${facts.trigger?.kind === 'keep-alive' ? 'keep-alive probe' : 'closing'} met the RST`,
      );
    }
    if (
      sender === 'client' &&
      how === 'active-abort' &&
      app.responseComplete === true &&
      app.requestComplete !== false &&
      seqDiff(rst.packet.ack, endOfData(facts)) >= 0 &&
      unansweredProbes(facts, 'client') === 0
    ) {
      return fires(
        0.75,
        [app.response?.frame ?? 0],
        'the response was complete and acknowledged before the client dropped the connection',
      );
    }
    return NO;
  },
  remedies({ facts }) {
    return [
      {
        text: 'Nothing to fix: leave it out of alerts',
        why: 'Both applications had all their data; counting these resets as errors hides the ones that hurt.',
      },
      {
        text: `If it must go away, close ${who(facts, facts.sender)} in order`,
        command: 'read until EOF, then close();  TLS: wait for close_notify before closing',
        why: 'An empty receive buffer and no SO_LINGER 0 make the kernel send a FIN.',
      },
    ];
  },
  confirm() {
    return [];
  },
};

/** The sender had closed, and data of the other side that it never acknowledged met the closed socket. */
function lostBehindClose(facts: ResetFacts): boolean {
  const { sender, receiver, half, app, unackedFromReceiver } = facts;
  if (half[sender].finFrame === 0 || unackedFromReceiver === 0) return false;
  return unackedFromReceiver > CLOSING_BYTES || !isCloseNotify(app.tls[receiver], app.isTls);
}

/** The longest TLS alert in use, and room for a session that says goodbye in two records. */
const CLOSING_BYTES = 64;

/** The segment that met the RST carried no application data: a FIN, a pure ACK, a probe, or a TLS close_notify. */
function closingTrigger(facts: ResetFacts): boolean {
  const { trigger, app, receiver } = facts;
  if (trigger === null) return false;
  if (trigger.kind === 'fin' || trigger.kind === 'ack' || trigger.kind === 'keep-alive') return true;
  return (
    trigger.kind === 'data' && trigger.packet.length <= CLOSING_BYTES && isCloseNotify(app.tls[receiver], app.isTls)
  );
}

function endOfData(facts: ResetFacts): number {
  const half = facts.half[facts.receiver];
  return half.finEnd >= 0 ? (half.finEnd - 1) >>> 0 : half.nextSeq;
}
