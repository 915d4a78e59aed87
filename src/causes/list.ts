/** Every cause, by id: the one place where the files are gathered. */
import type { CauseId, SilenceId } from '../terms/causes.ts';
import type { Cause, SilenceCause } from './define.ts';
import { backlogOverflow } from './backlog-overflow.ts';
import { benignClose } from './benign-close.ts';
import { clientAbort } from './client-abort.ts';
import { connectCancelled } from './connect-cancelled.ts';
import { dataAfterClose } from './data-after-close.ts';
import { deadPeer } from './dead-peer.ts';
import { drainReset } from './drain-reset.ts';
import { firewallReject } from './firewall-reject.ts';
import { firewallStateExpiry } from './firewall-state-expiry.ts';
import { healthCheck } from './health-check.ts';
import { idleTimeout } from './idle-timeout.ts';
import { injected } from './injected.ts';
import { killed } from './killed.ts';
import { lingerZero } from './linger-zero.ts';
import { noSocket } from './no-socket.ts';
import { payloadRejected } from './payload-rejected.ts';
import { policyAbort } from './policy-abort.ts';
import { portScan } from './port-scan.ts';
import { processCrash } from './process-crash.ts';
import { protocolMismatch } from './protocol-mismatch.ts';
import { refused } from './refused.ts';
import { relayed } from './relayed.ts';
import { resourceExhaustion } from './resource-exhaustion.ts';
import { shutdownInFlight } from './shutdown-in-flight.ts';
import { connectTimeout } from './silences/connect-timeout.ts';
import { idleDropped } from './silences/idle-dropped.ts';
import { retransmissionTimeout } from './silences/retransmission-timeout.ts';
import { staleReuse } from './stale-reuse.ts';
import { stateMismatch } from './state-mismatch.ts';
import { stray } from './stray.ts';
import { tupleReuse } from './tuple-reuse.ts';
import { unknown } from './unknown.ts';
import { unreadData } from './unread-data.ts';

export const CAUSES: Readonly<Record<CauseId, Cause>> = {
  'unread-data': unreadData,
  'linger-zero': lingerZero,
  'client-abort': clientAbort,
  'payload-rejected': payloadRejected,
  'protocol-mismatch': protocolMismatch,
  'policy-abort': policyAbort,
  'idle-timeout': idleTimeout,
  'stale-reuse': staleReuse,
  'data-after-close': dataAfterClose,
  'no-socket': noSocket,
  'state-mismatch': stateMismatch,
  'tuple-reuse': tupleReuse,
  refused,
  'backlog-overflow': backlogOverflow,
  'dead-peer': deadPeer,
  'process-crash': processCrash,
  'shutdown-in-flight': shutdownInFlight,
  'drain-reset': drainReset,
  'resource-exhaustion': resourceExhaustion,
  killed,
  'firewall-state-expiry': firewallStateExpiry,
  'firewall-reject': firewallReject,
  injected,
  relayed,
  'health-check': healthCheck,
  'port-scan': portScan,
  'connect-cancelled': connectCancelled,
  'benign-close': benignClose,
  stray,
  unknown,
};

export const SILENCES: Readonly<Record<SilenceId, SilenceCause>> = {
  'idle-dropped': idleDropped,
  'connect-timeout': connectTimeout,
  'retransmission-timeout': retransmissionTimeout,
};
