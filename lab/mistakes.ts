/** The mistakes of the field and the mishaps of hosts and paths, each with the scenarios that make it. */
import type { CauseId, SilenceId } from '../src/terms/causes.ts';

type ScenarioId = `${CauseId | SilenceId}/${string}`;

export interface Mistake {
  /** What is done wrong, or goes wrong, in the words of whoever looks for it. */
  readonly what: string;
  readonly kind: 'mistake' | 'mishap';
  /** Scenarios that show it, the plainest first. */
  readonly scenarios: readonly [ScenarioId, ...ScenarioId[]];
  /** The near miss: the same setting without the fault, or with another one. */
  readonly nearMiss: ScenarioId;
}

export const MISTAKES: readonly Mistake[] = [
  {
    what: 'SO_LINGER 0 on every socket',
    kind: 'mistake',
    scenarios: ['linger-zero/cuts-its-own-response', 'linger-zero/after-response'],
    nearMiss: 'linger-zero/closed-by-fin',
  },
  {
    what: 'A socket closed by another thread than the one that reads it',
    kind: 'mistake',
    scenarios: ['unread-data/closed-by-another-thread'],
    nearMiss: 'unread-data/answered-and-read',
  },
  {
    what: 'Reusing a connection that the server has closed',
    kind: 'mistake',
    scenarios: ['stale-reuse/late', 'stale-reuse/redis-timeout', 'stale-reuse/postgres-idle-session'],
    nearMiss: 'stale-reuse/reuse-that-works',
  },
  {
    what: 'No keep-alives through a firewall that ages connections out',
    kind: 'mistake',
    scenarios: ['firewall-state-expiry/conntrack-rejects', 'idle-dropped/conntrack-drops'],
    nearMiss: 'firewall-state-expiry/kept-by-keep-alives',
  },
  {
    what: 'Keep-alives against a firewall that ignores them',
    kind: 'mistake',
    scenarios: ['firewall-state-expiry/keep-alives-ignored'],
    nearMiss: 'firewall-state-expiry/kept-by-keep-alives',
  },
  {
    what: 'Sending after what was taken for a half-close',
    kind: 'mistake',
    scenarios: ['data-after-close/taken-for-half-close', 'data-after-close/client-leaves-mid-response'],
    nearMiss: 'data-after-close/half-close',
  },
  {
    what: 'Idle timeouts the wrong way round: the server’s shorter than the client’s',
    kind: 'mistake',
    scenarios: ['stale-reuse/race', 'stale-reuse/apache-keep-alive'],
    nearMiss: 'stale-reuse/reuse-that-works',
  },
  {
    what: 'A deployment that kills a process with requests in flight',
    kind: 'mistake',
    scenarios: ['shutdown-in-flight/node-deployment', 'shutdown-in-flight/nginx-fast-stop'],
    nearMiss: 'process-crash/orderly-restart',
  },
  {
    what: 'Crash of a process',
    kind: 'mishap',
    scenarios: ['process-crash/node-uncaught-exception', 'process-crash/redis-segfault', 'process-crash/sigkill'],
    nearMiss: 'process-crash/orderly-restart',
  },
  {
    what: 'Killed for want of memory',
    kind: 'mishap',
    scenarios: ['process-crash/oom-killed'],
    nearMiss: 'process-crash/one-of-many',
  },
  {
    what: 'No descriptors left',
    kind: 'mishap',
    scenarios: ['resource-exhaustion/node-out-of-descriptors', 'backlog-overflow/nginx-out-of-descriptors'],
    nearMiss: 'resource-exhaustion/node-with-descriptors',
  },
  {
    what: 'State table of a firewall or NAT full',
    kind: 'mishap',
    scenarios: ['connect-timeout/state-table-full', 'connect-timeout/nat-ports-used-up'],
    nearMiss: 'connect-timeout/second-syn-answered',
  },
  {
    what: 'A payload larger than the server takes',
    kind: 'mishap',
    scenarios: ['payload-rejected/apache-413', 'payload-rejected/nginx-413', 'payload-rejected/node-413'],
    nearMiss: 'payload-rejected/body-read-first',
  },
  {
    what: 'Keep-alive limits that do not fit each other',
    kind: 'mishap',
    scenarios: ['stale-reuse/apache-keep-alive', 'idle-timeout/haproxy-websocket'],
    nearMiss: 'stale-reuse/reuse-that-works',
  },
  {
    what: 'Packet loss',
    kind: 'mishap',
    scenarios: ['retransmission-timeout/nothing-comes-back', 'retransmission-timeout/path-cut'],
    nearMiss: 'retransmission-timeout/path-mended',
  },
  {
    what: 'Path MTU: large packets vanish and nobody says why',
    kind: 'mishap',
    scenarios: ['retransmission-timeout/path-mtu-black-hole'],
    nearMiss: 'retransmission-timeout/path-mtu-discovered',
  },
];
