import { NO, shown, type Cause } from './define.ts';
import { who } from './telling.ts';

/** A rule in the path answered with a RST in the endpoint's name (nf_reject_ipv4.c). */
export const firewallReject: Cause = {
  id: 'firewall-reject',
  title: 'a firewall rule rejected the packet in the endpoint’s name',
  mechanisms: ['in-path-answer', 'passive-answer', 'syn-answer'],
  who: 'a firewall in the path, or on the host itself',
  requires: ['a RST that answers a packet', 'signs of another sender'],
  uses: [
    'counters of the reject rule',
    'a capture behind the firewall',
    'TcpOutRsts of the endpoint, which does not count a REJECT',
  ],
  docs: {
    what: 'A packet filter with a rule “reject with tcp reset” drops the packet and answers its sender as if the other endpoint had. The other endpoint hears nothing; in the middle of a connection it goes on talking.',
    why: 'REJECT instead of DROP spares clients a timeout. It hits live connections when a rule changes, when state is lost, or when a policy is applied to established traffic.',
    tellApart: [
      {
        from: 'refused',
        how: 'a closed port’s kernel sends the same bytes; another TTL, another delay, or OutRsts standing still on the host speaks for the firewall.',
      },
      { from: 'no-socket', how: 'the same: only the endpoint’s side can exclude it.' },
      {
        from: 'injected',
        how: 'a REJECT answers a packet and replaces it; an injected RST comes beside the conversation.',
      },
    ],
    sources: [
      'Linux net/ipv4/netfilter/nf_reject_ipv4.c',
      'measured: REJECT leaves no tcp_send_reset event and no TcpOutRsts',
    ],
  },
  tell({ facts }) {
    return `something in the path answered with a RST in the name of ${who(facts, facts.sender)}`;
  },
  judge({ facts, mechanism }) {
    const { trigger, rst, sender, half } = facts;
    if (trigger === null || half[sender].finFrame > 0) return NO;
    if (mechanism.mechanism === 'in-path-answer') {
      return { outcome: 'fires', weight: 0.95, level: 'likely', evidence: mechanism.evidence };
    }
    if (mechanism.mechanism !== 'passive-answer' && mechanism.mechanism !== 'syn-answer') return NO;
    const signs = mechanism.evidence.filter((e) => e.fact === 'ttl-differs' || e.fact === 'df-differs');
    const knownTtl = mechanism.mechanism === 'syn-answer' ? facts.hostTtl.synAck || facts.hostTtl.segment : 0;
    if (knownTtl > 0 && knownTtl !== rst.packet.ttl && signs.length === 0) {
      signs.push(
        shown(
          facts,
          'ttl-differs',
          [rst.packet.frame],
          `TTL ${rst.packet.ttl} where ${who(facts, sender)} otherwise uses ${knownTtl}`,
          { expected: `TTL ${knownTtl}`, received: `TTL ${rst.packet.ttl}` },
        ),
      );
    }
    if (signs.length === 0)
      return {
        outcome: 'cannot-tell',
        wouldTell: `whether a firewall answered for ${facts[sender].address}: a capture behind it, or its reject counters.`,
      };
    return {
      outcome: 'fires',
      weight: 0.6,
      level: 'possible',
      twins: mechanism.mechanism === 'syn-answer' ? ['refused'] : ['no-socket', 'state-mismatch'],
      evidence: signs,
      wouldTell: 'who sent it: a capture behind the suspected firewall; TTL alone is no proof.',
    };
  },
  remedies({ facts }) {
    return [
      {
        text: `Find the rule on the way to ${facts.server.address}:${facts.server.port}`,
        command: "nft list ruleset | grep -n 'reject';   iptables-save -c | grep -n REJECT",
        why: 'The counter of the rule that grows with the resets is the culprit.',
      },
      {
        text: 'Let established connections pass before rejecting anything',
        command: 'nft insert rule inet filter forward ct state established,related accept',
        why: 'A reject rule then meets only new connections.',
      },
    ];
  },
  confirm({ facts }) {
    return [
      {
        text: `On ${facts[facts.sender].address}: did its kernel send RSTs?`,
        command: 'nstat -az TcpOutRsts',
        why: 'A REJECT does not count there; if the number stands still, somebody else sent them.',
      },
      {
        text: 'At which hop an answer appears',
        command: `tcptraceroute -n ${facts.server.address} ${facts.server.port}     # or: traceroute -T -p ${facts.server.port} ${facts.server.address}`,
        why: 'The hop that answers with a RST before the last one is the device.',
      },
    ];
  },
};
