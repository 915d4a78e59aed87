import { NO, shown, type Cause } from './define.ts';
import { forgottenByThen } from './firewall-state-expiry.ts';
import { nearerThanBefore } from './nearer.ts';
import { lasting, who } from './telling.ts';

/** The packet reached a kernel under addresses or at a host where the connection does not exist. */
export const stateMismatch: Cause = {
  id: 'state-mismatch',
  title:
    'a packet reached a kernel that does not hold the connection: its translation was lost, or it went to another back end',
  mechanisms: ['passive-answer', 'in-path-answer'],
  who: 'the kernel that received the packet',
  requires: ['a bare RST in the middle of an active connection'],
  uses: ['conntrack -S (invalid, insert_failed)', 'a capture behind the NAT or load balancer'],
  docs: {
    what: 'The connection lives, but one packet of it arrives un-translated or at another back end: conntrack finds it INVALID and lets it through without NAT, or an ECMP, anycast or DSR hash moves it. The kernel that gets it has no such socket and answers with a RST, which kills the real connection.',
    why: 'conntrack marks packets outside the window as INVALID; kube-proxy then does not rewrite them (kubernetes issue 74839). Load balancers without connection tables rehash when a back end joins or leaves.',
    tellApart: [
      {
        from: 'no-socket',
        how: 'there the host itself lost the connection and answers from where it always did; here another kernel never had it. An answer from nearer than all before, by TTL and by time, tells.',
      },
      {
        from: 'firewall-reject',
        how: 'the bytes are the same, and the host that holds the connection talks on in both cases. The counter of a reject rule, or a capture behind the load balancer, tells.',
      },
      { from: 'injected', how: 'the RST is honest: it comes from a real kernel, in answer to a real packet.' },
    ],
    sources: [
      'kubernetes issues 74839 and 117924',
      'Documentation/networking/nf_conntrack-sysctl.rst: nf_conntrack_tcp_be_liberal',
    ],
  },
  tell({ facts }) {
    return `a kernel without the connection answered in the name of ${who(facts, facts.sender)}, ${lasting(facts.quietMs)} after the connection was in use`;
  },
  judge({ facts, mechanism }) {
    if (mechanism.mechanism !== 'passive-answer' && mechanism.mechanism !== 'in-path-answer') return NO;
    const { half, sender, trigger } = facts;
    if (half[sender].finFrame > 0 || facts.phase === 'connect' || trigger === null || trigger.kind === 'syn-ack')
      return NO;
    if (half[sender].dataPackets === 0 || (facts.quietMs ?? Infinity) > 1000) return NO;
    if (mechanism.mechanism === 'in-path-answer') {
      // A filter is known by its unfinished checksum or by the packet's direction: no other kernel answered.
      if (mechanism.level === 'likely') return NO;
      return {
        outcome: 'fires',
        weight: mechanism.actor === 'unknown' ? 0.5 : 0.4,
        level: 'possible',
        twins: ['firewall-reject'],
        evidence: mechanism.evidence,
        wouldTell: `which host answered: a capture behind the load balancer or translation, and whether several hosts answer for ${facts[sender].address}.`,
      };
    }
    const nearer = nearerThanBefore(facts);
    return {
      outcome: 'fires',
      weight: nearer === null ? 0.4 : 0.6,
      level: 'possible',
      twins: [
        ...(nearer === null ? (['no-socket'] as const) : []),
        'firewall-reject',
        ...(forgottenByThen(facts) ? (['firewall-state-expiry'] as const) : []),
      ],
      wouldTell:
        'whether the packet was translated and delivered where the connection lives: conntrack -S on the NAT, and a capture behind it.',
      evidence: [
        ...(nearer === null ? [] : [nearer]),
        shown(
          facts,
          'active-until-then',
          [trigger.packet.frame, facts.rst.packet.frame],
          `the connection was in use ${lasting(facts.quietMs)} before, without any FIN`,
        ),
      ],
    };
  },
  remedies() {
    return [
      {
        text: 'Where conntrack does the translation: accept packets outside the window, or drop INVALID ones',
        command:
          'sysctl -w net.netfilter.nf_conntrack_tcp_be_liberal=1     # or: nft insert rule … ct state invalid drop',
        why: 'A packet that is dropped is sent again; one that arrives untranslated kills the connection.',
      },
    ];
  },
  confirm() {
    return [
      {
        text: 'On the NAT: invalid packets',
        command: "conntrack -S | grep -o 'invalid=[0-9]*\\|insert_failed=[0-9]*'",
        why: 'A count that grows with the resets names conntrack.',
      },
    ];
  },
};
