/** Three simpler ways to name the sender of a RST, as their authors describe them, on the same packets. */
import type { Actor } from '../../src/terms/actors.ts';
import { ACK, FIN, RST, SYN } from './packets.ts';
import type { Packet } from './packets.ts';

export interface Baselines {
  /** The source address of the first RST is the culprit. */
  readonly sourceAddress: Actor;
  /** Weaver, Sommer and Paxson, “Detecting Forged TCP Reset Packets” (NDSS 2009): a RST that a detector matches is injected. */
  readonly weaver: Actor;
  /** The RST's TTL differs from every other packet of the sender it claims. */
  readonly ttl: Actor;
}

/** The actor that each baseline names for the connection of these RSTs; the frames are the reader's, the judgement is not. */
export function judgeNaively(packets: readonly Packet[], rsts: readonly { readonly frame: number }[]): Baselines {
  const first = packets.find(({ frame }) => frame === rsts[0]?.frame);
  if (first === undefined) return { sourceAddress: 'unknown', weaver: 'unknown', ttl: 'unknown' };
  const talk = packets.filter(({ source, target }) => isBetween(first, source, target));
  return {
    sourceAddress: 'endpoint',
    weaver: weaverDetectors(talk).length > 0 ? 'middlebox' : 'endpoint',
    ttl: hasForeignTtl(talk, first) ? 'middlebox' : 'endpoint',
  };
}

function isBetween(packet: Packet, source: string, target: string): boolean {
  return (
    (source === packet.source && target === packet.target) || (source === packet.target && target === packet.source)
  );
}

function hasForeignTtl(talk: readonly Packet[], rst: Packet): boolean {
  const others = talk.filter(({ source, flags }) => source === rst.source && (flags & RST) === 0);
  return others.length > 0 && others.every(({ ttl }) => ttl !== rst.ttl);
}

export type Detector = 'RST_SEQ_DATA' | 'DATA_SEQ_RST' | 'RST_SEQ_CHANGE' | 'RST_ACK_CHANGE' | 'SYN_RST';

/** The detectors that match anywhere in one connection. */
export function weaverDetectors(talk: readonly Packet[]): Detector[] {
  const matched = new Set<Detector>();
  for (const [index, rst] of talk.entries()) {
    if ((rst.flags & RST) === 0) continue;
    const before = talk.slice(0, index);
    const after = talk.slice(index + 1);
    const own = before.filter(({ source }) => source === rst.source);
    if (after.some((next) => isData(next, rst.source) && isAfter(endOf(next), rst.seq))) matched.add('RST_SEQ_DATA');
    if (own.some((earlier) => isData(earlier, rst.source) && isAfter(earlier.seq, rst.seq)))
      matched.add('DATA_SEQ_RST');
    const latest = own.at(-1);
    if (latest !== undefined && (latest.flags & (SYN | ACK)) === (SYN | ACK)) matched.add('SYN_RST');
    const next = after.find(({ source, flags }) => source === rst.source && (flags & RST) !== 0);
    if (next === undefined) continue;
    if (seqChanges(before, rst, next)) matched.add('RST_SEQ_CHANGE');
    if (ackChanges(before, rst, next)) matched.add('RST_ACK_CHANGE');
  }
  return [...matched];
}

/** Their thresholds (appendix A): more than 2 above, within 2 s, above all that was sent and acknowledged, no FIN and no RST of the peer before. */
function seqChanges(before: readonly Packet[], rst: Packet, next: Packet): boolean {
  if (!isAfter(next.seq, rst.seq + 2) || next.atS - rst.atS >= 2) return false;
  if (before.some(({ flags, source }) => (flags & FIN) !== 0 || ((flags & RST) !== 0 && source !== rst.source)))
    return false;
  return before.every((earlier) =>
    earlier.source === rst.source
      ? isAfter(next.seq, earlier.seq)
      : (earlier.flags & ACK) === 0 || isAfter(next.seq, earlier.ack + 2),
  );
}

/** Two RSTs that acknowledge different bytes, one of which the peer has never sent. */
function ackChanges(before: readonly Packet[], rst: Packet, next: Packet): boolean {
  if ((rst.flags & next.flags & ACK) === 0 || rst.ack === next.ack) return false;
  const peers = before.filter(({ source }) => source === rst.target);
  return [rst, next].some(({ ack }) => peers.length > 0 && peers.every((sent) => isAfter(ack, endOf(sent))));
}

function isData(packet: Packet, source: string): boolean {
  return packet.source === source && packet.payloadBytes > 0 && (packet.flags & RST) === 0;
}

function endOf({ seq, payloadBytes, flags }: Packet): number {
  return seq + payloadBytes + ((flags & SYN) === 0 ? 0 : 1) + ((flags & FIN) === 0 ? 0 : 1);
}

/** Whether a sequence number lies behind another in the circle of 2^32. */
function isAfter(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}
