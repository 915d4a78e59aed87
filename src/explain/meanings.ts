/** What a condition in a phase says, once for every language. Order of the causes: how often they are met in practice. */
import type { LikelyCause, Meaning } from './define.ts';
import * as step from './steps.ts';

const STALE: LikelyCause = {
  id: 'stale-reuse',
  why: 'the connection came out of a pool: the server had closed it while it was idle, and its kernel answered the next request with a RST',
};
const CRASH: LikelyCause = {
  id: 'process-crash',
  why: 'a process that dies leaves its sockets to the kernel, which resets those with unread data and closes the others',
};
const DEPLOY: LikelyCause = {
  id: 'shutdown-in-flight',
  why: 'a deploy or restart with requests in flight: many connections of one server at the same moment',
};
const IDLE: LikelyCause = {
  id: 'idle-timeout',
  why: 'a proxy, load balancer or server cut the connection after its idle limit: look for the same quiet time again and again',
};
const UNREAD: LikelyCause = {
  id: 'unread-data',
  why: 'the peer closed its socket with received data unread: Linux then sends a RST instead of a FIN',
};
const REJECTED: LikelyCause = {
  id: 'payload-rejected',
  why: 'the server answered or gave up while the body was still arriving (413, 401, a limit): only large or some requests fail',
};
const MISMATCH: LikelyCause = {
  id: 'protocol-mismatch',
  why: 'the two sides speak different protocols: TLS to a plain port or the reverse, HTTP/2 to HTTP/1, a wrong port',
};
const POLICY: LikelyCause = {
  id: 'policy-abort',
  why: 'accepted, then dropped by rule: connection limits, an address list, nginx 444, a WAF in the proxy',
};
const EXPIRED: LikelyCause = {
  id: 'firewall-state-expiry',
  why: 'a firewall or NAT forgot the quiet connection and answered its next packet with a RST',
};
const INJECTED: LikelyCause = {
  id: 'injected',
  why: 'something in the path forged the RST; needs evidence, and is rarer than it is suspected',
};
const RELAYED: LikelyCause = { id: 'relayed', why: 'a proxy between passed on the failure of its other leg' };
const CLIENT: LikelyCause = {
  id: 'client-abort',
  why: 'the client gave up: its own timeout, a cancelled request, a closed tab, a dead phone',
};
const NOBODY: LikelyCause = {
  id: 'refused',
  why: 'nothing listens on that address and port: stopped, still starting, wrong port, or bound to another address only',
};
const REJECT: LikelyCause = {
  id: 'firewall-reject',
  why: 'a firewall or kube-proxy REJECT answers in the server’s name',
};
const NO_ANSWER: LikelyCause = {
  id: 'connect-timeout',
  why: 'a firewall that drops, a route that leads nowhere, or a host that is down',
};
const BACKLOG: LikelyCause = {
  id: 'backlog-overflow',
  why: 'the server’s accept queue is full and its kernel drops what it cannot queue',
};
const FORGOTTEN: LikelyCause = {
  id: 'idle-dropped',
  why: 'a firewall or NAT forgot the quiet connection and drops its packets without a word',
};
const UNACKNOWLEDGED: LikelyCause = {
  id: 'retransmission-timeout',
  why: 'the kernel repeated unacknowledged data until it gave up: the peer or the path is gone',
};
const DEAD: LikelyCause = { id: 'dead-peer', why: 'keep-alive probes were not answered' };
const LATE_WRITE: LikelyCause = {
  id: 'data-after-close',
  why: 'this side wrote on after the peer had closed; the peer’s kernel answered that write with a RST',
};
const EXHAUSTED: LikelyCause = { id: 'resource-exhaustion', why: 'memory, descriptors, ports or workers ran out' };
const SLOW: LikelyCause = {
  id: 'unknown',
  why: 'most often simply a slow answer, which is no fault of TCP: ask the server’s log how long the request took',
};

const REUSE_CERTAIN =
  'A capture on this host shows the RST with its TTL, its trigger and what came before; one on the peer as well proves who sent it.';
const SERVER_LOG_CERTAIN = 'The server’s log and exit status at that second, or a capture on this host.';

/** A RST on an established connection, nothing more known. */
export const RESET: Meaning = {
  condition: 'reset',
  phase: 'unknown',
  what: 'The connection was established; then a TCP RST arrived in the peer’s name. It was neither refused nor timed out.',
  doubt: 'the peer’s application or kernel, and every proxy, load balancer and firewall between',
  cleared:
    'name resolution, routing and the listening port: the handshake had worked. This program did not send the RST.',
  causes: [STALE, CRASH, DEPLOY, IDLE, UNREAD, EXPIRED, INJECTED],
  retry: 'safe-with-idempotency-key',
  next: [step.CAPTURE, step.WATCH, step.SERVICE_LOG, step.SOCKETS],
  certain: REUSE_CERTAIN,
};

/** A RST where an answer was awaited or was arriving. */
export const RESET_RESPONSE: Meaning = {
  ...RESET,
  phase: 'response',
  what: 'The connection was established and the request was sent; where the answer should have come, a TCP RST arrived in the peer’s name.',
  next: [step.CAPTURE, step.KEEP_ALIVE, step.SERVICE_LOG, step.CURL],
};

/** A RST in the middle of an answer. */
export const RESET_BODY: Meaning = {
  ...RESET,
  phase: 'response',
  what: 'The answer had begun to arrive; then a TCP RST cut it short. What came before it is incomplete.',
  cleared: 'idle limits and stale pooled connections: this connection was in use.',
  causes: [CRASH, DEPLOY, RELAYED, POLICY],
  next: [step.CAPTURE, step.JOURNAL, step.SERVICE_LOG],
};

/** An HTTP/2 or HTTP/3 peer ended one stream; TCP was not touched. */
export const STREAM_RESET: Meaning = {
  ...RESET,
  phase: 'response',
  what: 'The peer ended the stream with RST_STREAM, a frame of HTTP/2 (RESET_STREAM in HTTP/3). It is not a TCP RST: the connection below may well live on.',
  doubt: 'the peer’s application, and every proxy between that speaks HTTP/2 itself',
  cleared: 'TCP, firewalls and idle limits: the connection was alive, for it carried this frame.',
  causes: [RELAYED, POLICY, CRASH, DEPLOY],
  next: [step.SERVICE_LOG, step.CURL],
  certain:
    'The error code: REFUSED_STREAM was not processed, CANCEL means nobody wants it, INTERNAL_ERROR is in that hop’s log.',
};

/** The first write or a later one met the RST. */
export const RESET_WRITE: Meaning = {
  ...RESET,
  phase: 'request',
  what: 'While this side was writing, a TCP RST had arrived in the peer’s name: the peer had stopped receiving.',
  causes: [REJECTED, STALE, LATE_WRITE, UNREAD, CRASH],
  next: [step.CAPTURE, step.SERVICE_LOG, step.SOCKETS],
};

/** A RST during the TLS handshake, the protocol greeting or right after accept. */
export const RESET_HANDSHAKE: Meaning = {
  ...RESET,
  phase: 'handshake',
  what: 'The TCP handshake worked and something accepted the connection; a RST came before the TLS handshake or the protocol’s greeting was through.',
  causes: [POLICY, MISMATCH, BACKLOG, RELAYED, INJECTED],
  retry: 'safe',
  next: [step.TLS, step.CAPTURE, step.SERVICE_LOG, step.QUEUE],
};

/** A RST answered the SYN. */
export const REFUSED: Meaning = {
  condition: 'refused',
  phase: 'connect',
  what: 'A RST answered the SYN: the host, or something in its name, said at once that nothing is open on this port. The connection never existed.',
  doubt: 'the service on that port (stopped, starting, bound elsewhere), or a firewall that rejects',
  cleared:
    'the route there and back, and the host itself: somebody answered within a round trip. No data was lost: none was sent.',
  causes: [NOBODY, REJECT],
  retry: 'safe',
  next: [step.LISTENS, step.SERVICE_LOG, step.CURL, step.CAPTURE],
  certain: '`ss -ltn` on the peer at that moment; a capture there shows whether its own kernel sent the RST.',
};

/** Silence to the SYN. */
export const CONNECT_TIMEOUT: Meaning = {
  condition: 'timed-out',
  phase: 'connect',
  what: 'Nothing answered the SYN and its repetitions until the time was up: silence, not a refusal. The connection never existed.',
  doubt: 'a firewall that drops, the route, the peer’s host, or its full accept queue',
  cleared: 'the application behind the port: it never saw this connection. No RST was sent by anybody.',
  causes: [NO_ANSWER, BACKLOG],
  retry: 'safe',
  next: [step.ROUTE, step.FIREWALL, step.QUEUE, step.CAPTURE],
  certain: 'A capture on the peer: do the SYNs arrive there, and does it answer?',
};

/** No connection came about; the program says the same whatever the reason. */
export const UNCONNECTED: Meaning = {
  ...REFUSED,
  condition: 'unknown',
  what: 'No connection was established. Whether the SYN was refused, not answered or undeliverable is not said: this program has one wording for all.',
  doubt: 'the service on that port, a firewall, or the address itself',
  cleared: 'nobody yet. No data was lost: none was sent.',
  causes: [NOBODY, NO_ANSWER, REJECT],
  next: [step.CURL, step.LISTENS, step.ROUTE, step.CAPTURE],
};

/** A timer of the program ran out while it waited for the answer. */
export const READ_TIMEOUT: Meaning = {
  condition: 'timed-out',
  phase: 'response',
  what: 'The connection stood and the request was sent, but no answer came within this side’s own limit. No RST and no FIN is involved; this side closes now, which the peer will see as a client that went away.',
  doubt: 'the server (slow, stuck, or never accepted the connection), or a path that lost the connection silently',
  cleared: 'name resolution, the listening port and the handshake: all of that had worked.',
  causes: [SLOW, FORGOTTEN, UNACKNOWLEDGED, BACKLOG],
  retry: 'safe-with-idempotency-key',
  next: [step.CURL_TIMES, step.SERVICE_LOG, step.SOCKETS, step.QUEUE],
  certain:
    'The server’s own log of that request; `ss -ti` on this side shows whether the request was ever acknowledged.',
};

/** A timer of the program ran out before the TLS handshake or the greeting was through. */
export const HANDSHAKE_TIMEOUT: Meaning = {
  ...READ_TIMEOUT,
  phase: 'handshake',
  what: 'The TCP handshake worked; the TLS handshake or the protocol’s greeting was not through when the time was up.',
  cleared: 'the listening port: somebody’s kernel had accepted.',
  causes: [
    {
      id: 'backlog-overflow',
      why: 'the server’s kernel accepted, but its program does not get round to the connection',
    },
    { id: 'idle-dropped', why: 'large segments are lost on the way: an MTU or filter problem' },
    MISMATCH,
  ],
  retry: 'safe',
  next: [step.TLS, step.QUEUE, step.CAPTURE],
};

/** The kernel gave up an established connection. */
export const KERNEL_TIMEOUT: Meaning = {
  condition: 'timed-out',
  phase: 'unknown',
  what: 'The kernel itself gave the connection up: its segments or keep-alive probes were not acknowledged for so long. Nobody sent a RST.',
  doubt: 'the path (a firewall or NAT that forgot the connection) and the peer’s host (down, unreachable)',
  cleared: 'the peer’s application: a live one would at least have been acknowledged by its kernel.',
  causes: [UNACKNOWLEDGED, FORGOTTEN, DEAD, NO_ANSWER],
  retry: 'safe-with-idempotency-key',
  next: [step.SOCKETS, step.ROUTE, step.CAPTURE],
  certain: 'A capture on both sides: where do the repeated segments stop?',
};

/** Writing on a connection that is known to be dead. */
export const BROKEN_PIPE: Meaning = {
  condition: 'broken-pipe',
  phase: 'closed',
  what: 'This side wrote on a connection that was already finished: the peer had closed it and an earlier write had met a RST, or this side had shut its own sending half.',
  doubt: 'whoever closed first: usually the peer; this side only noticed late',
  cleared: 'the network: the close had arrived properly, and writing after it is what failed.',
  causes: [LATE_WRITE, CLIENT, STALE, REJECTED],
  retry: 'safe-with-idempotency-key',
  next: [step.CAPTURE, step.SOCKETS, step.SERVICE_LOG],
  certain: 'A capture on this host: whose FIN came first, and which write met the RST.',
};

/** A server writes to a client that has gone. */
export const BROKEN_PIPE_CLIENT: Meaning = {
  ...BROKEN_PIPE,
  what: 'This server wrote its answer on a connection that its client had already closed.',
  doubt: 'the client, or a proxy with a shorter timeout in front',
  cleared: 'this server’s network: the client’s close had arrived.',
  causes: [CLIENT, RELAYED, LATE_WRITE],
  retry: 'not-needed',
};

/** A FIN came where an answer was awaited. */
export const CLOSED_UNANSWERED: Meaning = {
  condition: 'closed',
  phase: 'response',
  what: 'The peer closed the connection with a FIN, in good order as TCP sees it, before it had answered anything. It is not a RST, whatever error code the library attaches.',
  doubt: 'the server or the proxy in front of it; on a pooled connection also this side, which reused it too late',
  cleared: 'the network and the listening port: the FIN arrived as it should.',
  causes: [STALE, CRASH, POLICY, DEPLOY, IDLE],
  retry: 'safe-with-idempotency-key',
  next: [step.KEEP_ALIVE, step.CURL, step.SERVICE_LOG, step.CAPTURE],
  certain: 'A capture on this host: was the FIN there before the request was sent (stale-reuse), or did it answer it?',
};

/** A FIN came in the middle of an answer. */
export const CLOSED_BODY: Meaning = {
  ...CLOSED_UNANSWERED,
  what: 'The answer had begun; then the connection ended, by a FIN as a rule, before all of it was there. What arrived is incomplete.',
  cleared: 'idle limits and stale pooled connections: this connection was in use.',
  causes: [CRASH, DEPLOY, RELAYED, POLICY],
  next: [step.SERVICE_LOG, step.JOURNAL, step.CAPTURE],
  certain: SERVER_LOG_CERTAIN,
};

/** A FIN came during the TLS handshake or the greeting. */
export const CLOSED_HANDSHAKE: Meaning = {
  ...CLOSED_UNANSWERED,
  phase: 'handshake',
  what: 'The peer accepted the connection and closed it with a FIN before the TLS handshake or the protocol’s greeting was through.',
  causes: [MISMATCH, POLICY, RELAYED, CRASH],
  retry: 'safe',
  next: [step.TLS, step.SERVICE_LOG, step.CAPTURE],
};

/** Somewhere a timer of the kernel ran out; the wording does not say in which phase. */
export const TIMED_OUT: Meaning = {
  ...KERNEL_TIMEOUT,
  what: 'The kernel gave up: either the SYN and its repetitions were never answered, or an established connection’s data was never acknowledged. The wording does not tell which; nobody sent a RST.',
  doubt: 'a firewall that drops, the route, the peer’s host',
  cleared: 'the peer’s application: its kernel would have answered or acknowledged.',
  causes: [NO_ANSWER, UNACKNOWLEDGED, FORGOTTEN, DEAD],
  next: [step.ROUTE, step.CURL, step.SOCKETS, step.CAPTURE],
};

/** A session with a database or broker ended from the other side. */
export const CLOSED_SESSION: Meaning = {
  ...CLOSED_UNANSWERED,
  phase: 'unknown',
  what: 'The server closed this session’s connection with a FIN while the client believed it open.',
  doubt: 'the server’s idle limit, the server process, an administrator, and every proxy and firewall between',
  cleared: 'name resolution, the listening port and the login: they had worked.',
  causes: [IDLE, CRASH, DEPLOY, { id: 'killed', why: 'an administrator or a failover ended the session' }, FORGOTTEN],
  next: [step.SERVICE_LOG, step.JOURNAL, step.SOCKETS, step.CAPTURE],
  certain: SERVER_LOG_CERTAIN,
};

/** The same where the client says one thing for a FIN and a RST. */
export const ENDED_SESSION: Meaning = {
  ...CLOSED_SESSION,
  condition: 'unknown',
  what: 'The server’s side ended this session’s connection, by a FIN or a RST: this client says the same for both.',
};

/** The peer ended a connection before its answer, by a FIN or a RST. */
export const ENDED_UNANSWERED: Meaning = {
  ...CLOSED_UNANSWERED,
  condition: 'unknown',
  what: 'The server ended its connection before it had answered, by a FIN or a RST: this program says the same for both.',
  cleared: 'the listening port and the handshake: they had worked.',
};

/** The peer ended a connection in the middle of its answer, by a FIN or a RST. */
export const ENDED_BODY: Meaning = {
  ...CLOSED_BODY,
  condition: 'unknown',
  what: 'The answer had begun; then the connection ended, by a FIN or a RST: this program says the same for both. What arrived is incomplete.',
};

/** Heartbeats or keep-alive messages of the protocol were not answered. */
export const HEARTBEAT_LOST: Meaning = {
  ...CLOSED_SESSION,
  condition: 'timed-out',
  phase: 'idle',
  what: 'The protocol’s own heartbeats were not answered, so this side closed: the path went silent, or the peer was too busy to answer. No RST and no FIN had come.',
  cleared: 'name resolution, the listening port and the login: they had worked.',
  causes: [FORGOTTEN, { id: 'dead-peer', why: 'the peer’s host or process is gone, paused or blocked' }],
};

/** This side's own idle limit ran out. */
export const IDLE_CUT: Meaning = {
  ...CLOSED_SESSION,
  condition: 'timed-out',
  phase: 'idle',
  what: 'Nothing flowed on the connection for as long as the limit of the program that wrote this allows; it closed. Nobody sent a RST before that.',
  doubt: 'the limit itself, and whoever keeps the connection open without using it',
  cleared: 'the network: it had nothing to carry.',
  causes: [{ id: 'idle-timeout', why: 'the limit on quiet connections ran out' }, FORGOTTEN],
  certain: 'The same duration again and again, equal to a configured limit.',
};

/** An idle pooled connection was closed by the other side. */
export const CLOSED_IDLE: Meaning = {
  ...CLOSED_UNANSWERED,
  phase: 'idle',
  what: 'The server closed a kept-alive connection while nothing was under way on it, or just as the next request was sent.',
  causes: [STALE, IDLE],
  retry: 'safe',
  certain: 'The server’s keep-alive limit against this client’s: the client’s must be the shorter one.',
};

/** The client of this server or proxy went away, by a FIN or a RST. */
export const CLIENT_GONE: Meaning = {
  condition: 'closed',
  phase: 'response',
  what: 'The client closed its connection before it had the whole answer.',
  doubt: 'the client, or a proxy in front that has a shorter timeout than the answer took',
  cleared: 'the server behind: it had not failed; at most it was slow.',
  causes: [CLIENT, { ...RELAYED, why: 'the client is a proxy that lost its own client' }],
  retry: 'not-needed',
  next: [step.CAPTURE, step.SERVICE_LOG],
  certain: 'The durations: the same one again and again is a client’s timeout.',
};

/** The same, where the log says that it was a RST. */
export const CLIENT_RESET: Meaning = {
  ...CLIENT_GONE,
  condition: 'reset',
  what: 'The client aborted its connection with a RST before it had the whole answer.',
};

/** The client vanished while it was still sending. */
export const CLIENT_GONE_REQUEST: Meaning = {
  ...CLIENT_GONE,
  phase: 'request',
  what: 'The client closed its connection before it had sent a whole request.',
};

/** The client stopped sending or reading. */
export const CLIENT_TIMEOUT: Meaning = {
  ...CLIENT_GONE,
  condition: 'timed-out',
  phase: 'request',
  what: 'The client neither sent nor took anything for as long as this side’s limit allows; this side closed.',
  causes: [
    { id: 'client-abort', why: 'the client hangs, has left the network, or only pre-connected' },
    FORGOTTEN,
    UNACKNOWLEDGED,
  ],
  certain: 'A capture on this host: are its segments still acknowledged?',
};

/** An idle connection was closed by its client. */
export const CLIENT_IDLE_CLOSE: Meaning = {
  ...CLIENT_GONE,
  phase: 'idle',
  what: 'The client closed a kept-alive connection on which nothing was under way.',
  cleared: 'everybody: this is how kept-alive connections end.',
  causes: [{ id: 'benign-close', why: 'nothing was under way; a RST here instead of a FIN loses nothing' }],
};

/** The operating system of this side gave the connection up. */
export const ABORTED: Meaning = {
  condition: 'aborted',
  phase: 'unknown',
  what: 'This side’s own system gave the connection up: unacknowledged data, a lost interface, or local security software. The peer did not reset it.',
  doubt: 'this host: its network interface, its VPN or antivirus; then the path',
  cleared: 'the peer’s application: no RST of its kind was received.',
  causes: [UNACKNOWLEDGED, DEAD, FORGOTTEN],
  retry: 'safe-with-idempotency-key',
  next: [step.SOCKETS, step.CAPTURE],
  certain: 'A capture on this host: repeated segments before the end mean a silent path; none mean local software.',
};

/** This program cancelled it. */
export const CANCELLED: Meaning = {
  ...ABORTED,
  phase: 'response',
  what: 'This program cancelled the operation itself and closed the connection; if the answer was under way, its kernel sends a RST for that.',
  doubt: 'this program: its abort signal, its deadline, its own close()',
  cleared: 'the peer and the network: they were not asked.',
  causes: [{ id: 'client-abort', why: 'the caller’s own code, deadline or signal ended it' }],
  next: [step.CURL_TIMES, step.SERVICE_LOG],
  certain: 'The stack trace names who cancelled.',
};

/** This program used a connection that it had itself closed. */
export const OWN_CLOSE: Meaning = {
  ...CANCELLED,
  phase: 'closed',
  what: 'This program used a connection that it had closed itself. TCP was not asked, nothing went over the network.',
  causes: [
    {
      id: 'client-abort',
      why: 'another part of this program closed it: a shutdown, a deadline, a pool that evicts, two owners of one socket',
    },
  ],
};

/** What came is not what was expected. */
export const MISMATCHED: Meaning = {
  ...ABORTED,
  phase: 'handshake',
  what: 'The connection stood; the bytes that came are not of the protocol that this side speaks, so this side ends it.',
  doubt: 'the address: a wrong port, a scheme that does not fit it, a proxy that speaks first',
  cleared: 'the network: the bytes arrived in order.',
  causes: [MISMATCH, { id: 'injected', why: 'a captive portal or filter answered in the server’s place' }],
  retry: 'not-needed',
  next: [step.TLS, step.CURL, step.CAPTURE],
  certain: 'The first bytes: `openssl s_client` against `nc`.',
};

/** No route, or nobody at the address. */
export const UNREACHABLE: Meaning = {
  condition: 'unreachable',
  phase: 'connect',
  what: 'No packet could be delivered: this host or a router has no way there, or nobody answers at the address. The connection never existed.',
  doubt: 'routing, the address, the interface or VPN; a firewall that answers with ICMP',
  cleared: 'the application on the peer: nothing reached it.',
  causes: [NO_ANSWER, REJECT],
  retry: 'safe',
  next: [step.ROUTE, step.FIREWALL],
  certain: '`ip route get`, and a capture of the ICMP messages.',
};

/** A gateway says 502. */
export const BAD_GATEWAY: Meaning = {
  condition: 'unknown',
  phase: 'unknown',
  what: 'A gateway reached its server or tried to, and the connection between those two was refused, reset or closed, or the answer was not HTTP. The connection to the client is healthy: it carried this answer.',
  doubt: 'the hop behind the gateway that answered',
  cleared: 'the client and its connection to the gateway.',
  causes: [NOBODY, CRASH, STALE, DEPLOY, MISMATCH],
  retry: 'safe-with-idempotency-key',
  next: [
    {
      text: 'Which hop said it? Then read that gateway’s error log',
      command: 'curl -sv {url} 2>&1 | grep -iE "^< (server|via|x-cache|cf-ray)"',
    },
    step.SERVICE_LOG,
    step.CAPTURE,
  ],
  certain: 'The gateway’s own error log of that second: refused, reset, closed or malformed.',
};

/** A gateway says 503. */
export const UNAVAILABLE: Meaning = {
  ...BAD_GATEWAY,
  phase: 'connect',
  what: 'A gateway had no server to give the request to: all marked down, none configured, or no free place. As a rule no connection to a server was made for this request.',
  causes: [NOBODY, EXHAUSTED, DEPLOY, POLICY],
  retry: 'safe',
  certain: 'The gateway’s health checks and queue at that second.',
};

/** A gateway says 504. */
export const GATEWAY_TIMEOUT: Meaning = {
  ...READ_TIMEOUT,
  what: 'A gateway waited for its server until the gateway’s own limit was up. The connection to the client is healthy: it carried this answer.',
  doubt: 'the server behind the gateway, or the path between those two',
  cleared: 'the client and its connection to the gateway.',
  next: [step.SERVICE_LOG, step.CURL_TIMES, step.CAPTURE],
  certain: 'The gateway’s log: while connecting (the path or the host) or while reading (the server is slow).',
};

/** A proxy refused by its own rule. */
export const DENIED: Meaning = {
  ...CANCELLED,
  phase: 'request',
  what: 'The proxy that wrote this ended the connection by its own rule or limit; no server was asked.',
  doubt: 'the configuration of that proxy',
  cleared: 'the servers behind it and the network.',
  causes: [POLICY],
  retry: 'unknown',
  next: [step.SERVICE_LOG],
  certain: 'The rule in the proxy’s configuration.',
};

/** A proxy answered by itself; no connection came to harm. */
export const ANSWERED: Meaning = {
  ...DENIED,
  condition: 'unknown',
  what: 'The proxy that wrote this answered the request itself, by its own rule or limit. No connection failed, and no server was asked.',
};

/** What was sent is larger than the receiver takes. */
export const TOO_LARGE: Meaning = {
  ...DENIED,
  what: 'What was sent is larger than the program that wrote this accepts: it stops reading and closes. If data was unread by then, the sender sees a RST or a broken pipe instead of the answer.',
  doubt: 'the size limit, or the sender',
  cleared: 'the network.',
  causes: [REJECTED, UNREAD],
  retry: 'not-needed',
  certain: 'The configured limit against the size of the failing requests.',
};

/** A proxy or host had nothing left. */
export const EXHAUSTION: Meaning = {
  ...DENIED,
  what: 'The proxy or host ran out of memory, sockets, ports, descriptors or workers and could not go on with the connection.',
  doubt: 'this host’s limits',
  causes: [EXHAUSTED],
  next: [{ text: 'Limits and usage', command: 'ss -s; cat /proc/sys/fs/file-nr; dmesg -T | tail -50' }, step.JOURNAL],
  certain: 'The kernel’s log and the process’s limits at that time.',
};

/** Sessions were cut by a proxy because a server's state changed. */
export const DRAINED: Meaning = {
  ...DENIED,
  phase: 'response',
  what: 'The proxy cut this session on purpose: its server was marked down, a reload reached its hard stop, or an administrator ended it.',
  causes: [
    { id: 'drain-reset', why: 'sessions of a server that is taken out are cut' },
    { id: 'killed', why: 'an operator ended them' },
  ],
  retry: 'safe-with-idempotency-key',
};

/** An HTTP/2 peer announced the end of the connection. */
export const GOING_AWAY: Meaning = {
  ...CLOSED_IDLE,
  phase: 'closing',
  what: 'The HTTP/2 peer announced with GOAWAY that it takes no more streams on this connection, and will close it. Streams above the announced number were not processed.',
  causes: [
    DEPLOY,
    { id: 'drain-reset', why: 'a proxy drains its connections, or they reached their greatest age' },
    IDLE,
  ],
  certain: 'GOAWAY’s error code and last stream: NO_ERROR is a graceful drain.',
};

/** The server's process was ended by the system. */
export const KILLED_PROCESS: Meaning = {
  ...RESET,
  condition: 'unknown',
  what: 'A process or pod was ended; whatever connections it held are closed by its kernel, with a RST where data was unread.',
  doubt: 'that host: memory limits, probes, a rollout',
  cleared: 'the network.',
  causes: [CRASH, DEPLOY, EXHAUSTED],
  next: [step.JOURNAL],
  certain:
    'Exit code and time against the time of the first error: 137 is SIGKILL, by the OOM killer or after the grace period.',
};
