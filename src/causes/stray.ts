import type { Evidence } from '../evidence/evidence.ts';
import type { ResetFacts } from '../evidence/facts.ts';
import type { Population } from '../evidence/population.ts';
import { NO, shown, type Cause, type Judgement, type ResetCase } from './define.ts';
import { hostPort, who } from './telling.ts';

/** A RST without its connection. */
export const stray: Cause = {
  id: 'stray',
  title: 'the capture does not show the connection that it belongs to',
  mechanisms: ['passive-answer', 'active-abort', 'syn-answer', 'unknown'],
  who: 'unknown: the packets before it are missing',
  requires: ['a connection of which the capture shows nothing but RSTs'],
  uses: ['its form', 'how many addresses the same host answers so', 'an earlier or wider capture'],
  docs: {
    what: 'A RST arrives and nothing else of its connection is in the capture: no SYN, no data, no answer. What it ended, and whether anything was lost, cannot be seen.',
    why: 'The capture began after the connection, the filter or the interface shows one direction only, the rest was lost while capturing, or there never was a connection: hosts that are attacked with forged source addresses answer to whoever really owns them (backscatter). The form of the RST narrows it: one with a window or timestamps comes from a live socket, so there was a connection; one with sequence number 0 refuses a SYN; a bare one answers a segment for which there was no socket.',
    tellApart: [
      { from: 'injected', how: 'a forged RST aims at a live connection, and that connection is in the capture.' },
      { from: 'port-scan', how: 'a scan is seen with its SYNs.' },
    ],
    sources: ['RFC 9293 §3.5.2'],
  },
  tell({ facts }) {
    return `a RST came from the address of ${who(facts, facts.sender)}, of a connection that the capture does not show`;
  },
  judge(input) {
    const { facts } = input;
    const { after } = facts.rst;
    if (!facts.startSeen && facts.half.server.synAckNs >= 0 && facts.half.client.packets === 0) {
      return backscatter(facts);
    }
    const others = facts.half.client.packets + facts.half.server.packets + after.anyFromSender + after.fromReceiver;
    if (others > 0) return NO;
    const frames = facts.rsts.slice(0, 5).map((rst) => rst.packet.frame);
    return {
      outcome: 'fires',
      weight: 0.9,
      level: 'possible',
      evidence: [
        shown(facts, 'nothing-but-rst', frames, 'no other packet of these addresses and ports is in the capture'),
        shown(facts, 'what-it-was', frames.slice(0, 1), whatItWas(input)),
        ...likewise(input),
      ],
      wouldTell: 'what it ended: a capture that begins earlier and shows both directions.',
    };
  },
  remedies({ facts }) {
    const { client, server } = facts;
    return [
      {
        text: 'Capture again: start before the connection opens, with both directions and without a filter on flags',
        command: `tcpdump -ni any -s 128 -w reset.pcap 'host ${client.address} and host ${server.address}'`,
        why: 'Who reset and why is read from the packets before a RST.',
      },
    ];
  },
  confirm({ facts, mechanism }) {
    const { address, port } = facts[facts.receiver];
    const other = facts[facts.sender].address;
    return [
      {
        text: `On ${address}: is there, or was there, a connection on ${hostPort(address, port)}?`,
        command: `ss -tanp 'sport = :${port}'`,
        why:
          mechanism.mechanism === 'active-abort'
            ? `${other} held a live socket when it sent this: the other end of it is here, or was.`
            : `If ${address} never talked to ${other}, somebody else used its address: backscatter, which needs no remedy.`,
      },
    ];
  },
};

/** SYN+ACKs that nobody asked for: the answers of an attacked server to SYNs with forged addresses. */
function backscatter(facts: ResetFacts): Judgement {
  return {
    outcome: 'fires',
    weight: 0.8,
    level: 'possible',
    evidence: [
      shown(
        facts,
        'unasked-syn-ack',
        [facts.firstFrame, facts.rst.packet.frame],
        `a SYN+ACK of ${facts.server.address} without a SYN before it: the capture begins later or sees one direction, or the SYN came from somebody else in the name of ${facts.client.address}`,
      ),
    ],
    wouldTell: 'whether that host ever sent the SYN: a capture on its own network.',
  };
}

/** What its form says of the connection that is missing. */
function whatItWas({ facts, mechanism }: ResetCase): string {
  const { address } = facts[facts.sender];
  switch (mechanism.mechanism) {
    case 'active-abort':
      return `it has the state of a live socket: ${address} held a connection that began before the capture, or whose other packets it does not show`;
    case 'syn-answer':
      return `it refuses a SYN that the capture does not show: it was sent before or by another way, or by somebody else in the name of ${facts[facts.receiver].address}`;
    default:
      return `it has the form of an answer to a segment that the capture does not show, by a kernel without a socket for it`;
  }
}

/** Addresses that one host answers though the capture shows none of them ask; so many are no gap of a capture. */
const MANY_ADDRESSES = 10;

function likewise({ facts, population }: ResetCase): Evidence[] {
  const strays = straysOf(population).get(facts[facts.sender].host) ?? 0;
  if (strays < MANY_ADDRESSES) return [];
  return [
    shown(
      facts,
      'many-strays',
      [],
      `${facts[facts.sender].address} sent such RSTs to ${strays} addresses: answers of a host that is flooded in their names, or one direction of its traffic`,
    ),
  ];
}

const STRAYS = new WeakMap<Population, ReadonlyMap<number, number>>();

/** By host id of the sender: to how many addresses it sent RSTs of connections that are not shown. */
function straysOf(population: Population): ReadonlyMap<number, number> {
  const before = STRAYS.get(population);
  if (before !== undefined) return before;
  const receivers = new Map<number, Set<number>>();
  for (const facts of population.resets) {
    if (facts.half.client.packets + facts.half.server.packets > 0) continue;
    const { host } = facts[facts.sender];
    const known = receivers.get(host);
    if (known === undefined) receivers.set(host, new Set([facts[facts.receiver].host]));
    else known.add(facts[facts.receiver].host);
  }
  const counts = new Map([...receivers].map(([host, { size }]) => [host, size]));
  STRAYS.set(population, counts);
  return counts;
}
