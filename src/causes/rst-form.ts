/** The form of a RST in words. */
import type { Half } from '../flow/half.ts';
import type { RstRecord } from '../flow/rst-record.ts';
import { seqDiff } from '../wire/seq.ts';
import { ACK } from '../wire/tcp.ts';
import { OPT_AO, OPT_MD5, OPT_MPTCP, OPT_TIMESTAMPS } from '../wire/tcp-options.ts';
import { windowText } from './window-text.ts';

/** What tcp_v4_send_reset may add to a RST without a socket (net/ipv4/tcp_ipv4.c). */
const KERNEL_OPTIONS = OPT_MPTCP | OPT_MD5 | OPT_AO;

/** What sets a bare RST apart from those that Linux sends without a socket; empty when nothing does. */
export function oddityOf({ packet, options, from }: RstRecord): string {
  if (packet.window > 0) return `window ${windowText(from, packet)}`;
  if (packet.ack !== 0) return 'an acknowledgement number but no ACK flag';
  return (options & ~KERNEL_OPTIONS) === 0 ? '' : 'options';
}

/** `RST+ACK, seq 161, window 65536, timestamps`. */
export function describe(rst: RstRecord): string {
  const { packet } = rst;
  const parts = [
    packet.flags & ACK ? 'RST+ACK' : 'RST',
    `seq ${relative(packet.seq, rst.from)}`,
    `window ${windowText(rst.from, packet)}`,
  ];
  if (rst.options & OPT_TIMESTAMPS) parts.push('timestamps');
  if (packet.length > 0) parts.push(`${packet.length} bytes of payload`);
  return parts.join(', ');
}

/** The number as Wireshark shows it, counted from its side’s SYN. */
export function relative(seq: number, half: Half): string {
  if (half.startSeq < 0) return `${seq} (raw)`;
  return String(seqDiff(seq, half.startSeq) + 1);
}
