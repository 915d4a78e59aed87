import { isBarren, listenerOf, probeSeries, scanBy } from '../evidence/population.ts';
import type { ResetFacts } from '../evidence/facts.ts';
import { isSubflow } from './claims.ts';
import { SYN } from '../wire/tcp.ts';
import { NO, shown, type Cause } from './define.ts';
import { hostPort, lasting, who } from './telling.ts';

/** A client that changes its mind about a fresh connection does it at once. */
const FRESH_MS = 1000;

/** A connection attempt that the client no longer wanted when it succeeded. */
export const connectCancelled: Cause = {
  id: 'connect-cancelled',
  title: 'the client had given up this connection attempt',
  mechanisms: ['passive-answer', 'active-abort'],
  who: 'the client: its kernel, or the application',
  requires: ['a connection without data', 'a RST of the client'],
  uses: ['other attempts of the same client at that moment', 'the client’s connect timeout'],
  docs: {
    what: 'The client closed its socket while the connection was being set up. Closing before the SYN+ACK sends nothing; the SYN+ACK then meets a kernel without a socket, which answers with a bare RST. Closing just after the handshake can send RST+ACK instead of a FIN.',
    why: 'Happy Eyeballs (RFC 8305) tries several addresses a fraction of a second apart and drops the attempts that lose. A connect timeout shorter than the handshake does the same to every attempt, and so does a caller that cancels.',
    tellApart: [
      { from: 'health-check', how: 'a health check does it again and again, at an interval.' },
      { from: 'port-scan', how: 'a half-open scan leaves the same packets, but at many listeners.' },
      {
        from: 'tuple-reuse',
        how: 'there the client resets an ACK that belongs to an old connection, then repeats its SYN.',
      },
    ],
    sources: ['RFC 8305 §5', 'RFC 9293 §3.10.7.1', 'Linux net/ipv4/tcp_ipv4.c tcp_v4_send_reset'],
  },
  tell({ facts }) {
    return facts.trigger?.kind === 'syn-ack'
      ? `${who(facts, 'client')} had closed its socket when the SYN+ACK came${waited(facts)}`
      : `${who(facts, 'client')} reset it ${lasting(sinceOpen(facts))} after opening it, without a byte sent`;
  },
  judge({ facts, population, mechanism }) {
    if (facts.sender !== 'client' || !isBarren(facts) || facts.half.client.finFrame > 0) return NO;
    // A subflow may stay without data as long as another one carries it.
    if (isSubflow(facts)) return NO;
    if (scanBy(population, facts.client.host) !== null || probeSeries(population, facts) !== null) return NO;
    if (mechanism.mechanism === 'passive-answer' && facts.trigger?.kind === 'syn-ack') {
      if (!facts.startSeen) return NO;
      const anotherWon = listenerOf(population, facts)?.survivorClients.has(facts.client.host) === true;
      return {
        outcome: 'fires',
        weight: 0.8,
        level: anotherWon ? 'likely' : 'possible',
        ...(anotherWon ? {} : { twins: ['port-scan'] as const }),
        evidence: [
          shown(
            facts,
            'socket-gone-at-syn-ack',
            [facts.trigger.packet.frame, facts.rst.packet.frame],
            `the SYN+ACK found no socket on the client any more${waited(facts)}`,
            {
              expected: 'ACK',
              received: 'RST',
            },
          ),
        ],
      };
    }
    const sinceMs = sinceOpen(facts);
    if (mechanism.mechanism !== 'active-abort' || !facts.handshakeDone || sinceMs >= FRESH_MS) return NO;
    return {
      outcome: 'fires',
      weight: 0.4,
      level: 'possible',
      evidence: [
        shown(
          facts,
          'aborted-fresh',
          [facts.firstFrame, facts.rst.packet.frame],
          `the client aborted it ${lasting(sinceMs)} after its SYN; neither side had sent data`,
        ),
      ],
      twins: ['health-check', 'linger-zero'],
      wouldTell: `what ${facts.client.address} wanted: a longer capture, which shows whether it comes back at an interval, or its log.`,
    };
  },
  remedies({ facts }) {
    const handshakeMs = roundTrip(facts);
    return [
      {
        text: 'Leave it alone when another attempt of the same client won: that is how Happy Eyeballs works',
        why: 'Nothing was sent on the attempt that lost, so nothing is lost with it.',
      },
      {
        text: `If no other attempt won, raise the client’s connect timeout above the handshake${handshakeMs === null ? '' : `, which takes ${lasting(handshakeMs)} here`}`,
        command: 'new Agent({ connect: { timeout: 10_000, autoSelectFamilyAttemptTimeout: 1_000 } })   // undici',
        why: 'A limit below the round trip drops every attempt just before it succeeds; the second setting is the time that each address gets before the next is tried.',
      },
    ];
  },
  confirm({ facts }) {
    const { client, server } = facts;
    return [
      {
        text: `On ${client.address}: is there another connection to the same service at that moment?`,
        command: `tcpdump -nr CAPTURE 'host ${client.address} and tcp port ${server.port} and tcp[tcpflags] & (tcp-syn|tcp-rst) != 0'`,
        why: `A second SYN a fraction of a second beside the one to ${hostPort(server.address, server.port)}, to another address of the service, is Happy Eyeballs.`,
      },
    ];
  },
};

function sinceOpen(facts: ResetFacts): number {
  return (facts.atNs - facts.firstNs) / 1e6;
}

function handshake(facts: ResetFacts): number | null {
  const { client, server } = facts.half;
  return client.synNs >= 0 && server.synAckNs > client.synNs ? (server.synAckNs - client.synNs) / 1e6 : null;
}

/** From the SYN to the client’s answer to the SYN+ACK: a whole round trip wherever the capture was taken; null while unknown. */
function roundTrip(facts: ResetFacts): number | null {
  const handshakeMs = handshake(facts);
  const answer = facts.marks.find(({ packet }) => packet.side === facts.clientSide && !(packet.flags & SYN));
  if (handshakeMs === null) return null;
  const answeredNs = answer?.packet.tNs ?? facts.atNs;
  return answeredNs > facts.half.server.synAckNs ? (answeredNs - facts.half.client.synNs) / 1e6 : null;
}

function waited(facts: ResetFacts): string {
  const handshakeMs = handshake(facts);
  return handshakeMs === null ? '' : `, ${lasting(handshakeMs)} after its SYN`;
}
