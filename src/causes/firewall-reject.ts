import type { ResetFacts } from '../evidence/facts.ts';
import type { CauseId } from '../terms/causes.ts';
import { NO, shown, type Cause, type ResetCase } from './define.ts';
import { forgottenByThen } from './firewall-state-expiry.ts';
import { nearerThanBefore } from './nearer.ts';
import { onOneHost } from './one-host.ts';
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
    what: 'A packet filter with a rule “reject with tcp reset” drops the packet and answers its sender as if the other endpoint had. The other endpoint hears nothing; in the middle of a connection it goes on talking. Between two programs of one host it is a rule of that host.',
    why: 'REJECT instead of DROP spares clients a timeout. It hits live connections when a rule changes, when state is lost, or when a policy is applied to established traffic.',
    tellApart: [
      {
        from: 'refused',
        how: 'a closed port’s kernel sends the same bytes; another TTL, another delay, or OutRsts standing still on the host speaks for the firewall.',
      },
      { from: 'no-socket', how: 'the same: only the endpoint’s side can exclude it.' },
      {
        from: 'state-mismatch',
        how: 'another kernel, to which the packet was brought, answers in the same form and at another distance. Only an unfinished checksum or the direction of the packet shows a filter from one place.',
      },
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
  tell(input) {
    const { facts } = input;
    const filter = onOneHost(facts)
      ? 'a packet filter of this machine'
      : isOnTheHost(input)
        ? 'a packet filter of that host'
        : 'something in the path';
    return `${filter} answered with a RST in the name of ${who(facts, facts.sender)}`;
  },
  judge({ facts, mechanism }) {
    const { trigger, rst, sender, half } = facts;
    if (half[sender].finFrame > 0) return NO;
    if (mechanism.mechanism === 'in-path-answer') {
      if (mechanism.level === 'likely')
        return { outcome: 'fires', weight: 0.95, level: 'likely', evidence: mechanism.evidence };
      return {
        outcome: 'fires',
        weight: mechanism.actor === 'unknown' ? 0.5 : 0.8,
        level: 'possible',
        twins: forgottenByThen(facts) ? ['state-mismatch', 'firewall-state-expiry'] : ['state-mismatch'],
        evidence: mechanism.evidence,
        wouldTell: onOneHost(facts)
          ? `whether a filter answered, or the kernel: ${OWN_COUNTERS}.`
          : `whether a filter answered, or another host to which the packet was brought: the counters of the reject rules on the path, and whether several hosts answer for ${facts[sender].address} (anycast, equal-cost paths, a load balancer without a connection table).`,
      };
    }
    if (trigger === null) return NO;
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
    const nearer = nearerThanBefore(facts);
    if (signs.length === 0)
      return {
        outcome: 'cannot-tell',
        wouldTell: onOneHost(facts)
          ? `whether a packet filter answered for ${facts[sender].address}: ${OWN_COUNTERS}.`
          : `whether a firewall answered for ${facts[sender].address}: a capture behind it, or its reject counters.`,
      };
    return {
      outcome: 'fires',
      weight: 0.6,
      level: 'possible',
      twins: mechanism.mechanism === 'syn-answer' ? ['refused'] : twinsOf(facts, nearer !== null),
      evidence: nearer === null ? signs : [nearer, ...signs],
      wouldTell: onOneHost(facts)
        ? `who sent it: ${OWN_COUNTERS}; TTL alone is no proof.`
        : 'who sent it: a capture behind the suspected firewall; TTL alone is no proof.',
    };
  },
  remedies(input) {
    const { facts } = input;
    const own = isOnTheHost(input);
    const chains = own ? ['input', 'output'] : ['forward'];
    return [
      {
        text: own
          ? `Find the rule ${onOneHost(facts) ? 'of this machine' : `on ${facts[facts.sender].address}`} for ${facts.server.address}:${facts.server.port}`
          : `Find the rule on the way to ${facts.server.address}:${facts.server.port}`,
        command: "nft list ruleset | grep -n 'reject';   iptables-save -c | grep -n REJECT",
        why: 'The counter of the rule that grows with the resets is the culprit.',
      },
      {
        text: 'Let established connections pass before rejecting anything',
        command: chains
          .map((chain) => `nft insert rule inet filter ${chain} ct state established,related accept`)
          .join(';   '),
        why: 'A reject rule then meets only new connections.',
      },
    ];
  },
  confirm(input) {
    const { facts } = input;
    const outRsts = {
      text: `On ${facts[facts.sender].address}: did its kernel send RSTs?`,
      command: 'nstat -az TcpOutRsts',
      why: 'A REJECT does not count there; if the number stands still, somebody else sent them.',
    };
    if (isOnTheHost(input)) return [outRsts];
    return [
      outRsts,
      {
        text: 'At which hop an answer appears',
        command: `tcptraceroute -n ${facts.server.address} ${facts.server.port}     # or: traceroute -T -p ${facts.server.port} ${facts.server.address}`,
        why: 'The hop that answers with a RST before the last one is the device.',
      },
    ];
  },
};

/** The filter is one of the host whose address the RST bears. */
function isOnTheHost({ facts, mechanism }: ResetCase): boolean {
  return onOneHost(facts) || (mechanism.mechanism === 'in-path-answer' && mechanism.actor === 'endpoint');
}

/** Between two programs of one host no capture lies behind the filter. */
const OWN_COUNTERS = 'the counters of that host’s own reject rules (nft list ruleset, iptables-save -c)';

/** Others that answer so; from nearer than the host, the host itself is none of them. */
function twinsOf(facts: ResetFacts, isNearer: boolean): CauseId[] {
  const twins: CauseId[] = isNearer ? ['state-mismatch'] : ['no-socket', 'state-mismatch'];
  if (forgottenByThen(facts)) twins.push('firewall-state-expiry');
  return twins;
}
