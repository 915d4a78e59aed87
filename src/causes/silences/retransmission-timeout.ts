import { seqDiff } from '../../wire/seq.ts';
import type { Evidence } from '../../evidence/evidence.ts';
import { other, type SilenceFacts } from '../../evidence/facts.ts';
import { NO, shown, type SilenceCause } from '../define.ts';
import { times } from '../duration.ts';
import { lasting, who } from '../telling.ts';
import { growingPauses, repeatFrames, repeatsOf, worked } from './repeats.ts';

/** After quiet a forgotten state explains silence better than a peer that vanished at that very moment. */
const SHORT_MS = 1500;
const LONG_MS = 30_000;
const ENOUGH_REPEATS = 2;
/** The shortest retransmission timer of Linux (TCP_RTO_MIN); RFC 6298 §2.4 asks for a second. */
const TIMER_MS = 200;

/** A peer that stops answering in the middle of a transfer. */
export const retransmissionTimeout: SilenceCause = {
  id: 'retransmission-timeout',
  title: 'the peer stopped answering and retransmissions went unheard',
  who: 'a peer that vanished, or a path that broke',
  requires: ['a connection that worked', 'two or more unanswered repeats'],
  uses: ['the quiet before them', 'a capture on the other side'],
  docs: {
    what: 'Data or a FIN is repeated at growing intervals, and no acknowledgement comes. The sender gives up with ETIMEDOUT, on Linux after about 15 minutes by default. It sends no RST when it gives up; if the peer comes back later, its data gets a bare RST.',
    why: 'The peer lost power or its network, a route or link on the way broke, a firewall was changed or failed over without its states, or only packets of full size vanish because a hop with a smaller MTU drops them and its ICMP errors are filtered.',
    tellApart: [
      { from: 'idle-dropped', how: 'there the silence begins with the first packet after a long quiet.' },
      { from: 'dead-peer', how: 'there keep-alive probes gave up, which ends in a RST.' },
      {
        from: 'backlog-overflow',
        how: 'there the server repeats its SYN+ACK and acknowledges no byte, and answers a later packet with a RST once it has given the handshake up.',
      },
    ],
    sources: ['RFC 9293 §3.8.3', 'RFC 6298 §5', 'Linux Documentation/networking/ip-sysctl.rst tcp_retries2'],
  },
  tell({ facts }) {
    return `${who(facts, facts.unanswered)} repeated itself ${times(facts.repeats)} in ${lasting(facts.tryingMs)} and was not answered any more`;
  },
  judge({ facts }) {
    const { quietMs, repeats, tryingMs } = facts;
    if (facts.phase === 'connect' || !worked(facts) || repeats < ENOUGH_REPEATS || quietMs === null) return NO;
    const evidence = [
      shown(
        facts,
        'repeats-unanswered',
        repeatFrames(facts),
        `${repeatedRange(facts)}: sent again ${times(repeats)} in ${lasting(facts.tryingMs)}, never acknowledged${growingPauses(facts)}`,
      ),
      shown(facts, 'quiet-before', [], `${lasting(quietMs)} without a packet came before the first of them`),
    ];
    evidence.push(...onlyLarge(facts), ...neverAccepted(facts));
    const wouldTell = `whether the packets reach the other side: a capture on ${facts[facts.unanswered === 'client' ? 'server' : 'client'].address}.`;
    if (tryingMs < TIMER_MS) {
      const longer = 'whether it goes on: no retransmission timer is that short, and the capture ends here.';
      return { outcome: 'fires', weight: 0.3, level: 'possible', evidence, wouldTell: longer };
    }
    if (quietMs < SHORT_MS) return { outcome: 'fires', weight: 0.8, level: 'likely', evidence, wouldTell };
    return { outcome: 'fires', weight: quietMs < LONG_MS ? 0.4 : 0.12, level: 'possible', evidence, wouldTell };
  },
  remedies({ facts }) {
    const peer = facts[facts.unanswered === 'client' ? 'server' : 'client'];
    return [
      {
        text: 'Limit how long unacknowledged data may wait',
        command:
          'setsockopt TCP_USER_TIMEOUT 30000   # milliseconds; for all sockets: sysctl -w net.ipv4.tcp_retries2=8',
        why: 'The application learns of the broken path in seconds instead of a quarter of an hour, and can open another connection.',
      },
      {
        text: `If only large packets vanish, let TCP find the MTU towards ${peer.address} by itself`,
        command: 'sysctl -w net.ipv4.tcp_mtu_probing=1',
        why: 'Once a black hole is suspected Linux then tries smaller segments, without the ICMP errors that a firewall swallows.',
      },
      {
        text: 'Repeat only idempotent requests, and the others with an idempotency key',
        why: 'The request may have arrived, and only its answer may have been lost.',
      },
    ];
  },
  confirm({ facts }) {
    const from = facts[facts.unanswered];
    const peer = facts[facts.unanswered === 'client' ? 'server' : 'client'];
    return [
      {
        text: `On ${from.address}: do packets of full size pass?`,
        command: peer.address.includes(':')
          ? `ping -6 -M do -s 1452 ${peer.address}`
          : `ping -M do -s 1472 ${peer.address}`,
        why: 'If small pings pass and this one does not, a hop has a smaller MTU than 1500.',
      },
      {
        text: `On ${from.address}: the socket while it waits`,
        command: `ss -tino 'dst ${peer.address} and dport = :${peer.port}'`,
        why: 'The timer shows the next repeat, backoff and retrans how often it has tried.',
      },
    ];
  },
};

/** Payloads below this pass any path (RFC 9293 §3.7.1: 536 bytes by default, 1220 for IPv6). */
const LARGE_BYTES = 1200;

/** Every repeated segment is larger than any that was acknowledged: a hop that drops large packets does that. */
function onlyLarge(facts: SilenceFacts): Evidence[] {
  const repeated = repeatsOf(facts).filter(({ packet }) => packet.length > 0);
  const least = repeated.reduce((bytes, { packet }) => Math.min(bytes, packet.length), Number.POSITIVE_INFINITY);
  if (repeated.length === 0 || least < LARGE_BYTES) return [];
  const { side } = repeated[0]!.packet;
  const { acked } = facts.half[other(facts.unanswered)];
  const passed = facts.marks.filter(
    ({ packet }) =>
      packet.side === side && packet.length > 0 && acked >= 0 && seqDiff(packet.seq + packet.length, acked) <= 0,
  );
  const most = passed.reduce((bytes, { packet }) => Math.max(bytes, packet.length), 0);
  if (passed.length === 0 || most >= least) return [];
  return [
    shown(
      facts,
      'only-large-repeated',
      repeated.map(({ packet }) => packet.frame),
      `all ${repeated.length} repeats carry at least ${least} bytes; the largest of the ${passed.length} segments seen to be acknowledged carried ${most}: a hop with a smaller MTU would do that`,
    ),
  ];
}

/** The server never got beyond its SYN+ACK: its listener had no room, or the client’s packets did not arrive. */
function neverAccepted(facts: SilenceFacts): Evidence[] {
  const { server } = facts.half;
  const onlySynAck = server.synAckNs >= 0 && server.dataPackets === 0 && server.acked === facts.half.client.startSeq;
  if (facts.unanswered !== 'client' || !onlySynAck || server.retransmissions === 0) return [];
  return [
    shown(
      facts,
      'syn-ack-repeated',
      [],
      `the server repeated its SYN+ACK ${times(server.retransmissions)} and acknowledged no byte: its accept queue is full (TcpExtListenOverflows there), or nothing of the client arrives`,
    ),
  ];
}

/** `bytes 501 to 750`, counted from the first byte of that side as captures are read. */
function repeatedRange(facts: SilenceFacts): string {
  const repeated = repeatsOf(facts).filter(({ packet }) => packet.length > 0);
  const { startSeq } = facts.half[facts.unanswered];
  if (repeated.length === 0 || startSeq < 0) return 'the last packet';
  const starts = repeated.map(({ packet }) => seqDiff(packet.seq, startSeq) + 1);
  const ends = repeated.map(({ packet }) => seqDiff(packet.seq, startSeq) + packet.length);
  return `bytes ${Math.min(...starts)} to ${Math.max(...ends)}`;
}
