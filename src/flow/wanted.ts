/**
 * Which tuples pass two looks at: one bit for each value of a short hash. A packet without its bit is passed over
 * before anything of it is looked up; a bit too many costs a lookup, never a packet.
 */
import {
  isPlainTcp,
  isPlainTcp6,
  PLAIN_DST,
  PLAIN_SRC,
  PLAIN_TCP,
  PLAIN6_DST,
  PLAIN6_SRC,
  PLAIN6_TCP,
} from '../wire/plain-tcp.ts';
import { hashOf6 } from './hosts.ts';
import { BITS, hostOf, IPV6, KEY, PORTS, type Connections } from './table.ts';
import { tupleHash } from './tuple-hash.ts';

/** 64 KiB, so that it stays in the processor's cache. */
const SIZE = 2 ** 19;

/** The bits of all rows that `wanted` names. */
export function wantedTuples(table: Connections, wanted: (row: number) => boolean): Uint8Array {
  const bits = new Uint8Array(SIZE >> 3);
  for (let row = 0; row < table.count; row++) {
    if (!wanted(row)) continue;
    const hash = hashOfRow(table, row);
    bits[(hash >>> 3) & (bits.length - 1)]! |= 1 << (hash & 7);
  }
  return bits;
}

/** False when the frame is a plain one and no wanted row has its tuple. */
export function mayBeWanted(bits: Uint8Array, view: DataView, start: number, end: number, linkType: number): boolean {
  let hash: number;
  if (isPlainTcp(view, start, end, linkType)) {
    const src = view.getInt32(start + PLAIN_SRC);
    hash = tupleHash(src, view.getInt32(start + PLAIN_DST), view.getInt32(start + PLAIN_TCP));
  } else if (isPlainTcp6(view, start, end, linkType)) {
    const src = hashOf6(view, start + PLAIN6_SRC);
    hash = tupleHash(src, hashOf6(view, start + PLAIN6_DST), view.getInt32(start + PLAIN6_TCP));
  } else {
    return true;
  }
  return (bits[(hash >>> 3) & (bits.length - 1)]! & (1 << (hash & 7))) !== 0;
}

function hashOfRow(table: Connections, row: number): number {
  const { words, hosts } = table;
  const at = row * 16;
  const ports = words[at + PORTS]!;
  if ((words[at + BITS]! & IPV6) === 0) return tupleHash(words[at + KEY]!, words[at + KEY + 1]!, ports);
  const end0 = hashOf6(hosts.view, hostOf(table, row, 0) * 16);
  return tupleHash(end0, hashOf6(hosts.view, hostOf(table, row, 1) * 16), ports);
}
