import type { CauseId } from '../terms/causes.ts';
import { NO, type Cause } from './define.ts';
import { who } from './telling.ts';
import { exitRecord, waveEvidence, waveOf, waveWords } from './wave.ts';

/** A stop or restart that did not wait for its connections. */
export const shutdownInFlight: Cause = {
  id: 'shutdown-in-flight',
  title: 'the server was stopped or restarted while connections were in use',
  mechanisms: ['active-abort', 'passive-answer'],
  who: 'the server application, or its kernel when the process exits',
  requires: ['most open connections of a listener reset within a second'],
  uses: ['refused connections in between', 'when the listener accepts again', 'how the process ended'],
  docs: {
    what: 'A deployment, restart or scale-down ends the process while requests are in flight. Connections with unread data are reset, the others are closed and reset when their clients go on. SYNs are refused until the next process listens.',
    why: 'The process exits on SIGTERM without waiting, or it waits and is killed when the grace period ends. Behind a load balancer, new connections keep arriving until every balancer has learned that the instance is going: the removal runs beside SIGTERM, not before it.',
    tellApart: [
      { from: 'process-crash', how: 'a crash that a supervisor repairs looks the same; how the process ended tells.' },
      {
        from: 'drain-reset',
        how: 'there nothing is refused, because the hop that cuts its sessions keeps its listener.',
      },
      { from: 'idle-timeout', how: 'there connections end one by one, each after the same idle time.' },
    ],
    sources: ['Kubernetes documentation: Pod termination', 'RFC 2525 §2.17', 'RFC 9112 §9.6'],
  },
  tell(input) {
    return `${who(input.facts, 'server')} closed it ${waveWords(waveOf(input))}, as in a stop or restart`;
  },
  judge(input) {
    const event = waveOf(input);
    if (event === null) return NO;
    const restarted = event.backAfterMs !== null && event.refusedMeanwhile > 0;
    const twins: CauseId[] = event.refusedMeanwhile > 0 ? ['process-crash'] : ['process-crash', 'drain-reset'];
    return {
      outcome: 'fires',
      weight: restarted ? 0.8 : 0.65,
      level: restarted ? 'likely' : 'possible',
      evidence: waveEvidence(input.facts, event),
      twins,
      wouldTell: `whether somebody stopped it: the journal or the deployment log of ${input.facts.server.address}.`,
    };
  },
  remedies({ facts }) {
    return [
      {
        text: `On SIGTERM let ${who(facts, 'server')} go on accepting for some seconds, answer with Connection: close, then stop accepting and wait for the requests in flight`,
        command: 'nginx -s quit   # not stop; gunicorn --graceful-timeout 30; uvicorn --timeout-graceful-shutdown 30',
        why: 'Each client then closes by itself after its last answer, and nothing is left to reset.',
      },
      {
        text: 'Give the balancer time to forget the instance before it stops, and the instance time to finish',
        command:
          'lifecycle: { preStop: { exec: { command: ["sleep", "10"] } } }   # with terminationGracePeriodSeconds above sleep plus longest request',
        why: 'Kubernetes takes an endpoint away and sends SIGTERM at the same time; the pause covers the way of that news, and it counts against the grace period.',
      },
      {
        text: 'Hand the listener over, or keep it in the supervisor',
        command: 'systemctl enable --now NAME.socket',
        why: 'SYNs of the gap wait in the queue of the open listener instead of being refused.',
      },
    ];
  },
  confirm({ facts }) {
    return [exitRecord(facts)];
  },
};
