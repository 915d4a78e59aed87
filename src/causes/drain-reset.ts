import { NO, type Cause } from './define.ts';
import { abortCounters, forwards, who } from './telling.ts';
import { waveEvidence, waveOf, waveWords } from './wave.ts';

/** Sessions that a load balancer or proxy cuts while it goes on serving. */
export const drainReset: Cause = {
  id: 'drain-reset',
  title: 'a hop cut its open sessions: a back end was taken out, or a reload reached its hard stop',
  mechanisms: ['active-abort'],
  who: 'a load balancer or proxy',
  requires: ['most open connections of a listener reset within a second'],
  uses: ['the role of the server', 'a listener that goes on accepting'],
  docs: {
    what: 'A load balancer marks a back end down, or the old workers of a reloaded proxy reach the end of their patience, and all sessions that are still open are aborted in one moment. The listener itself stays: new connections are accepted all the time.',
    why: 'Long sessions would keep an old worker or a dead back end for ever, so these hops have a limit after which they cut. A limit shorter than the longest request or tunnel loses the ones that remain.',
    tellApart: [
      {
        from: 'shutdown-in-flight',
        how: 'a process that ends takes its listener with it: SYNs are refused until the next one listens, unless the listener is handed over.',
      },
      { from: 'idle-timeout', how: 'there connections end one by one, each after the same idle time.' },
    ],
    sources: [
      'nginx worker_shutdown_timeout',
      'HAProxy hard-stop-after',
      'HAProxy on-marked-down shutdown-sessions',
      'Envoy --parent-shutdown-time-s',
    ],
  },
  tell(input) {
    return `${who(input.facts, 'server')} cut it ${waveWords(waveOf(input))}`;
  },
  judge(input) {
    const { facts } = input;
    const event = waveOf(input);
    if (event === null || input.mechanism.mechanism !== 'active-abort') return NO;
    const hop = forwards(facts.server);
    if (!hop && event.refusedMeanwhile > 0) return NO;
    const kept = event.refusedMeanwhile === 0 && event.backAfterMs !== null;
    return {
      outcome: 'fires',
      weight: hop ? 0.75 : 0.35,
      level: hop && kept ? 'likely' : 'possible',
      evidence: waveEvidence(facts, event),
      ...(hop && kept ? {} : { twins: ['shutdown-in-flight'] as const }),
      wouldTell: `whether it was a drain: reloads and back ends marked down in the log of ${facts.server.address} at that second.`,
    };
  },
  remedies({ facts }) {
    return [
      {
        text: `Raise the hard stop of ${who(facts, 'server')} above the longest request or tunnel`,
        command: hardStop(facts.server.name),
        why: 'Sessions that end before the hard stop end by themselves; only the rest is cut.',
      },
      {
        text: 'Drain a back end before it is taken out: no new connections, and time for those it has',
        command: 'set server BACKEND/NAME state drain   # HAProxy runtime API',
        why: 'A drained back end finishes what it has, and marking it down later finds nothing to cut.',
      },
      {
        text: 'Let long-lived clients come back by themselves, with a jittered pause',
        why: 'A WebSocket or a tunnel outlives every drain limit sooner or later.',
      },
    ];
  },
  confirm({ facts }) {
    return [
      {
        text: `On ${facts.server.address}: reloads, workers that exit, back ends that go down`,
        command: `journalctl -o short-precise --since=-1h -g 'reload|worker|is DOWN|shutting down|hard-stop'`,
        why: 'An entry at the second of the resets settles it.',
      },
      abortCounters(facts, 'server'),
    ];
  },
};

function hardStop(name: string): string {
  if (/nginx|openresty/i.test(name)) return 'worker_shutdown_timeout 600s;';
  if (/haproxy/i.test(name)) return 'hard-stop-after 10m   # and no on-marked-down shutdown-sessions';
  if (/envoy|istio/i.test(name)) return '--drain-time-s 600 --parent-shutdown-time-s 900';
  return 'worker_shutdown_timeout 600s;   # nginx; HAProxy: hard-stop-after 10m; Envoy: --drain-time-s 600 --parent-shutdown-time-s 900';
}
