import { NO, shown, type SilenceCause } from '../define.ts';
import { hostPort, lasting, who } from '../telling.ts';
import { times } from '../duration.ts';
import { growingPauses, repeatFrames } from './repeats.ts';

/** Linux repeats an unanswered SYN after a second (RFC 6298 §2.1). */
const ENOUGH_MS = 1000;

/** A SYN that nobody answers. */
export const connectTimeout: SilenceCause = {
  id: 'connect-timeout',
  title: 'nothing answers the SYN',
  who: 'a firewall that drops, a route that leads nowhere, or a host that is down or overwhelmed',
  requires: ['a SYN without an answer', 'a second of patience, or a repeated SYN'],
  uses: ['a capture on the server'],
  docs: {
    what: 'The client’s SYN is neither accepted nor refused. It is repeated after 1, 2, 4, 8 seconds and so on; after about two minutes by Linux’s defaults, or earlier by the application’s own limit, connect() fails with ETIMEDOUT.',
    why: 'A firewall or security group drops the SYN, the address belongs to no running host, the answer takes a way on which it is lost, or the listener’s queue is full and Linux drops SYNs. Nothing was sent, so nothing was lost but time.',
    tellApart: [
      { from: 'refused', how: 'there a RST answers at once: a host is there, and a listener is not.' },
      { from: 'idle-dropped', how: 'there the connection had worked before.' },
    ],
    sources: ['RFC 9293 §3.8.3', 'RFC 6298 §2', 'Linux Documentation/networking/ip-sysctl.rst tcp_syn_retries'],
  },
  tell({ facts }) {
    return `${who(facts, 'client')} sent its SYN ${times(facts.repeats + 1)} and got no answer`;
  },
  judge({ facts }) {
    const { repeats, tryingMs, watchedMs } = facts;
    if (facts.phase !== 'connect' || facts.half.server.packets > 0) return NO;
    if (repeats < 1 && watchedMs < ENOUGH_MS) return NO;
    return {
      outcome: 'fires',
      weight: 0.9,
      level: 'likely',
      evidence: [
        shown(
          facts,
          'syn-unanswered',
          [facts.firstFrame, ...repeatFrames(facts)],
          repeats > 0
            ? `the SYN was repeated ${times(repeats)} in ${lasting(tryingMs)} without an answer${growingPauses(facts)}`
            : `the SYN was not answered in the ${lasting(watchedMs)} that the capture goes on`,
          { expected: 'SYN+ACK or RST', received: 'nothing' },
        ),
      ],
      wouldTell: `where it is lost: a capture on ${facts.server.address}, which shows whether the SYN arrives and whether an answer leaves.`,
    };
  },
  remedies({ facts }) {
    const { client, server } = facts;
    return [
      {
        text: `Allow ${client.address} to reach ${hostPort(server.address, server.port)} in every firewall and security group on the path`,
        command: `nft insert rule inet filter input ip${client.address.includes(':') ? '6' : ''} saddr ${client.address} tcp dport ${server.port} accept`,
        why: 'Dropped SYNs are the commonest reason for silence. The rule must stand before the one that drops.',
      },
      {
        text: 'Set a connect timeout of a few seconds in the client, and try the next address',
        command: 'new Agent({ connect: { timeout: 5_000 } })   // undici',
        why: 'A healthy handshake takes one round trip; a few seconds leave room for one or two repeated SYNs. Nothing was sent, so a retry is safe.',
      },
    ];
  },
  confirm({ facts }) {
    const { client, server } = facts;
    return [
      {
        text: `On ${server.address}: does the SYN arrive?`,
        command: `tcpdump -ni any 'tcp port ${server.port} and host ${client.address}'`,
        why: 'No SYN: it is lost on the way. A SYN without an answer: a local rule or a full queue. An answer: its way back is broken.',
      },
      {
        text: `On ${client.address}: how far TCP gets`,
        command: `traceroute -T -p ${server.port} ${server.address}`,
        why: 'The last hop that answers stands just before the one that drops.',
      },
      {
        text: `On ${server.address}: SYNs dropped because the listener could not take them`,
        command: 'nstat -az TcpExtListenOverflows TcpExtListenDrops TcpExtTCPReqQFullDrop',
        why: 'They grow when the queue is full, and stand still when a firewall drops.',
      },
    ];
  },
};
