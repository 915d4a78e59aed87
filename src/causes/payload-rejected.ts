import type { Evidence } from '../evidence/evidence.ts';
import type { CauseId } from '../terms/causes.ts';
import { NO, shown, type Cause } from './define.ts';
import { abortCounters, who } from './telling.ts';
import { threwAwayFullBuffer } from './unread-data.ts';

/** The server refused a request while its body was still arriving. */
export const payloadRejected: Cause = {
  id: 'payload-rejected',
  title: 'the server rejected the request while its body was still arriving',
  mechanisms: ['active-abort', 'passive-answer'],
  who: 'the server application',
  requires: ['an unfinished request body', 'the server’s abort, or its close and more of the body'],
  uses: ['the server’s size and time limits', 'the server’s log'],
  docs: {
    what: 'The server decides before the body is complete: it answers 413, 400, 401 or another error, or nothing, and closes. The rest of the body meets a socket with unread data or no socket at all, and the kernel answers with a RST. The RST can overtake the answer, so the client often sees ECONNRESET instead of the status.',
    why: 'Body size limits, authentication checked before the body, timeouts on slow uploads, and servers that close without a lingering close.',
    tellApart: [
      { from: 'unread-data', how: 'the generic form: here a request body was announced and is incomplete.' },
      { from: 'data-after-close', how: 'the generic form: here the later data is the body of the rejected request.' },
      { from: 'protocol-mismatch', how: 'there the first bytes already do not fit.' },
    ],
    sources: [
      'RFC 9112 §9.6',
      'nginx client_max_body_size, lingering_close',
      'Node server.maxRequestsPerSocket, 413 handling',
    ],
  },
  tell({ facts }) {
    const { request, response } = facts.app;
    const size = request !== null && request.bodyLength > 0 ? ` of ${request.bodyLength} bytes` : '';
    return `${who(facts, 'server')} ${response === null ? 'closed' : `answered ${response.status} and closed`} while the request body${size} was still arriving`;
  },
  judge({ facts, mechanism }) {
    if (facts.sender !== 'server') return NO;
    if (mechanism.mechanism !== 'active-abort' && mechanism.mechanism !== 'passive-answer') return NO;
    const { app, half, rst } = facts;
    const { request, response } = app;
    const evidence: Evidence[] = [];
    if (request !== null && app.requestComplete === false) {
      const sent = (half.client.nextSeq - request.bodySeq) >>> 0;
      evidence.push(
        shown(
          facts,
          'body-incomplete',
          [request.frame, rst.packet.frame],
          `${request.line.split(' ')[0]} announced ${request.bodyLength} bytes, ${Math.min(sent, request.bodyLength)} were sent`,
          {
            expected: `${request.bodyLength} bytes`,
            received: `${Math.min(sent, request.bodyLength)} bytes`,
          },
        ),
      );
    }
    const refused = response !== null && response.status >= 400;
    if (refused)
      evidence.push(shown(facts, 'error-response', [response.frame], `the server had answered “${response.line}”`));
    const stillSending = half.client.lastDataFrame > (response?.frame ?? Number.MAX_SAFE_INTEGER);
    const unread = app.lastSpeaker === 'server' && threwAwayFullBuffer(facts);
    if (unread)
      evidence.push(
        shown(
          facts,
          'window-reopens',
          [rst.packet.frame],
          `its receive buffer was full and is empty on the RST (window ${facts.windowOnRst}): the rest of the request was never read`,
          { expected: 'window 0', received: `window ${facts.windowOnRst}` },
        ),
      );
    if (refused && (app.requestComplete === false || stillSending || unread)) {
      return { outcome: 'fires', weight: 0.95, level: 'likely', evidence };
    }
    const idle = (facts.quietMs ?? 0) > 1000;
    if (request !== null && app.requestComplete === false && !idle && mechanism.mechanism === 'active-abort') {
      return {
        outcome: 'fires',
        weight: 0.7,
        level: 'possible',
        // Who has answered once speaks the protocol.
        twins: [...SAME_BYTES, ...(facts.bytes.server === 0 ? (['protocol-mismatch'] as const) : [])],
        evidence,
        wouldTell: 'why the server stopped reading: its log, and its limits on body size and time.',
      };
    }
    return NO;
  },
  remedies({ facts }) {
    const name = facts.server.name;
    return [
      {
        text: `On ${who(facts, 'server')}: let the answer arrive before the connection ends`,
        command: /nginx/i.test(name)
          ? 'lingering_close always; lingering_timeout 5s;'
          : 'answer with Connection: close, then keep reading (and discarding) until the client stops or a deadline',
        why: 'Reading on empties the receive buffer, so the close sends a FIN and the client gets the status instead of a reset.',
      },
      {
        text: 'Or allow what is being sent',
        command: /nginx/i.test(name)
          ? `client_max_body_size ${megabytes(facts.app.request?.bodyLength ?? 0)}m;`
          : 'raise the body size limit of the server and of every proxy before it',
        why: 'Every hop has a limit of its own; the smallest one rejects.',
      },
      {
        text: 'In the client: ask before sending a large body',
        command: 'Expect: 100-continue',
        why: 'The server can refuse on the headers alone, before any byte of the body is on its way (RFC 9110 §10.1.1).',
      },
    ];
  },
  confirm({ facts }) {
    return [
      {
        text: 'Send a small body to the same URL: does it pass?',
        command: `curl -v -d x http://${facts.server.address}:${facts.server.port}/`,
        why: 'Only-large-bodies fail is the mark of a size limit.',
      },
      abortCounters(facts, 'server'),
    ];
  },
};

/** Whoever ends a socket while the body arrives leaves the same RST, whatever the reason. */
const SAME_BYTES: readonly CauseId[] = ['unread-data', 'linger-zero', 'process-crash', 'killed'];

function megabytes(bytes: number): number {
  return Math.max(1, Math.ceil((bytes * 1.1) / 1_048_576));
}
