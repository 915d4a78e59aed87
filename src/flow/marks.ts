/** The kept packets of a connection with their labels: what a ladder is drawn from. */
import {
  capacityOf,
  copyPackets,
  frameAt,
  nextAt,
  packetAt,
  storeOver,
  type Packet,
  type PacketStore,
} from './packets.ts';
import { keptSlots, type Trace } from './trace.ts';

export interface Mark {
  readonly packet: Packet;
  /** Start line of an HTTP message or name of a TLS record; empty for everything else. */
  readonly label: string;
  /** Packets of the connection that were not kept between the one before and this one. */
  readonly missing: number;
}

/** A copy of the kept packets that later ones do not change, a quarter of the size of their marks. */
export interface Keepsake {
  readonly packets: ArrayBuffer;
  /** By place; absent without any. */
  readonly labels: readonly string[] | null;
  /** Place behind the packets that were not kept, and their number; -1 without any. */
  readonly gapAt: number;
  readonly missing: number;
  readonly recent: RecentMarks;
}

/** Marks of the connections that were looked at last. */
export type RecentMarks = Map<Keepsake, readonly Mark[]>;

/** As many as are compared with one reset. */
const MAX_RECENT = 128;

/** All kept packets in capture order. */
export function marksOf(trace: Trace, store: PacketStore): readonly Mark[] {
  return marksIn(keep(trace, store, new Map()));
}

export function keep(trace: Trace, store: PacketStore, recent: RecentMarks): Keepsake {
  const slots = keptSlots(trace, store);
  const { labels } = trace;
  const gap = trace.dropped > 0 && trace.pinned >= 0 ? slots.indexOf(nextAt(store, trace.pinned)) : -1;
  return {
    packets: copyPackets(store, slots),
    labels: labels === null ? null : slots.map((slot) => labels.get(frameAt(store, slot)) ?? ''),
    gapAt: gap > 0 ? gap : -1,
    missing: trace.dropped,
    recent,
  };
}

/** The marks of a copy; made anew when many others were looked at since. */
export function marksIn(kept: Keepsake): readonly Mark[] {
  const { recent } = kept;
  let marks = recent.get(kept);
  if (marks !== undefined) return marks;
  marks = readMarks(kept);
  if (recent.size >= MAX_RECENT)
    for (const oldest of recent.keys()) {
      recent.delete(oldest);
      break;
    }
  recent.set(kept, marks);
  return marks;
}

function readMarks({ packets, labels, gapAt, missing }: Keepsake): Mark[] {
  const marks: Mark[] = [];
  const store = storeOver(packets);
  const count = capacityOf(store);
  for (let at = 0; at < count; at++) {
    marks.push({
      packet: packetAt(store, at),
      label: labels === null ? '' : labels[at]!,
      missing: at === gapAt ? missing : 0,
    });
  }
  return marks;
}
