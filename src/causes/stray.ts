import type { ResetFacts } from '../evidence/facts.ts';
import { NO, shown, type Judgement, type Cause } from './define.ts';
import { hostPort, who } from './telling.ts';

/** A RST without its connection. */
export const stray: Cause = {
  id: 'stray',
  title: 'the capture does not show the connection that it belongs to',
  mechanisms: ['passive-answer', 'active-abort', 'unknown'],
  who: 'unknown: the packets before it are missing',
  requires: ['a connection of which the capture shows nothing but RSTs'],
  uses: ['an earlier or wider capture'],
  docs: {
    what: 'A RST arrives and nothing else of its connection is in the capture: no SYN, no data, no answer. What it ended, and whether anything was lost, cannot be seen.',
    why: 'The capture began after the connection, the filter or the interface shows one direction only, the rest was lost while capturing, or there never was a connection: hosts that are attacked with forged source addresses answer to whoever really owns them (backscatter).',
    tellApart: [
      { from: 'injected', how: 'a forged RST aims at a live connection, and that connection is in the capture.' },
      { from: 'port-scan', how: 'a scan is seen with its SYNs.' },
    ],
    sources: ['RFC 9293 §3.5.2'],
  },
  tell({ facts }) {
    return `${who(facts, facts.sender)} sent a RST of a connection that the capture does not show`;
  },
  judge({ facts }) {
    const { after } = facts.rst;
    if (!facts.startSeen && facts.half.server.synAckNs >= 0 && facts.half.client.packets === 0)
      return backscatter(facts);
    const others = facts.half.client.packets + facts.half.server.packets + after.anyFromSender + after.fromReceiver;
    if (others > 0) return NO;
    return {
      outcome: 'fires',
      weight: 0.9,
      level: 'possible',
      evidence: [
        shown(
          facts,
          'nothing-but-rst',
          facts.rsts.slice(0, 5).map((rst) => rst.packet.frame),
          'no other packet of these addresses and ports is in the capture',
        ),
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
  confirm({ facts }) {
    const { address, port } = facts[facts.receiver];
    return [
      {
        text: `On ${address}: is there, or was there, a connection on ${hostPort(address, port)}?`,
        command: `ss -tanp 'sport = :${port}'`,
        why: `If ${address} never talked to ${facts[facts.sender].address}, somebody else used its address: backscatter, which needs no remedy.`,
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
