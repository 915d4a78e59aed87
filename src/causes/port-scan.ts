import { isBarren, probeSeries, scanBy } from '../evidence/population.ts';
import { NO, shown, type Cause } from './define.ts';
import { forwards, who } from './telling.ts';

/** One host that knocks at many listeners and says nothing at any. */
export const portScan: Cause = {
  id: 'port-scan',
  title: 'the client scans hosts or ports',
  mechanisms: ['passive-answer', 'syn-answer', 'active-abort'],
  who: 'the scanner causes it; closed ports are answered by the scanned host, open ones reset by the scanner',
  requires: ['a connection without data', 'ten or more listeners tried by the same client'],
  uses: ['the share of its attempts that carried data'],
  docs: {
    what: 'A scanner opens connections to many addresses or ports only to see what answers. Closed ports answer its SYN with a RST. For open ones a half-open scan sends bare SYNs: the SYN+ACK reaches a kernel without a socket, which resets it; a connect scan completes the handshake and closes.',
    why: 'Inventory, vulnerability and security scanners do it on purpose, and so does whoever looks for a way in. Each connection alone looks like a refusal or a cancelled attempt; only the number of targets tells.',
    tellApart: [
      { from: 'health-check', how: 'a health check comes back to the same few listeners at an interval.' },
      {
        from: 'connect-cancelled',
        how: 'a client that cancels has one or two targets, and another of its connections carries data.',
      },
      { from: 'refused', how: 'a client that is refused tries one service again and again, not one after the other.' },
    ],
    sources: ['RFC 9293 §3.5.2', 'nmap(1) -sS, -sT'],
  },
  tell({ facts, population }) {
    const tried = scanBy(population, facts.client.host);
    return `${who(facts, 'client')} probed it without sending a byte${tried === null ? '' : `, as it did with ${tried.targets} listeners`}`;
  },
  judge(input) {
    const { facts, population } = input;
    const { mechanism } = input.mechanism;
    if (mechanism !== 'passive-answer' && mechanism !== 'syn-answer' && mechanism !== 'active-abort') return NO;
    const tried = scanBy(population, facts.client.host);
    if (tried === null || !isBarren(facts)) return NO;
    // A load balancer that watches many hosts has many targets too; its role tells.
    if (forwards(facts.client) && probeSeries(population, facts)?.regular === true) return NO;
    const share = Math.floor((tried.barren / tried.attempts) * 100);
    return {
      outcome: 'fires',
      weight: 0.92,
      level: 'likely',
      evidence: [
        shown(
          facts,
          'many-targets',
          [facts.firstFrame],
          `${facts.client.address} tried ${tried.targets} different listeners`,
        ),
        shown(
          facts,
          'no-data',
          [facts.rst.packet.frame],
          `${share} % of its ${tried.attempts} attempts carried no data, this one included`,
        ),
      ],
    };
  },
  remedies({ facts }) {
    const { address } = facts.client;
    return [
      {
        text: `Find out whose scanner ${address} is; leave its resets out of alerts when it is yours`,
        why: 'A scan loses no request: nobody was waiting for these connections.',
      },
      {
        text: `If it is nobody’s you know, drop it before it reaches the listeners`,
        command: `nft insert rule inet filter input ip${address.includes(':') ? '6' : ''} saddr ${address} counter drop`,
        why: 'A dropped SYN tells a scanner nothing, where RST and SYN+ACK tell it which ports exist. The rule needs a table inet filter with a chain input.',
      },
    ];
  },
  confirm({ facts }) {
    return [
      {
        text: `Everything that ${facts.client.address} tried, in this capture`,
        command: `tshark -r CAPTURE -Y 'ip${facts.client.address.includes(':') ? 'v6' : ''}.src==${facts.client.address} && tcp.flags.syn==1 && tcp.flags.ack==0' -T fields -e ip${facts.client.address.includes(':') ? 'v6' : ''}.dst -e tcp.dstport | sort | uniq -c`,
        why: 'Many listeners with one or two SYNs each are a scan; few listeners with many SYNs are a client that retries.',
      },
    ];
  },
};
