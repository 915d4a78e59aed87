import { isCloseNotify } from '../evidence/application.ts';
import type { ResetFacts } from '../evidence/facts.ts';
import { ACK } from '../wire/tcp.ts';
import { NO, shown, type Cause } from './define.ts';
import { lasting, socketsOn, who } from './telling.ts';

/** One side closed, the other wrote on: the closed side's kernel has no reader for it any more. */
export const dataAfterClose: Cause = {
  id: 'data-after-close',
  title: 'one side wrote on after the other had closed',
  mechanisms: ['passive-answer', 'active-abort'],
  who: 'the kernel of the side that closed first',
  requires: ['a FIN of the RST’s sender', 'data of the other side behind it'],
  uses: ['the reason TCP_ABORT_ON_DATA or TCP_TIMEWAIT_SOCKET in the kernel trace'],
  docs: {
    what: 'A program closes its socket: a FIN goes out, and the socket is gone for good. To TCP the other direction is still open, so the peer may go on writing; its data finds nobody, and the kernel answers with a RST. The peer’s next write fails with EPIPE.',
    why: 'A client that leaves early, a server that closes after an answer while the client still talks, or a peer that does not notice the end of the stream because it only writes.',
    tellApart: [
      { from: 'stale-reuse', how: 'there the data is a new request after a finished exchange.' },
      { from: 'payload-rejected', how: 'there the data is the rest of a request that the server refused.' },
      { from: 'unread-data', how: 'there the RST comes at once with the socket’s own state, without a FIN before.' },
    ],
    sources: ['RFC 9293 §3.6.1 and §3.10.7', 'Linux net/ipv4/tcp_input.c tcp_rcv_state_process: TCP_ABORT_ON_DATA'],
  },
  tell({ facts }) {
    const since = sinceFin(facts);
    return since < 0
      ? `${who(facts, facts.sender)} closed while data of ${who(facts, facts.receiver)} was on its way`
      : `${who(facts, facts.sender)} had closed; ${who(facts, facts.receiver)} wrote on ${lasting(since)} later`;
  },
  judge({ facts, mechanism }) {
    const { trigger, half, sender, receiver } = facts;
    const fin = half[sender].finFrame;
    const passive = mechanism.mechanism === 'passive-answer' && trigger !== null;
    if (fin === 0 || (!passive && mechanism.mechanism !== 'active-abort')) return NO;
    // The RST may answer the last of several segments: an ACK or a FIN behind the data that came too late.
    const isData = passive && trigger.packet.length > 0;
    const bytes = isData ? trigger.packet.length : lateBytes(facts);
    const frame = isData ? trigger.packet.frame : half[receiver].lastDataFrame;
    if (bytes === 0) return NO;
    return {
      outcome: 'fires',
      weight: 0.85,
      level: 'likely',
      evidence: [
        shown(
          facts,
          'fin-before-data',
          [fin, frame, facts.rst.packet.frame],
          `${who(facts, sender)} sent its FIN in frame ${fin}; frame ${frame} of ${who(facts, receiver)} brought ${bytes} more bytes`,
        ),
      ],
    };
  },
  remedies({ facts }) {
    return [
      {
        text: `At ${who(facts, facts.sender)}: close in two steps when the other side may still be sending`,
        command:
          'shutdown(fd, SHUT_WR); read until EOF; close(fd)     // Node: socket.end() with allowHalfOpen, then wait for "end"',
        why: 'shutdown sends the FIN but keeps a reader for what is still on its way, so no RST is needed.',
      },
      {
        text: `At ${who(facts, facts.receiver)}: stop writing when the stream ends`,
        command: 'on read() == 0 (Node: "end") finish or abandon the message instead of writing on',
        why: 'A FIN means that the other program will not answer any more; data behind it is lost.',
      },
    ];
  },
  confirm({ facts }) {
    return [socketsOn(facts, facts.sender)];
  },
};

function sinceFin(facts: ResetFacts): number {
  return ((facts.trigger?.packet.tNs ?? facts.atNs) - facts.half[facts.sender].finNs) / 1e6;
}

/**
 * Bytes that the closed side had not acknowledged when it answered them with a RST, unless they are no more than the
 * other side's goodbye. Linux sends such a RST bare; Windows and BSD acknowledge on it what they throw away.
 */
export function lateBytes({ app, half, sender, receiver, rst, unackedFromReceiver }: ResetFacts): number {
  const { flags, window } = rst.packet;
  if (half[sender].finFrame === 0 || isCloseNotify(app.tls[receiver], app.isTls)) return 0;
  return flags & ACK && (window > 0 || rst.options !== 0) ? 0 : unackedFromReceiver;
}
