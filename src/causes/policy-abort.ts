import { NO, shown, type Cause } from './define.ts';
import { isBarren } from '../evidence/population.ts';
import { lasting, urlOf, who } from './telling.ts';

/** Accepted, then aborted by rule. */
export const policyAbort: Cause = {
  id: 'policy-abort',
  title: 'a rule of the server or proxy aborted the accepted connection',
  mechanisms: ['active-abort'],
  who: 'the server or proxy application',
  requires: ['a RST of a live server socket before any answer'],
  uses: ['the server’s configuration and log'],
  docs: {
    what: 'The connection is accepted, and a rule ends it at once: nginx return 444, a connection limit, an address list, a request filter in the proxy. Nothing is answered.',
    why: 'It costs the server least, and it hides from scanners. Legitimate clients that match the rule see a reset without explanation.',
    tellApart: [
      {
        from: 'unread-data',
        how: 'leaves the same bytes; only a pattern (always this path, this client, this rate) and the configuration tell.',
      },
      { from: 'process-crash', how: 'a crash hits everything in flight; a rule hits what it matches.' },
    ],
    sources: ['nginx return 444, limit_conn', 'HAProxy tcp-request connection reject, http-request reject'],
  },
  tell({ facts }) {
    return `${who(facts, 'server')} aborted it ${isBarren(facts) ? 'right after accepting it' : 'without an answer'}`;
  },
  judge({ facts, mechanism }) {
    if (mechanism.mechanism !== 'active-abort' || facts.sender !== 'server') return NO;
    if (facts.bytes.server > 0 || (facts.quietMs ?? 0) > 500) return NO;
    const frames = [facts.app.lastRunFrame, facts.rst.packet.frame];
    if (isBarren(facts)) {
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
