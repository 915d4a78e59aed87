import type { ResetFacts } from '../evidence/facts.ts';
import { NO, shown, type Cause } from './define.ts';
import { nearerThanBefore } from './nearer.ts';
import { lasting, who } from './telling.ts';

/** State timeouts that devices ship with, shortest first, in seconds; a quiet time just above one of them is telling. */
const COMMON_TIMEOUTS_S: readonly number[] = [60, 120, 240, 300, 350, 600, 900, 1800, 3600, 7200];
const MIN_QUIET_MS = 1500;

/** It was quiet long enough for a device to forget the connection. */
export function forgottenByThen(facts: ResetFacts): boolean {
  return unrefreshedMs(facts) >= MIN_QUIET_MS;
}

/** Time without a packet that refreshes a device’s state, milliseconds: to some, keep-alive probes do not count. */
function unrefreshedMs({ quietMs, idleMs, half }: ResetFacts): number {
  const probed = half.client.keepAlives + half.server.keepAlives > 0;
  return Math.max(quietMs ?? 0, probed ? (idleMs ?? 0) : 0);
}

/** A firewall or NAT forgot the connection and answers its next packet with a RST. */
export const firewallStateExpiry: Cause = {
  id: 'firewall-state-expiry',
  title: 'a firewall, NAT or load balancer forgot the idle connection',
  mechanisms: ['in-path-answer', 'passive-answer'],
  who: 'a firewall, NAT or load balancer between the two, in an endpoint’s name',
  requires: ['a long quiet', 'a RST that answers the first packet after it'],
  uses: ['the device’s state timeout', 'a capture on the far side of the device'],
  docs: {
    what: 'A stateful device keeps a table of connections and removes those that carry no packet for a while. The next packet then belongs to no known connection: the device drops it, or answers with a RST in the endpoint’s name, or lets it through to a host that does not know it either.',
    why: 'Tables are finite. Defaults range from 60 seconds to hours: NAT gateways and network load balancers 350 s, Azure 4 minutes, many firewalls one hour.',
    tellApart: [
      {
        from: 'no-socket',
        how: 'the endpoint’s own kernel sends the same bytes; its counters and a capture there tell.',
      },
      { from: 'idle-timeout', how: 'there the RST comes by itself; here it answers the first packet after the quiet.' },
      { from: 'stale-reuse', how: 'there the server had sent a FIN.' },
    ],
    sources: [
      'AWS NLB idle timeout 350 s',
      'Azure Load Balancer TCP reset',
      'FortiGate reset-sessionless-tcp',
      'Juniper tcp-rst',
    ],
  },
  tell({ facts }) {
    return `the first packet after ${lasting(unrefreshedMs(facts))} of quiet was answered with a RST in the name of ${who(facts, facts.sender)}`;
  },
  judge({ facts, mechanism }) {
    if (mechanism.mechanism !== 'passive-answer' && mechanism.mechanism !== 'in-path-answer') return NO;
    const { half, sender, trigger } = facts;
    const quietMs = unrefreshedMs(facts);
    const closed = half.client.finFrame > 0 || half.server.finFrame > 0;
    if (closed || !forgottenByThen(facts) || trigger === null) return NO;
    if (facts.phase === 'connect' || trigger.kind === 'syn-ack' || trigger.kind === 'syn') return NO;
    const telling = COMMON_TIMEOUTS_S.some((s) => quietMs >= s * 1000 && quietMs < s * 1150);
    const nearer = nearerThanBefore(facts);
    const otherSender = mechanism.actor !== 'endpoint';
    const weight = (quietMs >= 30_000 ? 0.5 : 0.3) + (telling ? 0.1 : 0) + (otherSender ? 0.25 : 0);
    return {
      outcome: 'fires',
      weight,
      level: mechanism.level === 'likely' && mechanism.mechanism === 'in-path-answer' ? 'likely' : 'possible',
      twins:
        mechanism.mechanism === 'in-path-answer' || nearer !== null
          ? ['firewall-reject', 'state-mismatch']
          : ['no-socket', 'firewall-reject'],
      wouldTell: `whether ${facts[sender].address} sent it: a capture on its side of the path, or keep-alives shorter than ${lasting(quietMs)} that make it disappear.`,
      evidence: [
        ...(nearer === null ? [] : [nearer]),
        shown(
          facts,
          'quiet-then-answered',
          [trigger.packet.frame, facts.rst.packet.frame],
          `no packet ${quietMs > (facts.quietMs ?? 0) ? 'but keep-alive probes' : 'at all'} for ${lasting(quietMs)}; the first one was answered with a RST`,
        ),
      ],
    };
  },
  remedies({ facts }) {
    const quietMs = unrefreshedMs(facts);
    const idleS = Math.max(1, Math.floor((quietMs / 1000) * 0.5));
    return [
      {
        text: 'Keep the state alive: TCP keep-alives from either end, more often than the device forgets',
        command: `TCP_KEEPIDLE ${Math.min(idleS, 300)}, TCP_KEEPINTVL 15, TCP_KEEPCNT 4     # Node: socket.setKeepAlive(true, ${Math.min(idleS, 300) * 1000})`,
        why: 'Any packet refreshes the device’s table; the application need not know.',
      },
      {
        text: 'Or retire pooled connections earlier',
        command: `pool idle timeout below ${lasting(quietMs)}`,
        why: 'A connection that is closed in time is never forgotten.',
      },
    ];
  },
  confirm({ facts }) {
    return [
      {
        text: 'On the Linux device: its timeout and this connection’s entry',
        command: `sysctl net.netfilter.nf_conntrack_tcp_timeout_established; conntrack -L -p tcp --dport ${facts.server.port}`,
        why: 'An entry that vanishes before the RST settles it.',
      },
      {
        text: `On ${facts[facts.sender].address}: whether the packet arrived at all`,
        command: `tcpdump -ni any 'host ${facts[facts.receiver].address} and port ${facts.server.port}'`,
        why: 'If the triggering packet is not seen there, something in between answered.',
      },
    ];
  },
};
