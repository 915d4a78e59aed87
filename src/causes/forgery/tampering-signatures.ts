/**
 * The 19 sequences of packets that Sundara Raman et al. ("Global, Passive Detection of Connection Tampering", SIGCOMM
 * 2023, Table 1) found in tampered connections, as a server saw them. They say how far the client had come and what
 * followed; they never say who did it, and innocent traffic leaves most of them too.
 */

/** How far the client had come when the connection ended. */
export type Stage = 'syn' | 'ack' | 'first-data' | 'later-data';

/** What ended it: silence, or RSTs of one claimed sender. */
export interface Ending {
  readonly silence?: true;
  /** Numbers of RSTs without and with ACK flag: at least, and at most (absent: any number). */
  readonly rst?: readonly [number, number?];
  readonly rstAck?: readonly [number, number?];
  /** For RSTs without ACK flag: what their acknowledgement fields are. */
  readonly acks?: 'same' | 'differ' | 'one-zero';
}

export interface TamperingSignature {
  /** As the paper writes it; ∅ is silence for more than three seconds. */
  readonly id: string;
  readonly stage: Stage;
  readonly ending: Ending;
}

export const TAMPERING_SIGNATURES: readonly TamperingSignature[] = [
  { id: 'SYN → ∅', stage: 'syn', ending: { silence: true } },
  { id: 'SYN → RST', stage: 'syn', ending: { rst: [1], rstAck: [0, 0] } },
  { id: 'SYN → RST+ACK', stage: 'syn', ending: { rst: [0, 0], rstAck: [1] } },
  { id: 'SYN → RST; RST+ACK', stage: 'syn', ending: { rst: [1], rstAck: [1] } },
  { id: 'SYN; ACK → ∅', stage: 'ack', ending: { silence: true } },
  { id: 'SYN; ACK → RST', stage: 'ack', ending: { rst: [1, 1], rstAck: [0, 0] } },
  { id: 'SYN; ACK → RST; RST', stage: 'ack', ending: { rst: [2], rstAck: [0, 0] } },
  { id: 'SYN; ACK → RST+ACK', stage: 'ack', ending: { rst: [0, 0], rstAck: [1, 1] } },
  { id: 'SYN; ACK → RST+ACK; RST+ACK', stage: 'ack', ending: { rst: [0, 0], rstAck: [2] } },
  { id: 'PSH+ACK → ∅', stage: 'first-data', ending: { silence: true } },
  { id: 'PSH+ACK → RST', stage: 'first-data', ending: { rst: [1, 1], rstAck: [0, 0] } },
  { id: 'PSH+ACK → RST+ACK', stage: 'first-data', ending: { rst: [0, 0], rstAck: [1, 1] } },
  { id: 'PSH+ACK → RST; RST+ACK', stage: 'first-data', ending: { rst: [1], rstAck: [1] } },
  { id: 'PSH+ACK → RST+ACK; RST+ACK', stage: 'first-data', ending: { rst: [0, 0], rstAck: [2] } },
  { id: 'PSH+ACK → RST = RST', stage: 'first-data', ending: { rst: [2], rstAck: [0, 0], acks: 'same' } },
  { id: 'PSH+ACK → RST ≠ RST', stage: 'first-data', ending: { rst: [2], rstAck: [0, 0], acks: 'differ' } },
  { id: 'PSH+ACK → RST; RST₀', stage: 'first-data', ending: { rst: [2], rstAck: [0, 0], acks: 'one-zero' } },
  { id: 'PSH+ACK; Data → RST', stage: 'later-data', ending: { rst: [1], rstAck: [0, 0] } },
  { id: 'PSH+ACK; Data → RST+ACK', stage: 'later-data', ending: { rst: [0, 0], rstAck: [1] } },
];
