/** What surrounds one RST of a connection, from that RST's own claimed sender's point of view. */
import type { ResetFacts } from '../evidence/facts.ts';
import type { RstRecord } from '../flow/rst-record.ts';
import { onOneHost } from './one-host.ts';
import { who } from './telling.ts';

/** What surrounds a RST besides its own record. */
export interface Surroundings {
  readonly input: number;
  /** Round trip between the capture point and the claimed sender, milliseconds; null while unknown. */
  readonly rttMs: number | null;
  /** TTLs of that host in the whole capture, 0 when unknown or changing. */
  readonly hostTtl: ResetFacts['hostTtl'];
  /** The claimed sender for sentences, such as `the server 10.0.0.5:443`. */
  readonly sideText: string;
  /** Its peer, likewise. */
  readonly peerText: string;
  /** Both ends are one machine: nothing lies between them but its own rules. */
  readonly onOneHost: boolean;
  /** The capture was taken at the claimed sender. */
  readonly atSender: boolean;
  /** All RSTs of the connection, this one included, in the order of the capture. */
  readonly rsts: readonly RstRecord[];
}

export function surroundingsOf(facts: ResetFacts, rst: RstRecord): Surroundings {
  const side = rst.packet.side === facts.clientSide ? 'client' : 'server';
  return {
    input: facts.input,
    rttMs: facts.rttMs[side],
    hostTtl: side === facts.sender ? facts.hostTtl : { synAck: 0, segment: 0 },
    sideText: who(facts, side),
    peerText: who(facts, side === 'client' ? 'server' : 'client'),
    onOneHost: onOneHost(facts),
    atSender: facts.observedAt === side,
    rsts: facts.rsts,
  };
}

/** What would tell who sent a RST that its claimed sender did not send. */
export function whoElse(around: Surroundings): string {
  return around.onOneHost
    ? 'Which rule or program of that host sent it: the counters of its reject rules (nft list ruleset, iptables-save -c), which grow with the resets.'
    : 'Which device sent it: a capture on the other side of the suspect would show where this RST first appears.';
}
