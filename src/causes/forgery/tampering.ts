/** Which tampering signature a reset connection bears, and the innocent traffic that bears the same ones. */
import type { Evidence } from '../../evidence/evidence.ts';
import type { ResetFacts, SilenceFacts } from '../../evidence/facts.ts';
import { scanBy, type Population } from '../../evidence/population.ts';
import type { RstRecord } from '../../flow/rst-record.ts';
import { ACK, SYN } from '../../wire/tcp.ts';
import { shown } from '../define.ts';
import { TAMPERING_SIGNATURES, type Ending, type Stage, type TamperingSignature } from './tampering-signatures.ts';

type Facts = ResetFacts | SilenceFacts;

/** The signature of the connection as evidence, when no innocent explanation is at hand; null otherwise. */
export function tamperingEvidence(facts: ResetFacts, population: Population): Evidence | null {
  const signature = signatureOf(facts);
  if (signature === null || lookAlikeOf(facts, population) !== null) return null;
  const frames = facts.rsts.filter((rst) => rst.duplicateOf === null).map((rst) => rst.packet.frame);
  return shown(
    facts,
    'tampering-signature',
    frames.slice(0, 4),
    `its packets follow ⟨${signature.id}⟩, one of the sequences that measurements found in tampered connections (Sundara Raman et al. 2023); alone it accuses nobody`,
  );
}

/** The first signature of the table that the connection bears; null when it began before the capture or bears none. */
export function signatureOf(facts: Facts): TamperingSignature | null {
  const stage = stageOf(facts);
  if (stage === null) return null;
  return (
    TAMPERING_SIGNATURES.find(
      (one) =>
        one.stage === stage && (facts.kind === 'silence' ? one.ending.silence === true : endsWith(one.ending, facts)),
    ) ?? null
  );
}

/** How far the client had come before the first RST; null where the capture does not show it. */
function stageOf(facts: Facts): Stage | null {
  const half = facts.kind === 'silence' ? facts.half : beforeFirstRst(facts);
  const { client } = half;
  if (client.synNs < 0) return null;
  if (client.dataPackets > 1) return 'later-data';
  if (client.dataPackets === 1) return 'first-data';
  return client.acked >= 0 ? 'ack' : 'syn';
}

function beforeFirstRst(facts: ResetFacts): Facts['half'] {
  const first = facts.rsts[0]!;
  return first.packet.side === facts.clientSide
    ? { client: first.from, server: first.to }
    : { client: first.to, server: first.from };
}

function endsWith({ silence, rst = [0, 0], rstAck = [0, 0], acks }: Ending, facts: ResetFacts): boolean {
  if (silence === true) return false;
  const { side } = facts.rst.packet;
  const own = facts.rsts.filter((one) => one.packet.side === side && one.duplicateOf === null);
  // A refusal by the server is no tampering: in the paper the RSTs bear the client's name.
  if (facts.sender === 'server' && stageOf(facts) === 'syn') return false;
  const bare = own.filter((one) => (one.packet.flags & ACK) === 0);
  if (!within(bare.length, rst) || !within(own.length - bare.length, rstAck)) return false;
  return acks === undefined || acksAre(acks, bare);
}

function within(count: number, [least, most]: readonly [number, number?]): boolean {
  return count >= least && (most === undefined || count <= most);
}

function acksAre(wanted: 'same' | 'differ' | 'one-zero', bare: readonly RstRecord[]): boolean {
  const values = new Set(bare.map((one) => one.packet.ack));
  const oneZero = values.has(0) && values.size > 1;
  if (wanted === 'one-zero') return oneZero;
  return wanted === 'same' ? values.size === 1 : values.size > 1 && !oneZero;
}

export interface LookAlike {
  readonly id: string;
  /** What the innocent traffic is, and how it leaves a signature. */
  readonly what: string;
  fits(facts: ResetFacts, population: Population): boolean;
}

/** Innocent traffic that leaves a signature of the table; any that fits ends the suspicion. */
export const LOOK_ALIKES: readonly LookAlike[] = [
  {
    id: 'backscatter',
    what: 'The answers of a flooded host to addresses that never asked: a SYN-ACK or a RST without any SYN before it.',
    fits: (facts) => facts.half.client.synNs < 0,
  },
  {
    id: 'half-open-scan',
    what: 'A scanner sends a SYN of its own making; its kernel, which knows of no connection, resets the SYN-ACK. ZMap’s SYN has IP-ID 54321, no options and a high TTL.',
    fits: (facts, population) => isCraftedSyn(facts) || scanBy(population, facts.client.host) !== null,
  },
  {
    id: 'happy-eyeballs',
    what: 'A client opens two connections at once, mostly one for IPv4 and one for IPv6, and resets the one that loses (RFC 8305), as Chromium does.',
    fits: (facts) => facts.sender === 'client' && facts.bytes.client === 0 && facts.bytes.server === 0,
  },
  {
    id: 'syn-flood',
    what: 'SYNs with invented addresses: the hosts that really have those addresses reset the SYN-ACKs, or nobody answers at all.',
    fits: (facts) =>
      facts.sender === 'client' && facts.half.client.dataPackets === 0 && facts.trigger?.kind === 'syn-ack',
  },
  {
    id: 'ordinary-close',
    what: 'A FIN went before: a client that has what it wanted closes, and its kernel resets what still comes, such as TLS close_notify or session tickets.',
    fits: ({ half }) => half.client.finFrame > 0 || half.server.finFrame > 0,
  },
  {
    id: 'refusal',
    what: 'The server’s own RST+ACK to a SYN: nothing listens on the port.',
    fits: (facts) =>
      facts.sender === 'server' && facts.trigger?.kind === 'syn' && facts.rst.after.synAckFromSender === 0,
  },
];

/** The first innocent explanation that fits; null when none does. */
export function lookAlikeOf(facts: ResetFacts, population: Population): LookAlike | null {
  return LOOK_ALIKES.find((one) => one.fits(facts, population)) ?? null;
}

const ZMAP_IP_ID = 54_321;
const CRAFTED_TTL = 200;

function isCraftedSyn(facts: ResetFacts): boolean {
  const { client } = facts.half;
  const syn = facts.marks.find(
    ({ packet }) => packet.side === facts.clientSide && (packet.flags & (SYN | ACK)) === SYN,
  );
  if (syn === undefined) return false;
  const noOptions = client.mss === 0 && client.windowScale <= 0 && !client.timestamps;
  return syn.packet.ipId === ZMAP_IP_ID || (noOptions && syn.packet.ttl >= CRAFTED_TTL);
}
