/** A reset as host evidence names it: both ends in one form, times in epoch seconds. */
import { ACK } from '../../wire/tcp.ts';
import { seqDiff } from '../../wire/seq.ts';
import type { Evidence } from '../evidence.ts';
import type { ResetFacts } from '../facts.ts';
import { endpointOf } from './endpoint.ts';

export interface Ends {
  readonly facts: ResetFacts;
  readonly sender: string;
  readonly receiver: string;
  /** When the decisive RST passed. */
  readonly at: number;
}

export function endsOf(facts: ResetFacts): Ends {
  const { sender, receiver } = facts;
  return {
    facts,
    sender: endpointOf(facts[sender].address, facts[sender].port),
    receiver: endpointOf(facts[receiver].address, facts[receiver].port),
    at: secondsOf(facts, facts.atNs),
  };
}

export function secondsOf(facts: ResetFacts, ns: number): number {
  return facts.baseSeconds + ns / 1e9;
}

/** RST+ACK that answers nothing, as tcp_send_active_reset makes it; an answer has no ACK flag, or the number 0. */
export function isActiveForm({ rst }: ResetFacts): boolean {
  return (rst.packet.flags & ACK) !== 0 && rst.packet.seq !== 0;
}

/** The sender's end showed no other RST: a process lets go of a socket once. */
export function isOnlyRst({ facts }: Ends): boolean {
  const own = facts.rsts.filter(
    ({ packet, duplicateOf }) => duplicateOf === null && packet.side === facts.rst.packet.side,
  );
  return own.length === 1 && facts.moreRsts[facts.sender] === 0;
}

/** Payload bytes of the receiver that the sender's kernel had taken by the time of its RST; null where the capture does not show it. */
export function takenByKernel(facts: ResetFacts): number | null {
  const from = facts.half[facts.receiver];
  if (!facts.startSeen || from.startSeq < 0 || !isActiveForm(facts)) return null;
  const { ack } = facts.rst.packet;
  const fin = from.finEnd >= 0 && seqDiff(ack, from.finEnd) >= 0 ? 1 : 0;
  const bytes = seqDiff(ack, from.startSeq) - fin;
  return bytes >= 0 ? bytes : null;
}

/** Evidence of a host: the place stands in the text, the frame is the RST's. */
export function hostEvidence(ends: Ends, fact: string, file: string, line: number, text: string): Evidence {
  const { facts } = ends;
  return {
    fact,
    frames: [{ input: facts.input, frame: facts.rst.packet.frame }],
    text: line > 0 ? `${file}:${line}: ${text}` : `${file}: ${text}`,
  };
}
