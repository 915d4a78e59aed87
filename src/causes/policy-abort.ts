import type { ResetFacts } from '../evidence/facts.ts';
import { NO, shown, type Cause, type Judgement } from './define.ts';
import { isBarren } from '../evidence/population.ts';
import { RST } from '../wire/tcp.ts';
import { lasting, urlOf, who } from './telling.ts';

/** Accepted, then aborted by rule. */
export const policyAbort: Cause = {
  id: 'policy-abort',
  title: 'a rule of the server or proxy aborted the accepted connection',
  mechanisms: ['active-abort'],
  who: 'the server or proxy application',
  requires: ['a RST of a live server socket before any answer, or while the client’s window is closed'],
  uses: ['the server’s configuration and log'],
  docs: {
    what: 'The connection is accepted, and a rule ends it at once: nginx return 444, a connection limit, an address list, a request filter in the proxy. Nothing is answered, or the answer is cut short because the client does not take it in time. Whether that is a RST depends on the setting beside the rule: HAProxy’s tcp-request connection reject always sends one, nginx’s 444 only with reset_timedout_connection on, HAProxy’s http-request reject only with option nolinger and then behind a FIN.',
    why: 'It costs the server least, and it hides from scanners. Legitimate clients that match the rule see a reset without explanation.',
    tellApart: [
      {
        from: 'unread-data',
        how: 'leaves the same bytes; only a pattern (always this path, this client, this rate) and the configuration tell.',
      },
      { from: 'process-crash', how: 'a crash hits everything in flight; a rule hits what it matches.' },
      {
        from: 'dead-peer',
        how: 'a client that does not read answers the probes of its closed window; one that is gone answers nothing.',
      },
      {
        from: 'no-socket',
        how: 'HAProxy’s silent-drop takes the socket away without a word; what the client sends later gets the bare RST of a host that no longer knows the connection.',
      },
    ],
    sources: [
      'nginx return 444, limit_conn, reset_timedout_connection',
      'HAProxy tcp-request connection reject, http-request reject, silent-drop, option nolinger',
    ],
  },
  tell({ facts }) {
    const stalled = stalledMs(facts);
    if (stalled !== null) {
      return `${who(facts, 'server')} aborted it after ${who(facts, 'client')} had taken no data for ${lasting(stalled)}`;
    }
    return `${who(facts, 'server')} aborted it ${isBarren(facts) ? 'right after accepting it' : 'without an answer'}`;
  },
  judge({ facts, mechanism }) {
    if (mechanism.mechanism !== 'active-abort' || facts.sender !== 'server') return NO;
    const stalled = stalledMs(facts);
    if (stalled !== null) return outOfPatience(facts, stalled);
    if (facts.bytes.server > 0 || (facts.quietMs ?? 0) > 500) return NO;
    const frames = [facts.app.lastRunFrame, facts.rst.packet.frame];
    if (isBarren(facts)) {
      if (!facts.startSeen || !facts.handshakeDone) return NO;
      return {
        outcome: 'fires',
        weight: 0.55,
        level: 'possible',
        twins: ['linger-zero'],
        wouldTell: 'which rule: connection limits and address lists of the listener, and its log.',
        evidence: [
          shown(
            facts,
            'aborted-after-accept',
            frames,
            `accepted and aborted within ${lasting(facts.quietMs)}, before either side said anything`,
          ),
        ],
      };
    }
    if (facts.app.request === null || facts.app.requestComplete !== true) return NO;
    return {
      outcome: 'fires',
      weight: 0.3,
      level: 'possible',
      twins: ['unread-data', 'linger-zero', 'process-crash'],
      wouldTell: 'whether a rule matches this request: the server’s configuration (444, reject, limits) and its log.',
      evidence: [
        shown(
          facts,
          'aborted-at-once',
          frames,
          `a complete request was aborted ${lasting(facts.idleMs)} after it arrived`,
        ),
      ],
    };
  },
  remedies({ facts }) {
    if (stalledMs(facts) !== null) {
      return [
        {
          text: `Let ${who(facts, 'client')} read while it works, or raise the time that ${who(facts, 'server')} waits for a reader`,
          command: 'send_timeout 60s;   # nginx; HAProxy: timeout client 60s; Apache: Timeout 60',
          why: 'The limit counts from one successful write to the next: a client that pauses for longer with its buffer full loses the rest of the response.',
        },
      ];
    }
    return [
      {
        text: `Look for the rule on ${who(facts, 'server')} and answer with a status instead of a reset`,
        command:
          'nginx: return 403; instead of 444, limit_conn_status 429;   HAProxy: http-request deny deny_status 429',
        why: 'A status tells the client what to do; a reset makes it retry.',
      },
    ];
  },
  confirm({ facts }) {
    if (stalledMs(facts) !== null) {
      return [
        {
          text: `On ${facts.server.address}: the time that it waits for a reader`,
          command:
            "nginx -T | grep -nE 'send_timeout|reset_timedout';   grep -n 'timeout client' /etc/haproxy/haproxy.cfg",
          why: 'A limit as long as the window was closed settles it.',
        },
      ];
    }
    return [
      {
        text: 'The rules in force',
        command:
          "nginx -T | grep -nE '444|limit_(conn|req)|deny';   grep -nE 'reject|deny|maxconn' /etc/haproxy/haproxy.cfg",
        why: 'A rule that matches this request settles it.',
      },
      {
        text: 'The same request from another address',
        command: `curl -v ${urlOf(facts)}`,
        why: 'A rule on addresses or rates lets it pass.',
      },
    ];
  },
};

/** A window that closes for a moment is flow control at work. */
const PATIENCE_MS = 800;

/** How long the client’s window had been closed when the server aborted; null when it was open, or closed just now. */
function stalledMs(facts: ResetFacts): number | null {
  if (facts.half.client.window !== 0 || facts.bytes.server === 0) return null;
  const said = facts.marks.filter(({ packet }) => packet.side === facts.clientSide && !(packet.flags & RST));
  const open = said.findLastIndex(({ packet }) => packet.window !== 0);
  const closed = said[open + 1];
  if (closed === undefined) return null;
  const sinceMs = (facts.atNs - closed.packet.tNs) / 1e6;
  return sinceMs < PATIENCE_MS ? null : sinceMs;
}

function outOfPatience(facts: ResetFacts, stalled: number): Judgement {
  return {
    outcome: 'fires',
    weight: 0.75,
    level: 'possible',
    twins: ['linger-zero', 'process-crash'],
    wouldTell: `which limit: send_timeout of nginx, timeout client of HAProxy, or that of the application on ${facts.server.address}, and its log.`,
    evidence: [
      shown(
        facts,
        'window-closed',
        [facts.rst.packet.frame],
        `the client’s receive window had been closed for ${lasting(stalled)}: it did not read the ${facts.bytes.server} bytes that it had been sent`,
      ),
    ],
  };
}
