import type { Evidence } from '../evidence/evidence.ts';
import type { ResetFacts } from '../evidence/facts.ts';
import { NO, shown, type Cause } from './define.ts';
import { times } from './duration.ts';
import { hostPort, lasting, who } from './telling.ts';

/** The answer to the end of a handshake; later packets meet a socket that is gone for other reasons. */
const PROMPT_MS = 1000;

/** A handshake that the listener began and had no room to finish. */
export const backlogOverflow: Cause = {
  id: 'backlog-overflow',
  title: 'the listener’s accept queue was full',
  mechanisms: ['passive-answer'],
  who: 'the kernel of the server’s host',
  requires: [
    'a handshake in the capture',
    'a server that sent nothing but SYN+ACK',
    'a bare RST to the client’s ACK or data',
  ],
  uses: ['repeated SYN+ACKs', 'ListenOverflows of the host'],
  docs: {
    what: 'Finished handshakes wait in a queue until the application accepts them. When that queue is full, Linux ignores the client’s final ACK and repeats its SYN+ACK; the client believes that it is connected, and its data goes unanswered until the server has given up the handshake and answers with a bare RST. With tcp_abort_on_overflow=1 the RST answers the final ACK at once.',
    why: 'The application accepts more slowly than connections arrive: its event loop or its workers are busy, or it has no descriptors left to accept with. The queue is as long as the smaller of the backlog given to listen() and net.core.somaxconn.',
    tellApart: [
      {
        from: 'no-socket',
        how: 'there the server had accepted: it acknowledged or sent data before its socket vanished. Right after a handshake without repeated SYN+ACKs the two look the same.',
      },
      { from: 'refused', how: 'there no SYN+ACK comes at all.' },
      {
        from: 'policy-abort',
        how: 'an application that accepts and aborts sends RST+ACK with the state of a live socket.',
      },
    ],
    sources: [
      'Linux Documentation/networking/ip-sysctl.rst tcp_abort_on_overflow',
      'Linux Documentation/networking/snmp_counter.rst TcpExtListenOverflows',
      'listen(2)',
    ],
  },
  tell({ facts }) {
    const { retransmissions } = facts.half.server;
    return retransmissions > 0
      ? `${who(facts, 'server')} repeated its SYN+ACK ${times(retransmissions)}, never took the connection up, and answered the client with a RST`
      : `${who(facts, 'server')} answered the end of the handshake with a RST`;
  },
  judge({ facts, mechanism }) {
    const { server } = facts.half;
    const { trigger } = facts;
    if (mechanism.mechanism !== 'passive-answer' || facts.sender !== 'server' || !facts.startSeen) return NO;
    if (trigger === null || (trigger.kind !== 'ack' && trigger.kind !== 'data')) return NO;
    if (
      server.synAckNs < 0 ||
      server.packets > 1 + server.retransmissions ||
      server.dataPackets > 0 ||
      server.finFrame > 0
    )
      return NO;
    const evidence: Evidence[] = [
      shown(
        facts,
        'only-syn-ack',
        [trigger.packet.frame, facts.rst.packet.frame],
        'the server sent SYN+ACK and then nothing but the RST: it acknowledged no byte of the client',
      ),
    ];
    if (server.retransmissions > 0) {
      evidence.push(
        shown(
          facts,
          'syn-ack-repeated',
          synAcks(facts),
          `it repeated its SYN+ACK ${times(server.retransmissions)} although the client had completed the handshake`,
        ),
      );
      // Only where the client’s packets are seen to arrive is a path that loses them ruled out.
      if (facts.observedAt === 'server') return { outcome: 'fires', weight: 0.85, level: 'likely', evidence };
      return {
        outcome: 'fires',
        weight: 0.8,
        level: 'possible',
        evidence,
        wouldTell: `whether the client’s ACK and data reach ${facts.server.address} at all: a capture there, or TcpExtListenOverflows, which grows only when they do.`,
      };
    }
    const sinceMs = (trigger.packet.tNs - server.synAckNs) / 1e6;
    if (sinceMs > PROMPT_MS) return NO;
    evidence.push(
      shown(
        facts,
        'answers-handshake',
        [trigger.packet.frame, facts.rst.packet.frame],
        `the RST answers what the client sent ${lasting(sinceMs)} after the SYN+ACK`,
      ),
    );
    return {
      outcome: 'fires',
      weight: 0.7,
      level: 'possible',
      evidence,
      twins: ['no-socket'],
      wouldTell: `whether the queue was full: TcpExtListenOverflows on ${facts.server.address} while it happens, and whether tcp_abort_on_overflow is 1 there.`,
    };
  },
  remedies({ facts }) {
    const { port } = facts.server;
    return [
      {
        text: 'Accept faster: more workers, or no blocking work on the thread that accepts',
        command: `ss -ltn 'sport = :${port}'`,
        why: 'For a listener Recv-Q is the number of connections that wait for accept(); a longer queue only hides a shortage that lasts.',
      },
      {
        text: `Lengthen the queue of port ${port}, in the application and in the kernel`,
        command: `sysctl -w net.core.somaxconn=4096   # nginx: listen ${port} backlog=4096; Node: server.listen({ port: ${port}, backlog: 4096 }); gunicorn: --backlog 4096`,
        why: 'The kernel takes the smaller of the two numbers, and the application must listen anew to get the longer one.',
      },
      {
        text: 'Leave tcp_abort_on_overflow off',
        command: 'sysctl -w net.ipv4.tcp_abort_on_overflow=0',
        why: 'Off, the client’s repeated packets complete the connection once the queue has room, and a short burst costs a delay instead of an error.',
      },
    ];
  },
  confirm({ facts }) {
    const { address, port } = facts.server;
    return [
      {
        text: `On ${address}: overflows of accept queues since boot, twice, some seconds apart`,
        command: 'nstat -az TcpExtListenOverflows TcpExtListenDrops',
        why: 'ListenOverflows grows with each handshake that finds the queue full.',
      },
      {
        text: `On ${address}: the queue of ${hostPort(address, port)} while it happens`,
        command: `ss -ltn 'sport = :${port}'`,
        why: 'Recv-Q above Send-Q means that the queue is over its limit.',
      },
    ];
  },
};

function synAcks(facts: ResetFacts): number[] {
  const { isn } = facts.half.server;
  return facts.marks
    .filter(({ packet }) => packet.seq === isn && packet.side === facts.rst.packet.side)
    .map(({ packet }) => packet.frame);
}
