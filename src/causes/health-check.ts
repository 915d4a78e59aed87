import { questionSeries } from '../evidence/question-series.ts';
import type { ResetFacts } from '../evidence/facts.ts';
import { isBarren, probeSeries, scanBy, type Population } from '../evidence/population.ts';
import { NO, shown, type Cause, type Judgement, type Remedy } from './define.ts';
import { forwards, hostPort, lasting, who } from './telling.ts';

const FORWARDER_BONUS = 0.1;

/** A probe that only asks whether a port accepts connections. */
export const healthCheck: Cause = {
  id: 'health-check',
  title: 'a health check ends its probes with a RST',
  mechanisms: ['active-abort', 'passive-answer'],
  who: 'a load balancer, proxy or monitor',
  requires: ['a handshake without data', 'a RST of the client'],
  uses: ['the same again, at an interval', 'the role of the client'],
  docs: {
    what: 'A load balancer or monitor connects, sees that the port accepts, and drops the connection with a RST without sending a byte, or after one short question. It comes back at an interval, for as long as the listener is watched.',
    why: 'The handshake has already answered the question. A RST ends the connection in one packet and leaves no TIME_WAIT socket behind on the prober, which opens thousands of them.',
    tellApart: [
      { from: 'connect-cancelled', how: 'a cancelled attempt is single; probes repeat at an interval.' },
      { from: 'port-scan', how: 'a scan visits many listeners once; probes visit few again and again.' },
      {
        from: 'client-abort',
        how: 'there the client leaves a request unanswered or an answer unfinished; a check that asks something asks the very same on a schedule, and has the answer.',
      },
    ],
    sources: ['RFC 9293 §3.6.1', 'socket(7) SO_LINGER'],
  },
  tell({ facts, population }) {
    const asked = questionSeries(population, facts);
    if (asked !== null)
      return `${who(facts, 'client')} asked its short question, had the answer and ended it with a RST, one of ${asked.count} such connections, one every ${lasting(asked.intervalMs)}`;
    const series = probeSeries(population, facts);
    const again =
      series === null
        ? ''
        : series.regular
          ? `, one of ${series.count} probes, one every ${lasting(series.intervalMs)}`
          : `, one of ${series.count} such connections`;
    return `${who(facts, 'client')} connected and ended it with a RST without sending a byte${again}`;
  },
  judge({ facts, population, mechanism }) {
    if (mechanism.mechanism !== 'active-abort' && mechanism.mechanism !== 'passive-answer') return NO;
    if (facts.sender !== 'client' || !facts.handshakeDone) return NO;
    if (!isBarren(facts)) return byQuestion(facts, population);
    const series = probeSeries(population, facts);
    // A host that knocks at many doors scans, however regularly; a load balancer is known by its role.
    if (!forwards(facts.client) && scanBy(population, facts.client.host) !== null) return NO;
    const bonus = forwards(facts.client) ? FORWARDER_BONUS : 0;
    if (series === null) {
      return {
        outcome: 'fires',
        weight: 0.2 + bonus,
        level: 'possible',
        evidence: [
          shown(
            facts,
            'probe-shape',
            [facts.firstFrame, facts.rst.packet.frame],
            'a handshake, no data, a RST of the client',
          ),
        ],
        twins: ['connect-cancelled'],
        wouldTell: `whether it is a health check: a capture that lasts several check intervals, in which ${facts.client.address} comes back.`,
      };
    }
    const { count, intervalMs, regular, frames } = series;
    if (!regular) {
      return {
        outcome: 'fires',
        weight: 0.6 + bonus,
        level: 'possible',
        evidence: [
          shown(
            facts,
            'probes',
            frames,
            `${facts.client.address} connected ${count} times, said nothing and reset; the intervals differ`,
          ),
        ],
        wouldTell: 'whether a schedule is behind it: a capture that lasts longer, or the list of checks of that host.',
      };
    }
    return {
      outcome: 'fires',
      weight: Math.min(0.98, 0.95 + bonus),
      level: 'likely',
      evidence: [
        shown(
          facts,
          'probes-on-schedule',
          frames,
          `${facts.client.address} connected ${count} times, about every ${lasting(intervalMs)}, said nothing and reset`,
        ),
      ],
    };
  },
  remedies({ facts }) {
    return [
      {
        text: `Leave these resets out of alerts: RSTs of ${facts.client.address} on ${isBarren(facts) ? 'connections without data' : 'its checks'}`,
        command: `tcpdump -ni any 'tcp[tcpflags] & tcp-rst != 0 and not (src host ${facts.client.address} and dst port ${facts.server.port})'`,
        why: 'Nothing that anybody waits for was on the connection, so nothing was lost; counted as errors they hide the resets that matter.',
      },
      ...(isBarren(facts) ? [REAL_REQUEST] : []),
    ];
  },
  confirm({ facts }) {
    const { client, server } = facts;
    return [
      {
        text: `On ${client.address}: is ${hostPort(server.address, server.port)} among its health checks, and at which interval?`,
        command: `grep -rnE 'check|health|probe' /etc/haproxy /etc/keepalived /etc/nginx 2>/dev/null`,
        why: 'A configured check with the measured interval settles it.',
      },
    ];
  },
};

const REAL_REQUEST: Remedy = {
  text: 'Or check with a real request',
  command: 'option httpchk GET /healthz   # HAProxy; Kubernetes: httpGet in place of tcpSocket',
  why: 'An answered request also shows that the application works; an open port shows only that its kernel does.',
};

/** A check that speaks: the very same question on a schedule, its answer, and a RST that spares a TIME_WAIT. */
function byQuestion(facts: ResetFacts, population: Population): Judgement {
  const series = questionSeries(population, facts);
  if (series === null) return NO;
  const { count, intervalMs, frames } = series;
  const text = `${facts.client.address} asked the same ${facts.bytes.client} bytes on ${count} connections, about every ${lasting(intervalMs)}, and reset each after the answer`;
  return {
    outcome: 'fires',
    weight: 0.7,
    level: 'possible',
    evidence: [shown(facts, 'questions-on-schedule', frames, text)],
    twins: ['benign-close'],
    wouldTell: `whether a check is behind it or a client that polls: the list of checks of ${facts.client.address}.`,
  };
}
