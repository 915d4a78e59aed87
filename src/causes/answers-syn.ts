import type { RstRecord } from '../flow/rst-record.ts';
import { ACK, SYN } from '../wire/tcp.ts';

/** The RST answers a SYN: nothing was established. */
export function answersSyn(rst: RstRecord): boolean {
  const { packet, from, to, trigger } = rst;
  if (trigger !== null && (trigger.flags & (SYN | ACK)) === SYN) return true;
  if (!(packet.flags & ACK) || from.packets > 0 || to.synNs < 0 || to.acked >= 0) return false;
  return packet.ack === to.nextSeq || packet.ack === (to.isn + 1) >>> 0;
}
