import { other, type ResetFacts } from '../evidence/facts.ts';
import type { Side } from '../terms/actors.ts';
import { NO, shown, type Cause } from './define.ts';
import { lasting, who } from './telling.ts';

/** Keep-alive gave up (tcp_timer.c, tcp_keepalive_timer): the one timer of Linux whose end sends a RST. */
export const deadPeer: Cause = {
  id: 'dead-peer',
  title: 'the peer stopped answering, and its probes or retransmissions were given up by the other side',
  mechanisms: ['active-abort'],
  who: 'the kernel of the side that probed, or repeated its data',
  requires: ['keep-alive probes or retransmissions without an answer', 'a RST of the same side'],
  uses: ['the reason TCP_KEEPALIVE_TIMEOUT in the kernel trace', 'a capture near the silent side'],
  docs: {
    what: 'One side’s kernel probes an idle connection; when the configured number of probes stays unanswered it drops the connection, tells its application ETIMEDOUT and sends a RST. Systems other than Linux may send one as well when retransmissions of data stay unanswered. The RST is the messenger: the fault is the silence before it.',
    why: 'The peer lost power, moved networks or was cut off by a firewall that drops silently.',
    tellApart: [
      { from: 'idle-timeout', how: 'there no probe precedes the RST.' },
      {
        from: 'idle-dropped',
        how: 'the same silence without keep-alive: only retransmissions, and no RST from Linux, which sends none when it gives up on retransmissions; other systems may.',
      },
    ],
    sources: ['RFC 9293 §3.8.4', 'Linux net/ipv4/tcp_timer.c tcp_keepalive_timer, SK_RST_REASON_TCP_KEEPALIVE_TIMEOUT'],
  },
  tell({ facts }) {
    if (!hasProbed(facts))
      return `${who(facts, facts.sender)} gave up on ${who(facts, facts.receiver)}, which left ${facts.half[facts.sender].repeatsUnanswered} retransmissions unanswered`;
    return `${who(facts, facts.sender)} gave up on ${who(facts, facts.receiver)}, which left ${unansweredProbes(facts, facts.sender)} keep-alive probes unanswered`;
  },
  judge({ facts, mechanism }) {
    if (mechanism.mechanism !== 'active-abort') return NO;
    const { sender, receiver, half, rst } = facts;
    const probes = unansweredProbes(facts, sender);
    if (probes === 0 && gaveUpRepeating(facts)) {
      const repeats = half[sender].repeatsUnanswered;
      return {
        outcome: 'fires',
        weight: 0.75,
        level: 'possible',
        wouldTell: `whether the kernel gave up or the application did, which noticed the silence: the operating system and the log of ${facts[sender].address}.`,
        evidence: [
          shown(
            facts,
            'repeats-unanswered',
            [half[sender].lastFrame, rst.packet.frame],
            `${repeats} retransmissions unanswered; ${who(facts, receiver)} was last heard ${lasting((facts.atNs - half[receiver].lastNs) / 1e6)} before the RST`,
          ),
        ],
      };
    }
    // RFC 9293 §3.8.6.1: whoever waits for a closed window to open sends the same segments, and its peer is alive.
    if (probes === 0 || half[receiver].window === 0) return NO;
    return {
      outcome: 'fires',
      weight: probes > 1 ? 0.96 : 0.6,
      level: probes > 1 ? 'likely' : 'possible',
      evidence: [
        shown(
          facts,
          'probes-unanswered',
          [half[sender].lastFrame, rst.packet.frame],
          `${probes} keep-alive probe${probes > 1 ? 's' : ''} unanswered; ${who(facts, receiver)} was last heard ${lasting((facts.atNs - half[receiver].lastNs) / 1e6)} before the RST`,
        ),
      ],
    };
  },
  remedies({ facts }) {
    const sent = hasProbed(facts) ? 'Probes' : 'Retransmissions';
    return [
      {
        text: `Find where the packets to ${facts[facts.receiver].address} end: host down, address moved, or a firewall that forgot the connection and drops`,
        command: `tcpdump -ni any 'host ${facts[facts.sender].address} and port ${facts.server.port}'     # on ${facts[facts.receiver].address}`,
        why: `${sent} that arrive and are answered there are lost on the way back; ones that never arrive are lost on the way out.`,
      },
      hasProbed(facts)
        ? {
            text: 'If a firewall or NAT forgets idle connections, probe more often than it forgets',
            command:
              'TCP_KEEPIDLE below the shortest state timeout on the path (cloud NAT and load balancers: 240–350 s)',
            why: 'A probe refreshes the state of every packet filter on the path.',
          }
        : {
            text: `At ${who(facts, facts.sender)}: set how long data may stay unacknowledged, as long as the path may be gone and no longer`,
            command:
              'setsockopt TCP_USER_TIMEOUT 30000   # milliseconds; for all sockets of Linux: sysctl net.ipv4.tcp_retries2',
            why: 'Linux repeats for about 15 minutes by default (tcp_retries2 = 15); the limit of the socket goes before it. Keep-alive has no part in it: it rests while data is unacknowledged.',
          },
    ];
  },
  confirm({ facts }) {
    const { address } = facts[facts.sender];
    const command = `ss -tnoi '( sport = :${facts.server.port} or dport = :${facts.server.port} )'`;
    return hasProbed(facts)
      ? [
          {
            text: `On ${address}: keep-alive timers and probes of live connections`,
            command,
            why: 'timer:(keepalive,…,N) shows unanswered probes while it happens.',
          },
        ]
      : [
          {
            text: `On ${address}: retransmission timers of live connections`,
            command,
            why: 'timer:(on,…,N) and retrans show unanswered retransmissions while it happens.',
          },
          {
            text: `On ${address}: whether its kernel gives up`,
            command: 'nstat -az TcpExtTCPTimeouts TcpExtTCPAbortOnTimeout',
            why: 'TCPAbortOnTimeout grows with each connection that Linux itself gives up; where it stands still, the application did.',
          },
        ];
  },
};

/** It asked by keep-alive probes whether the peer is there; otherwise it repeated its data. */
function hasProbed(facts: ResetFacts): boolean {
  return unansweredProbes(facts, facts.sender) > 0;
}

/** Keep-alive waits a second at least for an answer; less than this, or than two round trips, is too short to miss one. */
const AWAITED_MS = 200;

/** Keep-alive probes of a side that its peer has had the time to answer, and did not. */
export function unansweredProbes({ half, rttMs, atNs }: ResetFacts, side: Side): number {
  const { keepAlivesUnanswered, lastNs } = half[side];
  const awaitedMs = Math.max(AWAITED_MS, 2 * (rttMs[other(side)] ?? 0));
  return (atNs - lastNs) / 1e6 < awaitedMs ? Math.max(0, keepAlivesUnanswered - 1) : keepAlivesUnanswered;
}

/** Fewer repeats in less time are a loss that is being repaired. */
const MANY_REPEATS = 5;
const LONG_MS = 5000;

/** The sender of the RST had repeated itself for long without any answer: it was not idle, and not answered. */
export function gaveUpRepeating({ half, sender, receiver, atNs }: ResetFacts): boolean {
  const heardNs = half[receiver].lastNs;
  return half[sender].repeatsUnanswered >= MANY_REPEATS && heardNs >= 0 && (atNs - heardNs) / 1e6 >= LONG_MS;
}
