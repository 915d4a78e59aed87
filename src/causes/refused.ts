import type { Evidence } from '../evidence/evidence.ts';
import type { ResetFacts } from '../evidence/facts.ts';
import { lastBefore, nextAfter } from '../evidence/listener.ts';
import { listenerOf } from '../evidence/population.ts';
import { NO, shown, type Cause, type ResetCase } from './define.ts';
import { hostPort, lasting, who } from './telling.ts';

/** A SYN to a port on which nothing listens. */
export const refused: Cause = {
  id: 'refused',
  title: 'nothing accepts connections at that address and port',
  mechanisms: ['syn-answer'],
  who: 'the kernel of the server’s host, or a firewall that rejects with a RST',
  requires: ['a RST that answers a SYN'],
  uses: ['other connections to the same listener', 'the TTL that the host uses elsewhere'],
  docs: {
    what: 'The kernel finds no listener for the address and port of a SYN and answers with RST+ACK, window 0. The client’s connect() fails at once with ECONNREFUSED. No connection existed, so nothing was sent and nothing was lost.',
    why: 'The service is not started yet, has stopped or crashed, listens on another port, or only on another address: a listener on 127.0.0.1 refuses whatever arrives through the network. While a service restarts without handing over its listener, every SYN of that gap is refused.',
    tellApart: [
      {
        from: 'firewall-reject',
        how: 'a rule that rejects with tcp-reset answers in the same form; it comes from a nearer hop when its TTL is higher than that of the host, and a rule on the host itself leaves TcpOutRsts untouched.',
      },
      { from: 'connect-timeout', how: 'there nothing answers the SYN; a refusal takes one round trip.' },
      { from: 'backlog-overflow', how: 'there the listener exists and answers with SYN+ACK first.' },
    ],
    sources: ['RFC 9293 §3.5.2', 'RFC 9293 §3.10.7.1', 'Linux net/ipv4/tcp_ipv4.c tcp_v4_send_reset'],
  },
  tell({ facts }) {
    return `${who(facts, facts.sender)} refused it: a RST answered the SYN after ${lasting(facts.trigger?.delayMs ?? null)}`;
  },
  judge(input) {
    const { facts } = input;
    if (input.mechanism.mechanism !== 'syn-answer' || (facts.trigger === null && !facts.startSeen)) return NO;
    const evidence: Evidence[] = [
      shown(
        facts,
        'syn-refused',
        [facts.trigger?.packet.frame ?? facts.firstFrame, facts.rst.packet.frame],
        facts.trigger === null
          ? 'the RST acknowledges the SYN'
          : `the SYN in frame ${facts.trigger.packet.frame} was answered with a RST ${lasting(facts.trigger.delayMs)} later`,
        { expected: 'SYN+ACK', received: 'RST' },
      ),
    ];
    const open = acceptedAround(input);
    if (open !== null) evidence.push(shown(facts, 'accepts-at-times', [], open));
    const ttl = strangeTtl(facts);
    if (ttl === null) {
      const known =
        facts.hostTtl.synAck > 0 || facts.hostTtl.segment > 0 || facts.client.address === facts.server.address;
      if (known) return { outcome: 'fires', weight: 0.9, level: 'likely', evidence };
      return {
        outcome: 'fires',
        weight: 0.85,
        level: 'possible',
        twins: ['firewall-reject'],
        evidence,
        wouldTell: `whether the host or a firewall before it refused: nothing else of ${facts.server.address} is in this capture to compare the answer with.`,
      };
    }
    return {
      outcome: 'fires',
      weight: 0.6,
      level: 'possible',
      evidence: [...evidence, ttl],
      wouldTell: `whether a firewall refused it: a capture on ${facts.server.address}, where the SYN of a rejecting firewall never arrives.`,
    };
  },
  remedies({ facts, population }) {
    const { server } = facts;
    const listens = (listenerOf(population, facts)?.accepted.length ?? 0) > 0;
    const address = hostPort(server.address, server.port);
    const missing = {
      text: `Make the service listen on ${address}: start it, and bind it to that address or to all of them`,
      command: `ss -ltnp 'sport = :${server.port}'`,
      why: 'The local address in that list must be the one that clients use, or 0.0.0.0 or [::]; 127.0.0.1 and [::1] refuse the network.',
    };
    const gap = {
      text: `Keep the listener of ${address} open while the service restarts: socket activation, or a handover of the listener`,
      command: 'systemctl enable --now NAME.socket',
      why: 'systemd holds the listening socket, so SYNs of the gap wait in its queue until the new process accepts them.',
    };
    const retry = {
      text: 'Let the client try again after a short, growing, jittered pause',
      why: 'Nothing was sent before the refusal, so a retry can never carry out an operation twice.',
    };
    return listens ? [gap, retry, missing] : [missing, gap, retry];
  },
  confirm({ facts }) {
    const { server } = facts;
    return [
      {
        text: `On ${server.address}: does anything listen on port ${server.port}, and on which address?`,
        command: `ss -ltnp 'sport = :${server.port}'`,
        why: 'An empty list confirms the refusal; a listener on the right address speaks for a rule that rejects.',
      },
      {
        text: `On ${server.address} and on the firewalls before it: rules that reject with a RST`,
        command: `nft list ruleset | grep -n 'reject with tcp reset'; iptables-save | grep -- '--reject-with tcp-reset'`,
        why: 'Such a rule answers like a closed port.',
      },
    ];
  },
};

/** When the same listener did accept, in words; null when the capture shows no accepted connection. */
function acceptedAround({ facts, population }: ResetCase): string | null {
  const accepted = listenerOf(population, facts)?.accepted ?? [];
  if (accepted.length === 0) return null;
  const before = lastBefore(accepted, facts.firstNs);
  const after = nextAfter(accepted, facts.firstNs);
  const times = [
    before === undefined ? '' : `last ${lasting((facts.firstNs - before) / 1e6)} before this SYN`,
    after === undefined ? '' : `next ${lasting((after - facts.firstNs) / 1e6)} after it`,
  ];
  return `the same address and port accepted ${accepted.length === 1 ? 'another connection' : `${accepted.length} other connections`} (${times.filter(Boolean).join(', ')}): the listener was gone meanwhile, or a rule refuses some`;
}

/** The RST left the host with another TTL than its other packets; null when it fits or nothing is known. */
function strangeTtl(facts: ResetFacts): Evidence | null {
  const usual = [facts.hostTtl.synAck, facts.hostTtl.segment].filter((ttl) => ttl > 0);
  const { ttl, frame } = facts.rst.packet;
  if (usual.length === 0 || usual.includes(ttl)) return null;
  return shown(
    facts,
    'refusal-ttl',
    [frame],
    `the refusal has TTL ${ttl} where ${facts.server.address} otherwise uses ${usual[0]}`,
    {
      expected: `TTL ${usual[0]}`,
      received: `TTL ${ttl}`,
    },
  );
}
