/**
 * Whether the first packet of a tuple in one encapsulation belongs to a connection of that tuple in another.
 *
 * Networks that share addresses have connections with equal tuples, and their numbers do not fit each other. One connection
 * appears in several encapsulations too: each direction has its own label or tunnel, a router moves packets from VLAN to
 * VLAN, or a host is captured before and behind a tunnel's end. Then the numbers fit: 32 bits of each side.
 */
import { seqDiff } from '../wire/seq.ts';
import { ACK, ack as readAck, FIN, flags as readFlags, RST, seq as readSeq, SYN } from '../wire/tcp.ts';
import { ENCAP_ERSPAN, ENCAP_GTP, ENCAP_L2TP, ENCAP_MPLS, ENTRY_WORDS } from '../wire/encapsulation.ts';
import { allPlain, ANY, withMember, type Encapsulations } from './encapsulations.ts';
import { CLASS_SYN, CLASS_SYN_ACK } from './hosts.ts';
import {
  BITS,
  encapsulate,
  hostOf,
  LAST_NS,
  NEXT_SEQ,
  PACKETS,
  rowsOfTuple,
  SEEN_0,
  START_SEQ,
  type Connections,
} from './table.ts';

/** A copy of a packet is this close to it; a new connection with the same initial sequence number is not. */
const COPY_NS = 1e9;
/** How far the numbers of a running connection may have moved unseen: 4 MiB. */
const NEAR_BYTES = 2 ** 22;
/** More encapsulations of one tuple are taken for one, so that a tuple met in thousands of them costs no search of thousands. */
const MAX_OF_ONE_TUPLE = 8;

/**
 * The connection that a packet continues whose tuple was not met in `encapsulation` before: twice its row, plus the side that
 * sends, and from now on it holds that encapsulation too; -1 when the packet begins another connection.
 */
export function adopt(
  table: Connections,
  view: DataView,
  src: number,
  dst: number,
  version: number,
  tcp: number,
  payloadLen: number,
  ttl: number,
  encapsulation: number,
): number {
  if (allPlain(table.encapsulations)) return -1;
  const rows = rowsOfTuple(table, view, src, dst, version, view.getInt32(tcp));
  for (const at of rows) {
    if (rows.length < MAX_OF_ONE_TUPLE && !continues(table, at, view, tcp, payloadLen, ttl, encapsulation)) continue;
    const row = at >> 1;
    encapsulate(table, row, withMember(table.encapsulations, table.encapsulation[row]!, encapsulation));
    return at;
  }
  return -1;
}

function continues(
  table: Connections,
  at: number,
  view: DataView,
  tcp: number,
  payloadLen: number,
  ttl: number,
  encapsulation: number,
): boolean {
  const line = (at >> 1) * 16;
  const side = at & 1;
  const { words, doubles } = table;
  const flags = readFlags(view, tcp);
  const seq = readSeq(view, tcp);
  const bits = words[line + BITS]!;
  const sideSeen = (bits & (SEEN_0 << side)) !== 0;
  const peerSeen = (bits & (SEEN_0 << (1 - side))) !== 0;
  const nextSeq = words[line + NEXT_SEQ + side]!;
  const related = areRelated(table.encapsulations, table.encapsulation[at >> 1]!, encapsulation);
  const ackFits = !peerSeen || (flags & ACK) === 0 || isNear(readAck(view, tcp), words[line + NEXT_SEQ + 1 - side]!);
  const soon = table.nowNs[0]! - doubles[line / 2 + LAST_NS]! < COPY_NS;
  if (!sideSeen) {
    // A SYN that crosses another one opens on its own; a RST without the ACK flag shows no number of its peer.
    return peerSeen && ackFits && ((flags & ACK) !== 0 || ((flags & RST) !== 0 && soon));
  }
  const end = seq + payloadLen + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0);
  if (flags & SYN || !related) {
    const sameNumbers =
      flags & SYN ? seqDiff(seq + 1, words[line + START_SEQ + side]!) === 0 : seqDiff(end, nextSeq) === 0;
    // Between two VLANs, or two tunnels of a kind, a copy has passed a router.
    return sameNumbers && soon && ackFits && (related || lastTtl(table, at, flags) !== ttl);
  }
  return isNear(seq, nextSeq) && ackFits && words[line + PACKETS]! > 0;
}

function isNear(a: number, b: number): boolean {
  return Math.abs(seqDiff(a, b)) <= NEAR_BYTES;
}

/** The TTL that this side used last for such a packet. */
function lastTtl(table: Connections, at: number, flags: number): number {
  const row = at >> 1;
  const side = at & 1;
  if ((flags & SYN) === 0) return (table.words[row * 16 + BITS]! >>> (side === 0 ? 16 : 24)) & 0xff;
  return table.hosts.ttl[hostOf(table, row, side) * 3 + (flags & ACK ? CLASS_SYN_ACK : CLASS_SYN)]!;
}

/**
 * False for two networks of one kind, as VLAN 10 and VLAN 20 or the VXLANs 1 and 2. What differs in kind may be one inside the
 * other; labels that a path changes on the way or gives to one direction tell no networks apart.
 */
function areRelated(known: Encapsulations, own: number, id: number): boolean {
  if (own === ANY || id === ANY) return true;
  return known.members[own]!.some((member) => !areSiblings(known.stacks[member]!, known.stacks[id]!));
}

function areSiblings(a: Uint32Array, b: Uint32Array): boolean {
  const ours = networksOf(a);
  const theirs = networksOf(b);
  const sameKinds = ours.length === theirs.length && ours.every((entry, i) => entry[0] === theirs[i]![0]);
  return sameKinds && ours.some((entry, i) => entry[1] !== theirs[i]![1] || entry[2] !== theirs[i]![2]);
}

const PATH_LABELS: ReadonlySet<number> = new Set([ENCAP_MPLS, ENCAP_GTP, ENCAP_L2TP, ENCAP_ERSPAN]);

function networksOf(stack: Uint32Array): Uint32Array[] {
  const entries: Uint32Array[] = [];
  for (let at = 0; at < stack.length; at += ENTRY_WORDS) {
    if (!PATH_LABELS.has(stack[at]!)) entries.push(stack.subarray(at, at + ENTRY_WORDS));
  }
  return entries;
}
