import type { CauseId } from '../terms/causes.ts';
import { NO, shown, type Cause } from './define.ts';
import { forgottenByThen } from './firewall-state-expiry.ts';
import { nearerThanBefore } from './nearer.ts';
import { onOneHost } from './one-host.ts';
import { lasting, serviceJournal, socketsOn, who } from './telling.ts';

/** A kernel does not know the connection that it is asked about. */
export const noSocket: Cause = {
  id: 'no-socket',
  title: 'the host no longer knew the connection',
  mechanisms: ['passive-answer'],
  who: 'the kernel of the host that lost the connection, or received somebody else’s packet',
  requires: ['a bare RST', 'no FIN of its sender before'],
  uses: ['uptime and restarts of the host', 'the reason NO_SOCKET in the kernel trace', 'NAT and load-balancer tables'],
  docs: {
    what: 'A segment arrives for a connection of which the kernel has no trace, and RFC 9293 has it answer with a RST. The connection was not closed: it vanished. The host rebooted or failed over, a container was replaced under the same address, or the packet came to the wrong host.',
    why: 'State lives in one kernel. Whatever moves the address without the state (failover, reboot, a changed route, an expired NAT entry that now points elsewhere) makes the next packet meet a stranger.',
    tellApart: [
      { from: 'data-after-close', how: 'there the sender of the RST had sent a FIN before.' },
      {
        from: 'firewall-state-expiry',
        how: 'a firewall answers in the host’s name after a long quiet; another TTL or the host’s silent counters tell.',
      },
      {
        from: 'state-mismatch',
        how: 'there the host is up and other connections to it go on; an answer from nearer than all before, by TTL and by time, comes from another kernel.',
      },
    ],
    sources: ['RFC 9293 §3.5.2', 'Linux net/ipv4/tcp_ipv4.c tcp_v4_send_reset, SK_RST_REASON_NO_SOCKET'],
  },
  tell({ facts }) {
    return `${who(facts, facts.sender)} answered with a RST as if the connection had never existed${(facts.quietMs ?? 0) > 1000 ? `, after ${lasting(facts.quietMs)} of quiet` : ''}`;
  },
  judge({ facts, mechanism }) {
    if (mechanism.mechanism !== 'passive-answer') return NO;
    const { half, sender, trigger, rst } = facts;
    if (half[sender].finFrame > 0 || facts.phase === 'connect' || trigger?.kind === 'syn-ack') return NO;
    const known = facts.startSeen && facts.handshakeDone;
    const twins: CauseId[] = ['state-mismatch', 'firewall-reject'];
    if (forgottenByThen(facts)) twins.push('firewall-state-expiry');
    return {
      outcome: 'fires',
      weight: nearerThanBefore(facts) !== null ? 0.25 : known ? 0.6 : 0.45,
      level: 'possible',
      twins,
      wouldTell: onOneHost(facts)
        ? `whether the kernel of ${facts[sender].address} or a reject rule there sent it, and why: its uptime, and the trace event tcp_send_reset there.`
        : `whether ${facts[sender].address} itself sent it and why: its uptime, the trace event tcp_send_reset there, or a capture on its own interface.`,
      evidence: [
        shown(
          facts,
          known ? 'no-fin-before' : 'start-not-seen',
          [trigger?.packet.frame ?? 0, rst.packet.frame],
          known
            ? 'the capture saw the connection begin and no FIN since: it was not closed in order'
            : 'no FIN in this capture, which begins in the middle of the connection',
        ),
      ],
    };
  },
  remedies({ facts }) {
    return [
      {
        text: `Find out what ${facts[facts.sender].address} lost: a restart, a failover, a moved address or route`,
        command: `uptime -s; ip -s neigh; conntrack -L -d ${facts[facts.sender].address} 2>/dev/null | head`,
        why: 'A reboot, a virtual address that moved, or a NAT entry that expired each leave a time stamp that matches the RST.',
      },
      {
        text: `At ${who(facts, facts.receiver)}: notice dead connections early and reconnect`,
        command:
          'keep-alive: TCP_KEEPIDLE 30, TCP_KEEPINTVL 10, TCP_KEEPCNT 3; retry what was unanswered on a fresh connection',
        why: 'The probe, not the next request, then meets the RST.',
      },
    ];
  },
  confirm({ facts }) {
    const { sender } = facts;
    const captureThere = {
      text: 'Whether that host sent it',
      command: `tcpdump -ni any 'host ${facts[facts.receiver].address} and port ${facts.server.port} and tcp[tcpflags] & tcp-rst != 0'`,
      why: `Run on ${facts[sender].address}: a RST that is not seen leaving it was sent by somebody in between.`,
    };
    return [serviceJournal(facts, sender), ...(onOneHost(facts) ? [] : [captureThere]), socketsOn(facts, sender)];
  },
};
