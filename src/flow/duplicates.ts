/** Whether a packet is a copy of an earlier one of its connection: the same packet, captured twice. */
import { seqDiff } from '../wire/seq.ts';
import { ACK, FIN, RST, SYN } from '../wire/tcp.ts';
import type { Half } from './half.ts';
import {
  ackAt,
  encapsulationAt,
  flagsAt,
  ipIdAt,
  lengthAt,
  nextAt,
  seqAt,
  sideAt,
  timeAt,
  tsValAt,
  windowAt,
  type PacketStore,
} from './packets.ts';
import type { Trace } from './trace.ts';

/** The same packet seen twice by one capture lies closer than any retransmission timer (RFC 6298: 1 s; Linux: 200 ms). */
const DUPLICATE_NS = 20e6;

/**
 * The same packet captured twice: by an `any` device, on both sides of a bridge, or a hop later with a smaller TTL.
 * A retransmission has a new IP-ID and, within DUPLICATE_NS, cannot have happened.
 */
export function findDuplicate(trace: Trace, store: PacketStore, slot: number): number {
  const half = trace.halves[sideAt(store, slot)]!;
  if (half.packets === 0 && trace.rsts.length === 0) return -1;
  if (bringsNews(half, store, slot)) return -1;
  let found = -1;
  let looked = 0;
  for (let other = recentFrom(trace, store); other >= 0 && looked < 16; other = nextAt(store, other), looked++) {
    if (samePacket(store, other, slot)) found = other;
    else if (found < 0 && isPartOfCopy(store, other, slot, half.nextSeq)) found = other;
  }
  if (found < 0) return -1;
  if (isOtherCopy(store, found, slot)) return found;
  const identified = ipIdAt(store, slot) > 0 || tsValAt(store, slot) >= 0 || half.duplicates > 0;
  return identified || lengthAt(store, slot) > 0 || trace.halves[1 - sideAt(store, slot)]!.duplicates > 0 ? found : -1;
}

/** Bytes or an acknowledgement that the side has not sent before: no packet of it was the same, or held this one. */
function bringsNews(half: Half, store: PacketStore, slot: number): boolean {
  const flags = flagsAt(store, slot);
  if (flags & RST || half.nextSeq < 0) return false;
  const length = lengthAt(store, slot);
  if (length > 0) return !(flags & (SYN | FIN)) && seqDiff((seqAt(store, slot) + length) >>> 0, half.nextSeq) > 0;
  return (flags & ACK) !== 0 && half.acked >= 0 && seqDiff(ackAt(store, slot), half.acked) > 0;
}

/** A host sends no packet twice in two encapsulations: it was captured before and behind the end of a tunnel. */
export function isOtherCopy(store: PacketStore, earlier: number, slot: number): boolean {
  return earlier >= 0 && encapsulationAt(store, earlier) !== encapsulationAt(store, slot);
}

/** Segmentation offload makes one packet of several, or several of one, between the two places of capture. */
function isPartOfCopy(store: PacketStore, a: number, b: number, nextSeq: number): boolean {
  if (!isOtherCopy(store, a, b) || sideAt(store, a) !== sideAt(store, b) || tsValAt(store, a) !== tsValAt(store, b))
    return false;
  if (lengthAt(store, a) === 0 || lengthAt(store, b) === 0 || timeAt(store, b) - timeAt(store, a) >= DUPLICATE_NS)
    return false;
  const startDiff = seqDiff(seqAt(store, b), seqAt(store, a));
  const endDiff = startDiff + lengthAt(store, b) - lengthAt(store, a);
  const within = (startDiff >= 0 && endDiff <= 0) || (startDiff <= 0 && endDiff >= 0);
  return within && nextSeq >= 0 && seqDiff(seqAt(store, b) + lengthAt(store, b), nextSeq) <= 0;
}

function recentFrom(trace: Trace, store: PacketStore): number {
  const kept = trace.pinnedCount + trace.tailKept;
  let slot = trace.head;
  if (kept > 16 && trace.pinned >= 0 && trace.tailKept >= 16) slot = trace.pinned;
  let skip = (slot === trace.head ? kept : trace.tailKept) - 16;
  while (skip-- > 0 && slot >= 0) slot = nextAt(store, slot);
  return slot;
}

function samePacket(store: PacketStore, a: number, b: number): boolean {
  return (
    sideAt(store, a) === sideAt(store, b) &&
    seqAt(store, a) === seqAt(store, b) &&
    ackAt(store, a) === ackAt(store, b) &&
    flagsAt(store, a) === flagsAt(store, b) &&
    lengthAt(store, a) === lengthAt(store, b) &&
    windowAt(store, a) === windowAt(store, b) &&
    ipIdAt(store, a) === ipIdAt(store, b) &&
    tsValAt(store, a) === tsValAt(store, b) &&
    timeAt(store, b) - timeAt(store, a) < DUPLICATE_NS
  );
}
