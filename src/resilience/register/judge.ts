/**
 * Facts of one failed connection → the likely cause, with why. Pure.
 * One end of a connection sees neither who sent a RST nor the wire, so the level is never `proof`, and causes that
 * look the same from here are named together.
 */
import type { Retry } from '../../terms/outcome.ts';
import type { Facts, Judgement } from './record.ts';

/** Shorter quiet times cannot tell a server's idle limit from an abort of the new request. */
export const STALE_IDLE_MS = 1000;

type Verdict = Omit<Judgement, 'cause'>;

/** Says what most likely ended the connection. */
export function judge(facts: Facts): Judgement {
  const verdict = verdictOf(facts);
  return { cause: verdict.group[0] ?? 'unknown', ...verdict };
}

function verdictOf(facts: Facts): Verdict {
  if (facts.endedHere) return ownClose(facts);
  if (facts.phase === 'connect') return beforeConnection(facts);
  if (facts.condition === 'timed-out') return silence(facts);
  if (facts.phase === 'handshake') return tlsHandshake(facts);
  if (facts.side === 'server') return clientLeft(facts);
  if (facts.request === null) return facts.servedBefore > 0 ? whileIdle(facts) : withoutRequest(facts);
  if (facts.protocol === 'h2') return sessionLost(facts);
  if (facts.bytesRead > 0) return midResponse(facts);
  return facts.reused ? staleReuse(facts) : noAnswer(facts);
}

function ownClose(facts: Facts): Verdict {
  const isClient = facts.side === 'client';
  return {
    group: [isClient ? 'client-abort' : 'policy-abort'],
    level: 'likely',
    title: 'this process ended the connection itself; the peer is not to blame',
    why: 'the socket or the request was destroyed here, with no FIN and no reset from the peer before',
    retry: isClient ? 'not-needed' : 'unknown',
  };
}

function beforeConnection(facts: Facts): Verdict {
  if (facts.condition === 'refused')
    return {
      group: ['refused'],
      level: 'likely',
      title: 'nothing accepts connections at that address and port, or a firewall rejects them',
      why: 'the answer to the SYN was a refusal; no connection ever existed',
      retry: 'safe',
    };
  if (facts.condition === 'timed-out')
    return {
      group: ['connect-timeout', 'backlog-overflow'],
      level: 'likely',
      title: 'the connect was never answered: packets are dropped on the way, the host is down, or its backlog is full',
      why: `no answer within ${seconds(facts.sinceConnectMs ?? 0)}; a closed port would have refused at once`,
      retry: 'safe',
    };
  return {
    group: ['backlog-overflow', 'firewall-reject', 'policy-abort'],
    level: 'possible',
    title: 'the connection was reset while it was being established',
    why: 'the error came from the connect itself and is not a refusal',
    retry: 'safe',
  };
}

function silence(facts: Facts): Verdict {
  return {
    group: ['retransmission-timeout', 'dead-peer', 'idle-dropped'],
    level: 'possible',
    title: 'the peer stopped answering: host down, path gone, or a firewall forgot the connection and drops',
    why: `this side's kernel gave up waiting for acknowledgements${facts.idleMs === null ? '' : `, after ${seconds(facts.idleMs)} idle`}`,
    retry: retryOf(facts),
  };
}

function tlsHandshake(facts: Facts): Verdict {
  return {
    group: ['protocol-mismatch', 'policy-abort'],
    level: 'possible',
    title: `the ${peerName(facts)} ended the connection inside the TLS handshake`,
    // A TLS socket counts decrypted bytes: how far the handshake came cannot be told.
    why: 'the handshake was not complete: the port may not speak TLS, or a rule, a certificate or a version was refused',
    retry: facts.side === 'client' ? 'safe' : 'unknown',
  };
}

/** This process is the server. */
function clientLeft(facts: Facts): Verdict {
  if (facts.condition === 'broken-pipe' || facts.syscall === 'write')
    return {
      group: ['data-after-close', 'client-abort'],
      level: 'likely',
      title: 'the client had left; this server wrote on to a closed connection',
      why: 'the write failed, so the client closed before it',
      retry: 'unknown',
    };
  const inFlight = facts.request !== null;
  return {
    group: inFlight ? ['client-abort'] : ['client-abort', 'process-crash', 'benign-close'],
    level: inFlight ? 'likely' : 'possible',
    title: inFlight
      ? 'the client gave up before it had its whole answer'
      : 'the client reset the connection with no request open',
    why: `the client's ${facts.finSeen ? 'FIN' : 'reset'} came ${inFlight ? 'while a request was open' : 'between requests'}`,
    retry: inFlight ? 'unknown' : 'not-needed',
  };
}

function whileIdle(facts: Facts): Verdict {
  return {
    group: ['idle-timeout', 'process-crash', 'shutdown-in-flight'],
    level: 'possible',
    title: 'the server ended a kept-alive connection on which nothing was asked',
    why: `${facts.servedBefore} answered before, none open`,
    retry: 'not-needed',
  };
}

function withoutRequest(facts: Facts): Verdict {
  if (facts.condition === 'broken-pipe') return wroteAfterClose(facts);
  const silent = facts.bytesRead === 0 && facts.bytesWritten === 0;
  return {
    group: silent ? ['policy-abort', 'backlog-overflow', 'no-socket'] : ['unread-data', 'linger-zero', 'idle-timeout'],
    level: 'possible',
    title: silent ? 'the peer ended the connection before a byte was exchanged' : 'the peer reset a live connection',
    why: `${facts.bytesWritten} bytes sent and ${facts.bytesRead} read in all; the protocol is not known here`,
    retry: silent ? 'safe' : 'unknown',
  };
}

function midResponse(facts: Facts): Verdict {
  const read = `${facts.bytesRead} bytes of the answer had come`;
  if (facts.syscall === 'write' || facts.condition === 'broken-pipe')
    return {
      group: ['payload-rejected', 'data-after-close'],
      level: 'likely',
      title: 'the server answered and closed while this side was still sending',
      why: `${read} when the write failed`,
      retry: 'unknown',
    };
  if (facts.lastFromPeer === 'fin')
    return {
      group: ['process-crash', 'shutdown-in-flight', 'relayed'],
      level: 'possible',
      title: 'the server closed in the middle of its answer',
      why: `${read}, then a FIN instead of the rest`,
      retry: retryOf(facts),
    };
  return {
    group: ['linger-zero', 'process-crash', 'shutdown-in-flight', 'relayed'],
    level: 'possible',
    title: 'the connection was reset in the middle of the answer',
    why: `${read}, then a reset instead of the rest: an abort or a crash of the server or of a proxy before it`,
    retry: retryOf(facts),
  };
}

/** HTTP/2: bytes belong to the session, not to one request, so answered and unanswered cannot be told apart. */
function sessionLost(facts: Facts): Verdict {
  const idle = facts.idleMs === null ? '' : `, idle for ${seconds(facts.idleMs)}`;
  return {
    group: ['linger-zero', 'process-crash', 'shutdown-in-flight', 'idle-timeout'],
    level: 'possible',
    title: `the server ${facts.lastFromPeer === 'fin' ? 'closed' : 'reset'} the HTTP/2 session and every stream on it`,
    why: `it was stream ${facts.servedBefore + 1} of this connection${idle}`,
    retry: retryOf(facts),
  };
}

function staleReuse(facts: Facts): Verdict {
  const title = 'the server had given up the kept-alive connection before it saw this request';
  const idle = facts.idleMs === null ? 'idle time unknown' : `idle for ${seconds(facts.idleMs)}`;
  const retry = retryOf(facts);
  if (facts.bytesWritten === 0)
    return {
      group: ['stale-reuse'],
      level: 'likely',
      title,
      why: `reused connection, ${idle}; nothing of this request had been written yet`,
      retry,
    };
  if (facts.finSeen)
    return {
      group: ['stale-reuse'],
      level: 'likely',
      title,
      why: `reused connection, ${idle}; its close crossed the request, and nothing came back`,
      retry,
    };
  const longIdle = facts.idleMs !== null && facts.idleMs >= STALE_IDLE_MS;
  return {
    group: longIdle ? ['stale-reuse'] : ['stale-reuse', 'unread-data', 'linger-zero'],
    level: longIdle ? 'likely' : 'possible',
    title: longIdle ? title : 'the server reset a kept-alive connection as this request came',
    why: longIdle
      ? `reused connection, ${idle}; the request was written and the first thing back was a reset`
      : `reused connection, but only ${idle}: an abort of this very request looks the same from here`,
    retry,
  };
}

function noAnswer(facts: Facts): Verdict {
  if (facts.condition === 'broken-pipe') return wroteAfterClose(facts);
  const retry = retryOf(facts);
  if (facts.lastFromPeer === 'fin')
    return {
      group: ['policy-abort', 'process-crash', 'protocol-mismatch'],
      level: 'possible',
      title: 'the server closed a fresh connection without answering',
      why: 'first request on the connection, so no idle limit; a FIN came instead of an answer',
      retry,
    };
  if (facts.bytesWritten === 0)
    return {
      group: ['policy-abort', 'backlog-overflow', 'no-socket'],
      level: 'possible',
      title: 'a fresh connection was reset before the request was sent',
      why: 'connected, nothing written, nothing read',
      retry,
    };
  return {
    group: ['unread-data', 'linger-zero', 'policy-abort', 'process-crash'],
    level: 'possible',
    title: 'the server aborted a fresh connection instead of answering',
    why: 'first request on the connection, so no idle limit; closing with the request unread or with linger 0 looks the same from here',
    retry,
  };
}

function wroteAfterClose(facts: Facts): Verdict {
  return {
    group: ['data-after-close'],
    level: 'likely',
    title: `the ${peerName(facts)} had closed; this side wrote on`,
    why: facts.finSeen ? 'its FIN was read before the write failed' : 'the write failed on a connection already reset',
    retry: retryOf(facts),
  };
}

/** RFC 9110 §9.2.2: idempotent methods may be sent again; so may what never left this process. */
function retryOf({ request, bytesWritten }: Facts): Retry {
  if (request === null) return 'unknown';
  if (bytesWritten === 0 || IDEMPOTENT.has(request.method)) return 'safe';
  return 'safe-with-idempotency-key';
}

const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

function peerName({ side }: Facts): string {
  return side === 'client' ? 'server' : 'client';
}

/** Milliseconds as people say them. */
export function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
