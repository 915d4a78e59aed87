import type { ResetFacts } from '../evidence/facts.ts';
import type { CauseId } from '../terms/causes.ts';
import { NO, shown, type Cause } from './define.ts';
import { abortCounters, lasting, socketsOn, traceProcess, who } from './telling.ts';

/** A rule decides at once; work takes longer. */
const AT_ONCE_MS = 500;

/** The kernel's answer to a close with data still in the receive buffer (RFC 2525 §2.17; tcp.c, __tcp_close). */
export const unreadData: Cause = {
  id: 'unread-data',
  title: 'an application closed the socket while data it had not read was waiting in it',
  mechanisms: ['active-abort'],
  who: 'the application at an endpoint',
  requires: ['a RST of a live socket'],
  uses: [
    'the counter TCPAbortOnClose',
    'the trace event tcp_send_reset with TCP_ABORT_ON_CLOSE',
    'strace of the process',
  ],
  docs: {
    what: 'When a program closes a socket whose receive buffer still holds data, the kernel sends a RST instead of a FIN: it has bytes that nobody will ever read, and says so. Response data that was already sent may be lost with it. A process that is killed with unread data ends in the same way.',
    why: 'A server answers before it has read the whole request, rejects a connection after accept without reading, or a worker dies with requests in its buffer. A client stops reading a response half way.',
    tellApart: [
      {
        from: 'linger-zero',
        how: 'SO_LINGER 0 leaves the same RST. Only a receive window that was full and reopens in the RST, or the kernel’s own counter, separates the two.',
      },
      {
        from: 'process-crash',
        how: 'a killed process with unread data leaves the same RST; its exit is in the journal, not on the wire.',
      },
      { from: 'data-after-close', how: 'there the socket was already gone and a bare RST answers new data.' },
    ],
    sources: ['RFC 2525 §2.17', 'RFC 9293 §3.10.4', 'Linux net/ipv4/tcp.c __tcp_close: TCPAbortOnClose'],
  },
  tell({ facts }) {
    const what = facts.app.request?.line ?? `${facts.bytes[facts.receiver]} bytes`;
    return facts.sender === 'server' && facts.app.pending === true
      ? `${who(facts, 'server')} closed without answering (${what})`
      : `${who(facts, facts.sender)} closed it with a RST, as a kernel does while data is unread`;
  },
  judge({ facts, mechanism }) {
    if (mechanism.mechanism !== 'active-abort') return NO;
    const { sender, receiver, rst } = facts;
    const frame = rst.packet.frame;
    if (threwAwayFullBuffer(facts)) {
      return {
        outcome: 'fires',
        weight: 0.95,
        level: 'possible',
        twins: ['process-crash', 'killed', ...whyUnread(facts)],
        wouldTell:
          'whether the process closed the socket or died, and why it had not read: its log, and its exit in the journal.',
        evidence: [
          shown(
            facts,
            'window-reopens',
            [frame],
            `the receive buffer was full and is empty on the RST (window ${facts.windowOnRst}), with no window update between: what was in it was thrown away unread`,
            {
              expected: 'window 0',
              received: `window ${facts.windowOnRst}`,
            },
          ),
        ],
      };
    }
    if (facts.bytes[receiver] === 0) return NO;
    const twins: CauseId[] = ['linger-zero', 'process-crash', 'killed'];
    const wouldTell = `whether data was unread: TCPAbortOnClose on ${facts[sender].address}, or the trace event tcp_send_reset there.`;
    if (sender === 'server' && facts.app.pending === true) {
      if ((facts.idleMs ?? 0) < AT_ONCE_MS) twins.push('policy-abort');
      // A server without free descriptors accepts what waits and closes it unread (libuv, uv__emfile_trick).
      if (facts.bytes.server === 0) twins.push('resource-exhaustion');
      return {
        outcome: 'fires',
        weight: 0.6,
        level: 'possible',
        twins,
        wouldTell,
        evidence: [
          shown(
            facts,
            'request-unanswered',
            [facts.app.lastRunFrame, frame],
            `${facts.app.lastRunBytes > 0 ? `the client’s last ${facts.app.lastRunBytes} bytes` : `the ${facts.bytes.client} bytes that the client sent`} were acknowledged but never answered; the RST came ${lasting(facts.idleMs)} later`,
          ),
        ],
      };
    }
    const { request, response } = facts.app;
    if (sender === 'server' && request !== null && response !== null && refusedBody(facts)) {
      return {
        outcome: 'fires',
        weight: 0.6,
        level: 'possible',
        twins,
        wouldTell,
        evidence: [
          shown(
            facts,
            'error-response',
            [request.frame, response.frame, frame],
            `the server had answered “${response.line}” to a request with a body; who refuses a request seldom reads its body first`,
          ),
        ],
      };
    }
    if (facts.app.lastSpeaker !== receiver) return NO;
    return {
      outcome: 'fires',
      weight: 0.45,
      level: 'possible',
      twins,
      wouldTell,
      evidence: [
        shown(
          facts,
          'peer-spoke-last',
          [facts.half[receiver].lastDataFrame, frame],
          `${who(facts, receiver)} spoke last; whether its data was read cannot be seen on the wire`,
        ),
      ],
    };
  },
  remedies({ facts }) {
    return [
      {
        text: `In the application at ${who(facts, facts.sender)}: read what was received before closing, or close in two steps`,
        command: 'shutdown(fd, SHUT_WR); read until EOF or a deadline; close(fd)',
        why: 'An empty receive buffer makes close() send a FIN; shutdown first tells the peer that no more will come without throwing away what it sent.',
      },
      {
        text: 'If it rejects early, answer first and linger',
        command: 'nginx: lingering_close always;',
        why: 'The peer reads the answer before the connection ends, instead of losing it to the RST.',
      },
    ];
  },
  confirm({ facts }) {
    return [abortCounters(facts, facts.sender), socketsOn(facts, facts.sender), traceProcess(facts, facts.sender)];
  },
};

/** Nothing more fitted into its receive buffer, and on the RST all of it is free again: what was in it was never read. */
export function threwAwayFullBuffer({ windowLeft, windowOnRst }: ResetFacts): boolean {
  return windowLeft === 0 && windowOnRst > 0;
}

/** That nothing was read excludes no reason for it: a server that says nothing may refuse the rest, or the protocol. */
function whyUnread({ sender, bytes, app }: ResetFacts): readonly CauseId[] {
  if (sender !== 'server' || bytes.server > 0 || app.requestComplete === true) return [];
  return ['payload-rejected', 'protocol-mismatch'];
}

/** The last answer was an error to a request that carried a body: answered does not mean read. */
export function refusedBody({ app }: ResetFacts): boolean {
  const { request, response } = app;
  if (request === null || response === null || response.status < 400) return false;
  return request.framing === 'chunked' || request.bodyLength > 0;
}
