import type { CauseId } from '../terms/causes.ts';
import { gaveUpRepeating } from './dead-peer.ts';
import { NO, shown, type Cause } from './define.ts';
import { abortCounters, lasting, traceProcess, who } from './telling.ts';
import { refusedBody, threwAwayFullBuffer } from './unread-data.ts';

/** Ends of a process or of a socket by force leave an abort of the same form. */
const SAME_BYTES: readonly CauseId[] = ['process-crash', 'killed'];

/** SO_LINGER with a timeout of zero turns close() into an abort (socket(7); tcp.c, __tcp_close). */
export const lingerZero: Cause = {
  id: 'linger-zero',
  title: 'an application, or a library in it, aborted the connection instead of closing it, as SO_LINGER 0 does',
  mechanisms: ['active-abort'],
  who: 'the application at an endpoint',
  requires: ['a RST of a live socket'],
  uses: [
    'the counter TCPAbortOnData',
    'strace: setsockopt SO_LINGER',
    'the source code: resetAndDestroy, closeAllConnections',
  ],
  docs: {
    what: 'A socket with SO_LINGER on and a timeout of zero is not closed but aborted: unsent data is discarded and a RST goes out at once. Node calls it resetAndDestroy(), HAProxy option nolinger, nginx reset_timedout_connection.',
    why: 'It avoids TIME_WAIT, frees memory at once and gets rid of dead clients, and so it is set where it should not be: on connections whose peer still waits for data. Often nobody chose it: a library, a test tool or a server’s shutdown does it by default.',
    tellApart: [
      {
        from: 'unread-data',
        how: 'the same RST; on the wire only the state of the conversation argues for one of them: when everything was read and answered, nothing unread was there to cause it.',
      },
      { from: 'idle-timeout', how: 'there the abort comes out of a long silence.' },
      { from: 'killed', how: 'an operator’s ss -K leaves the same RST; the shell’s history and the audit log tell.' },
    ],
    sources: [
      'socket(7) SO_LINGER',
      'Linux net/ipv4/tcp.c __tcp_close → tcp_disconnect: TCPAbortOnData',
      'HAProxy option nolinger',
    ],
  },
  tell({ facts }) {
    return `${who(facts, facts.sender)} aborted it ${facts.app.lastSpeaker === facts.sender ? `${lasting(facts.idleMs)} after its own last data` : ''}`.trimEnd();
  },
  judge({ facts, mechanism }) {
    if (mechanism.mechanism !== 'active-abort') return NO;
    const { sender, receiver, rst } = facts;
    const wouldTell = `whether SO_LINGER 0 was set: TCPAbortOnData on ${facts[sender].address}, or strace of the process.`;
    if (threwAwayFullBuffer(facts)) return NO;
    if (gaveUpRepeating(facts)) return NO;
    const peerWaits = facts.bytes[receiver] > 0 && facts.app.lastSpeaker === receiver;
    if (peerWaits || (sender === 'server' && facts.app.pending === true)) {
      return {
        outcome: 'fires',
        weight: 0.4,
        level: 'possible',
        twins: ['unread-data', ...SAME_BYTES],
        wouldTell,
        evidence: [],
      };
    }
    const answered =
      facts.app.lastSpeaker === sender &&
      facts.half[receiver].packets > 0 &&
      !(sender === 'server' && refusedBody(facts));
    return {
      outcome: 'fires',
      weight: answered ? 0.65 : 0.4,
      level: 'possible',
      twins: facts.bytes[receiver] > 0 ? ['unread-data', ...SAME_BYTES] : SAME_BYTES,
      wouldTell,
      evidence: answered
        ? [
            shown(
              facts,
              'nothing-unread',
              [facts.half[sender].lastDataFrame, rst.packet.frame],
              `${who(facts, sender)} had answered everything it received: nothing on the wire speaks for unread data`,
            ),
          ]
        : [],
    };
  },
  remedies({ facts }) {
    return [
      {
        text: `At ${who(facts, facts.sender)}: close instead of aborting`,
        command:
          'Node: socket.end() instead of resetAndDestroy()/closeAllConnections();  HAProxy: no option nolinger;  elsewhere: do not set SO_LINGER {1, 0}',
        why: 'A FIN lets the data in flight arrive; TIME_WAIT on the side that closes first costs little memory and protects the next connection.',
      },
    ];
  },
  confirm({ facts }) {
    return [abortCounters(facts, facts.sender), traceProcess(facts, facts.sender)];
  },
};
