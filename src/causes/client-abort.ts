import type { ResetFacts } from '../evidence/facts.ts';
import { seqDiff } from '../wire/seq.ts';
import { lateBytes } from './data-after-close.ts';
import { unansweredProbes } from './dead-peer.ts';
import { NO, shown, type Cause } from './define.ts';
import { lasting, serviceJournal, who } from './telling.ts';

/** Nobody waits less for an answer. */
const WAITED_MS = 5;

/** The client gave up: cancelled, timed out, tab closed. */
export const clientAbort: Cause = {
  id: 'client-abort',
  title: 'the client gave up while it awaited or received the response',
  mechanisms: ['active-abort'],
  who: 'the client application',
  requires: ['a RST of a live client socket', 'a response under way or awaited'],
  uses: ['the client’s timeout settings', 'status 499 in nginx’s log, CD or CC in HAProxy’s'],
  docs: {
    what: 'The client closes its socket before the response is complete. Its kernel still holds response data that was not read, or receives more of it, and answers with a RST. The server sees ECONNRESET or EPIPE on writing.',
    why: 'A client-side timeout that is shorter than the server’s work, a user who cancels or closes the tab, a browser that found the resource elsewhere, a load test that stops.',
    tellApart: [
      {
        from: 'data-after-close',
        how: 'a client that closes with nothing unread sends a FIN first; the RST then answers the server’s later data and is bare.',
      },
      { from: 'benign-close', how: 'there the response was complete and nothing was lost.' },
      { from: 'dead-peer', how: 'there unanswered probes precede the RST.' },
    ],
    sources: ['RFC 9112 §9.5', 'nginx status 499', 'HAProxy termination states C*'],
  },
  tell({ facts }) {
    if (facts.app.pending === true && (facts.idleMs ?? 0) < WAITED_MS)
      return `${who(facts, 'client')} aborted it right after its own last message`;
    return facts.app.pending === true
      ? `${who(facts, 'client')} gave up after waiting ${lasting(facts.idleMs)} for the answer`
      : `${who(facts, 'client')} cut off the response after ${seenBytes(facts)} bytes`;
  },
  judge({ facts, mechanism }) {
    if (mechanism.mechanism !== 'active-abort' || facts.sender !== 'client') return NO;
    if (lateBytes(facts) > 0) return NO;
    const { app, rst, half } = facts;
    if (half.server.finFrame > 0 || unansweredProbes(facts, 'client') > 1) return NO;
    const frame = rst.packet.frame;
    if (app.pending === true && (facts.idleMs ?? 0) < WAITED_MS) {
      return {
        outcome: 'fires',
        weight: 0.45,
        level: 'possible',
        twins: ['linger-zero'],
        wouldTell: 'whether the client awaited an answer at all: what its last message asks for.',
        evidence: [
          shown(
            facts,
            'left-after-sending',
            [app.lastRunFrame, frame],
            `the client aborted ${lasting(facts.idleMs)} after its own last message, too soon to have waited for an answer`,
          ),
        ],
      };
    }
    if (app.pending === true) {
      return {
        outcome: 'fires',
        weight: app.request === null && !app.isTls ? 0.55 : 0.85,
        level: app.request === null ? 'possible' : 'likely',
        evidence: [
          shown(
            facts,
            'gave-up-waiting',
            [app.lastRunFrame, frame],
            `the request of frame ${app.lastRunFrame} had no answer when the client aborted ${lasting(facts.idleMs)} later`,
          ),
        ],
      };
    }
    if (facts.bytes.server === 0 || half.server.dataPackets === 0) return NO;
    if (app.responseComplete === false || (app.responseComplete === null && unreceived(facts) > 0)) {
      const missing = missingBytes(facts.app.response?.bodyLength ?? -1, facts);
      return {
        outcome: 'fires',
        weight: 0.9,
        level: 'likely',
        evidence: [
          shown(
            facts,
            'response-under-way',
            [half.server.lastDataFrame, frame],
            `the response was still arriving: ${missing ?? `${unreceived(facts)} bytes were in flight`}`,
          ),
        ],
      };
    }
    if (app.responseComplete === true || (facts.idleMs ?? 0) > 1000) return NO;
    return {
      outcome: 'fires',
      weight: 0.5,
      level: 'possible',
      // A response that ends with the connection has not ended; any other may have.
      ...(app.response?.framing === 'close' ? {} : { twins: ['benign-close'] as const }),
      wouldTell: 'whether the response was complete: its length is not visible in this capture.',
      evidence: [
        shown(
          facts,
          'server-spoke-last',
          [half.server.lastDataFrame, frame],
          `the server spoke ${lasting(facts.idleMs)} before the client aborted`,
        ),
      ],
    };
  },
  remedies({ facts }) {
    return [
      {
        text: `Compare the client’s timeout with the server’s time to answer (here ${lasting(facts.app.pending === true ? facts.idleMs : (facts.lastNs - facts.firstNs) / 1e6)})`,
        command: `client: raise the response timeout, or   server: answer sooner, stream, or return 202 and let the client poll`,
        why: 'A client that gives up earlier than the server can answer causes the reset by itself and usually asks again, which adds load.',
      },
      {
        text: 'On the server, treat the reset of a client as the end of the request, not as an error',
        command: 'Node: request.signal / res.on("close");  nginx: proxy_ignore_client_abort off',
        why: 'Work for a client that left is wasted, and an alert on it hides real failures.',
      },
    ];
  },
  confirm({ facts }) {
    return [serviceJournal(facts, 'client')];
  },
};

/** Bytes of the response as far as segments of it were captured; a number that leaps between empty segments is no data. */
function seenBytes(facts: ResetFacts): number {
  return Math.min(facts.bytes.server, facts.half.server.dataPackets * LARGEST_SEGMENT);
}

/** Of a segment, or what offload makes one packet of (RFC 791: a total length of 16 bits). */
const LARGEST_SEGMENT = 65_535;

/** Bytes of the server that the client’s RST does not acknowledge. */
function unreceived(facts: ResetFacts): number {
  const { nextSeq, finEnd } = facts.half.server;
  const end = finEnd >= 0 ? (finEnd - 1) >>> 0 : nextSeq;
  return Math.min(facts.unackedFromReceiver, Math.max(0, seqDiff(end, facts.rst.packet.ack)));
}

function missingBytes(bodyLength: number, facts: ResetFacts): string | null {
  const { response } = facts.app;
  if (bodyLength < 0 || response === null || !response.headComplete) return null;
  const got = (facts.half.server.nextSeq - response.bodySeq) >>> 0;
  return got < bodyLength ? `${bodyLength - got} of ${bodyLength} bytes were still to come` : null;
}
