import { NO, type Cause } from './define.ts';
import { abortCounters, serviceJournal, socketsOn, who } from './telling.ts';

/** What is left when nothing explains the RST: said aloud, with what is missing. */
export const unknown: Cause = {
  id: 'unknown',
  title: 'the capture does not show why',
  mechanisms: ['active-abort', 'passive-answer', 'syn-answer', 'in-path-answer', 'forged', 'unknown'],
  who: 'the side whose address the RST claims, as far as the capture shows',
  requires: [],
  uses: ['the kernel’s reason on the sender’s host', 'a capture that begins earlier or lies nearer to the sender'],
  docs: {
    what: 'No cause fits what the capture shows, or too little of the connection is in it. The report then names the sender’s side and says what is missing, instead of guessing.',
    why: 'Captures begin late, see one direction, or are cut; and some reasons (memory, an operator, a crash) leave no mark on the wire.',
    tellApart: [],
    sources: [],
  },
  tell({ facts }) {
    return `a RST came in the name of ${who(facts, facts.sender)}, and the capture does not show why`;
  },
  judge() {
    return NO;
  },
  remedies({ facts }) {
    return [
      {
        text: 'Capture again, from before the connection opens, on the host whose address the RST carries',
        command: `tcpdump -ni any -s 256 -w reset.pcap 'host ${facts[facts.receiver].address} and port ${facts.server.port}'`,
        why: 'What precedes the RST, seen where it is sent, decides between most causes.',
      },
    ];
  },
  confirm({ facts }) {
    return [abortCounters(facts, facts.sender), socketsOn(facts, facts.sender), serviceJournal(facts, facts.sender)];
  },
};
