import type { Evidence } from '../evidence/evidence.ts';
import type { ResetFacts } from '../evidence/facts.ts';
import { ACK, SYN } from '../wire/tcp.ts';
import { NO, shown, type Cause } from './define.ts';
import { hostPort, lasting, who } from './telling.ts';

/** A new connection with the addresses and ports of one that the server still remembers. */
export const tupleReuse: Cause = {
  id: 'tuple-reuse',
  title: 'a new connection took the ports of an old one that the server still knew',
  mechanisms: ['passive-answer'],
  who: 'the kernel of the client’s host',
  requires: ['the SYN', 'an ACK of the server that is no SYN+ACK', 'a bare RST of the client to it'],
  uses: ['a repeated SYN after the RST'],
  docs: {
    what: 'A SYN meets an old connection with the same addresses and ports that the server still holds open or keeps in TIME-WAIT. The server answers with a challenge ACK that carries the numbers of the old connection. The client expects a SYN+ACK, finds an acknowledgement of something that it never sent, and resets it. The RST removes the old connection, and the repeated SYN is accepted.',
    why: 'The client’s side forgot the old connection and the server did not: the client rebooted, a NAT gave the same port to another connection, or a process binds a fixed source port. It heals itself and costs the time until the SYN is repeated, usually one second.',
    tellApart: [
      { from: 'connect-cancelled', how: 'there the RST answers a SYN+ACK.' },
      { from: 'refused', how: 'there the server resets; here the client does, and then connects.' },
      { from: 'no-socket', how: 'there an established connection vanished; here one is being set up.' },
    ],
    sources: ['RFC 5961 §4.2', 'RFC 9293 §3.5.1', 'RFC 9293 §3.10.7.3'],
  },
  tell({ facts }) {
    return `${who(facts, 'client')} reset what the server still kept of an older connection with the same ports${facts.rst.after.anyFromSender > 0 ? ', then connected anew' : ''}`;
  },
  judge({ facts, mechanism }) {
    const { trigger, rst } = facts;
    const { client, server } = facts.half;
    if (facts.sender !== 'client' || (rst.packet.flags & ACK) !== 0 || trigger === null) return NO;
    const onlySyn = client.isn >= 0 && client.nextSeq === (client.isn + 1) >>> 0 && client.dataPackets === 0;
    if (!onlySyn || client.synNs < 0 || server.synAckNs >= 0) return NO;
    // The old connection may repeat its data or FIN instead; an answer to the SYN itself would acknowledge it.
    if (trigger.kind === 'syn' || trigger.kind === 'syn-ack' || trigger.packet.ack === client.nextSeq) return NO;
    const syn = synFrames(facts);
    const evidence: Evidence[] = [
      shown(
        facts,
        'challenge-ack',
        [syn.find((frame) => frame < rst.packet.frame) ?? facts.firstFrame, trigger.packet.frame, rst.packet.frame],
        `the SYN was answered with an ACK of another connection, and the client reset that ${lasting(trigger.delayMs)} later`,
        {
          expected: `SYN+ACK with acknowledgement ${client.nextSeq}`,
          received: `ACK with acknowledgement ${trigger.packet.ack}`,
        },
      ),
    ];
    if (rst.after.anyFromSender > 0) {
      evidence.push(
        shown(
          facts,
          'syn-repeated',
          syn.filter((frame) => frame > rst.packet.frame).slice(0, 1),
          `the client went on after its RST${rst.after.fromReceiver > 0 ? ' and was answered' : ', unanswered'}`,
        ),
      );
    }
    // An acknowledgement of the new SYN's own number knows that SYN: no older connection has to be behind it.
    const ofThisSyn = trigger.packet.ack === client.isn;
    if (mechanism.actor !== 'unknown' && !ofThisSyn)
      return { outcome: 'fires', weight: 0.92, level: 'likely', evidence };
    const wouldTell = `whether ${facts.server.address} held an older connection with these ports: \`ss -tan\` there, or an earlier capture.`;
    return { outcome: 'fires', weight: 0.6, level: 'possible', evidence, wouldTell };
  },
  remedies({ facts }) {
    const { client, server } = facts;
    return [
      {
        text: `Give ${client.address} more source ports, and let no process bind a fixed one`,
        command: 'sysctl -w net.ipv4.ip_local_port_range="10240 65535"',
        why: 'The more ports a host or NAT has, the later it comes back to one that the server still remembers.',
      },
      {
        text: `Let ${server.address} notice dead connections: keep-alive on the accepted sockets`,
        command:
          'setsockopt SO_KEEPALIVE 1, TCP_KEEPIDLE 60, TCP_KEEPINTVL 10, TCP_KEEPCNT 3   # nginx: listen … so_keepalive=60:10:3',
        why: 'An old connection that the server has dropped cannot stand in the way of a new one.',
      },
      {
        text: 'Open fewer connections: keep and reuse them',
        why: 'A pool takes a new source port only when it grows; behind a NAT with few ports this is what delays the next collision.',
      },
    ];
  },
  confirm({ facts }) {
    const { client, server } = facts;
    return [
      {
        text: `On ${server.address}: does it hold a connection with that address and port, and in which state?`,
        command: `ss -tano 'dst ${hostPort(client.address, client.port)} and sport = :${server.port}'`,
        why: 'An entry that is older than the new SYN is the old connection.',
      },
      {
        text: `On ${server.address}: SYNs that met an established connection`,
        command: 'nstat -az TcpExtTCPSYNChallenge TcpExtTCPChallengeACK',
        why: 'TCPSYNChallenge grows with each SYN that is answered with a challenge ACK.',
      },
    ];
  },
};

/** Frames of the client’s SYNs, the first and the repeated ones. */
function synFrames(facts: ResetFacts): number[] {
  return facts.marks
    .filter(({ packet }) => packet.side === facts.rst.packet.side && (packet.flags & (SYN | ACK)) === SYN)
    .map(({ packet }) => packet.frame);
}
