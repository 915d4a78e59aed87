import { NO, type Cause, type Judgement } from './define.ts';
import { socketsOn, who } from './telling.ts';
import { exitRecord, waveEvidence, waveOf, waveWords } from './wave.ts';

/** The process behind the listener ended without being asked to. */
export const processCrash: Cause = {
  id: 'process-crash',
  title: 'the server’s process died',
  mechanisms: ['active-abort', 'passive-answer'],
  who: 'the kernel of the server’s host',
  requires: ['a RST of the server'],
  uses: ['resets of the same listener in the same second', 'refused connections after them', 'how the process ended'],
  docs: {
    what: 'When a process ends, however it ends, the kernel closes its sockets. Those with data that the process had not read are reset at once with RST+ACK; the others get a FIN, and what their peers send later is answered with a bare RST.',
    why: 'An unhandled exception, a fault, an out-of-memory kill or SIGKILL. To the kernel they are the same as a regular exit: no trace of the difference reaches the wire.',
    tellApart: [
      {
        from: 'shutdown-in-flight',
        how: 'a stop that was asked for leaves the same packets when connections are in use; only how the process ended tells them apart.',
      },
      { from: 'unread-data', how: 'there one connection is closed with data unread, and its neighbours live on.' },
      { from: 'drain-reset', how: 'there the listener goes on accepting while old sessions are cut.' },
    ],
    sources: ['RFC 2525 §2.17', 'Linux net/ipv4/tcp.c __tcp_close', 'signal(7)'],
  },
  tell(input) {
    return `${who(input.facts, 'server')} closed it ${waveWords(waveOf(input))}, as a kernel does for a process that has died`;
  },
  judge(input): Judgement {
    const { facts } = input;
    const event = waveOf(input);
    if (event === null) {
      const killedWhileReading =
        input.mechanism.mechanism === 'active-abort' && facts.sender === 'server' && facts.app.pending === true;
      if (!killedWhileReading) return NO;
      return {
        outcome: 'cannot-tell',
        wouldTell: `whether the process died: how the process behind port ${facts.server.port} on ${facts.server.address} ended (journal, exit status), since a killed process with unread data leaves the same RST.`,
      };
    }
    const stayedAway = event.refusedMeanwhile > 0 && event.backAfterMs === null;
    return {
      outcome: 'fires',
      weight: stayedAway ? 0.65 : 0.55,
      level: 'possible',
      evidence: waveEvidence(facts, event),
      twins: ['shutdown-in-flight', ...(event.refusedMeanwhile > 0 ? [] : (['drain-reset'] as const))],
      wouldTell: `whether it died or was stopped: how the process on ${facts.server.address} ended.`,
    };
  },
  remedies({ facts }) {
    return [
      {
        text: `Find what ended the process on ${facts.server.address}`,
        command: `coredumpctl list; systemctl show NAME -p Result,ExecMainCode,ExecMainStatus; kubectl describe pod NAME   # 137 is SIGKILL, with OOMKilled beside it out of memory`,
        why: 'A fault, an exception and an out-of-memory kill have different cures, and the wire shows none of them.',
      },
      {
        text: 'Run more than one process, and restart the one that died at once',
        command: 'Restart=on-failure   # in the [Service] section of its unit',
        why: 'One death then costs only its share of the connections, and new ones find a listener.',
      },
      {
        text: 'Retry idempotent requests in the client; give the others an idempotency key',
        why: 'The process may have carried out a request and died before it answered.',
      },
    ];
  },
  confirm({ facts }) {
    return [exitRecord(facts), socketsOn(facts, 'server')];
  },
};
