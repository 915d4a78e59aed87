import { NO, type Cause } from './define.ts';
import { shapesOf } from './forgery/match-shape.ts';
import { tamperingEvidence } from './forgery/tampering.ts';
import { surroundingsOf } from './surroundings.ts';
import { who } from './telling.ts';

/** A RST that nobody at either end sent. */
export const injected: Cause = {
  id: 'injected',
  title: 'something in the path forged the RST',
  mechanisms: ['forged'],
  who: 'a middlebox: inspection device, intrusion prevention, filter, censor',
  requires: ['behaviour that contradicts the RST, or numbers that no honest stack uses', 'a second, independent sign'],
  uses: ['a capture at the claimed sender', 'TTL by hop', 'the device’s log'],
  docs: {
    what: 'A device that sees the traffic sends a RST in an endpoint’s name, often to both sides and more than once. The endpoint it claims to come from knows nothing of it and talks on.',
    why: 'Intrusion prevention, content filters, copyright and censorship systems end connections this way because they need not sit in line to do it.',
    tellApart: [
      {
        from: 'firewall-reject',
        how: 'a REJECT answers a packet and stops it; an injected RST races the conversation.',
      },
      { from: 'linger-zero', how: 'a real abort ends its sender’s talk; nothing new follows it.' },
    ],
    sources: [
      'docs/forged.md: the signs, sequences and shapes that are used, each with its source',
      'Weaver, Sommer, Paxson, NDSS 2009',
      'Sundara Raman et al., SIGCOMM 2023',
      'RFC 3360',
    ],
  },
  tell({ facts, mechanism }) {
    const name = who(facts, facts.sender);
    if (mechanism.actorLevel === 'proof') return `a RST in the name of ${name} was forged: it never left that host`;
    return mechanism.evidence.some(({ fact }) => fact === 'claimed-sender-talks-on')
      ? `a RST in the name of ${name} was forged: that host talks on as if it had not sent it`
      : `a RST in the name of ${name} was ${mechanism.level === 'likely' ? '' : 'perhaps '}forged: no honest stack numbers its RSTs like this`;
  },
  judge({ facts, population, mechanism }) {
    if (mechanism.mechanism !== 'forged') return NO;
    const byTool = shapesOf(facts.rst, surroundingsOf(facts, facts.rst)).some(({ id }) => id === 'tcpkill');
    const tampering = tamperingEvidence(facts, population);
    const evidence = tampering === null ? mechanism.evidence : [...mechanism.evidence, tampering];
    if (byTool) {
      return {
        outcome: 'fires',
        weight: 0.8,
        level: 'possible',
        twins: ['killed'],
        evidence,
        wouldTell:
          'whether somebody ran tcpkill or a device does the same of its own accord: the processes of the hosts on the path, at that moment.',
      };
    }
    return mechanism.level === 'likely'
      ? { outcome: 'fires', weight: 0.93, level: 'likely', evidence }
      : { outcome: 'fires', weight: 0.6, level: 'possible', evidence };
  },
  remedies({ facts, mechanism }) {
    const proved = mechanism.actorLevel === 'proof';
    return [
      {
        text: proved
          ? 'Find the device: capture between these places as well, and read all captures together'
          : 'Find the device: capture on both ends at once and read both captures together',
        command: proved
          ? `tcpdump -ni any -w between.pcap 'host ${facts[facts.receiver].address} and port ${facts.server.port}'`
          : `tcpdump -ni any -w end.pcap 'host ${facts[facts.receiver].address} and port ${facts.server.port}'     # on ${facts[facts.sender].address}, too`,
        why: proved
          ? 'Each place that has the RST, or has it not, halves the path.'
          : 'A RST that one end receives and the other never sent is proof, and the hop between narrows it down.',
      },
      {
        text: 'Ask whoever runs inspection on the path, with the frames above',
        command: 'VPN or IPsec between the two ends, until then',
        why: 'TLS hides the content but not the TCP header; only encryption below TCP prevents forged RSTs.',
      },
    ];
  },
  confirm({ facts }) {
    return [
      {
        text: `On ${facts[facts.sender].address}: did it send a RST?`,
        command: 'nstat -az TcpOutRsts TcpExtTCPChallengeACK',
        why: 'Its own counter stands still when somebody else sent it.',
      },
    ];
  },
};
