/** The guide's short answers, one per question, for `firsthand explain TOPIC` and the docs. */
import type { CauseId, SilenceId } from '../terms/causes.ts';

export interface Topic {
  readonly id: string;
  readonly title: string;
  /** Other ways to ask, lower case, words joined by hyphens. */
  readonly aliases: readonly string[];
  /** Paragraphs. */
  readonly answer: readonly string[];
  readonly commands: readonly string[];
  /** Causes to read on. */
  readonly see: readonly (CauseId | SilenceId)[];
  readonly sources: readonly string[];
}

export const TOPICS: readonly Topic[] = [
  {
    id: 'keep-alive',
    title: 'Keep-alives at which layer?',
    aliases: [
      'keep-alives',
      'keepalive',
      'keepalives',
      'keep-alives-at-which-layer',
      'keep-alive-at-which-layer',
      'tcp-keepalive',
      'http-keep-alive',
      'so-keepalive',
    ],
    answer: [
      'TCP keep-alive (SO_KEEPALIVE) sends empty probes. They keep the state of firewalls and NATs alive and find a dead peer. They carry no application data, so no HTTP idle limit of a server, proxy or load balancer is extended by them.',
      'HTTP keep-alive (persistent connections) decides how long a connection without a request may stay open. Both ends have a limit. The side that sends the next request, the client, must have the shorter one: then it never writes into a connection that the other side is closing.',
      'HTTP/2 PING and gRPC keep-alive find dead connections at the application’s layer; most load balancers do not count them as activity, and servers answer too many of them with GOAWAY ENHANCE_YOUR_CALM.',
      'Linux probes first after two hours by default: for firewalls that forget after minutes set the socket’s own TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT.',
    ],
    commands: [
      "ss -tnoi '( dport = :443 )'   # timer:(keepalive,…) when it is on",
      'sysctl net.ipv4.tcp_keepalive_time',
      'curl -sv http://HOST/ 2>&1 | grep -i keep-alive',
    ],
    see: ['stale-reuse', 'idle-timeout', 'firewall-state-expiry', 'idle-dropped', 'dead-peer'],
    sources: ['RFC 9293 §3.8.4', 'RFC 9112 §9.8', 'tcp(7)'],
  },
  {
    id: 'reset-or-refused',
    title: 'Reset or refused?',
    aliases: [
      'refused-or-reset',
      'reset-vs-refused',
      'refused-vs-reset',
      'econnreset-vs-econnrefused',
      'econnreset-or-econnrefused',
    ],
    answer: [
      'Both are a TCP RST. Refused (ECONNREFUSED): the RST answered the SYN; the connection never existed and nothing was sent, so a retry is always safe. Look for what should listen there.',
      'Reset (ECONNRESET): the connection existed, then a RST came. The port, the route and the handshake had worked. What was under way may have been carried out. Look at the peer’s application, at idle limits, and at what lies between.',
    ],
    commands: ['ss -ltn   # on the peer: does anything listen?', "tcpdump -ni any 'tcp[tcpflags] & tcp-rst != 0'"],
    see: ['refused', 'stale-reuse', 'unread-data'],
    sources: ['RFC 9293 §3.5.2', 'connect(2)', 'recv(2)'],
  },
  {
    id: 'reset-or-timeout',
    title: 'Reset or timed out?',
    aliases: [
      'reset-vs-timeout',
      'timeout-vs-reset',
      'reset-or-timed-out',
      'timeout-or-reset',
      'refused-vs-timeout',
      'refused-or-timeout',
      'econnreset-vs-etimedout',
    ],
    answer: [
      'A reset or a refusal is an answer: somebody sent a RST, within a round trip. A timeout is silence: packets were dropped, or nobody was there to answer. The two have different suspects.',
      'While connecting: refused means that the host is up and the port closed, or that a firewall rejects; timed out means that a firewall drops, the route is wrong, the host is down, or its accept queue is full.',
      'Later: reset means that an endpoint, or something in its name, ended the connection; timed out means that nothing was acknowledged any more, or, in most libraries, only that the library’s own timer ran out while the server was slow.',
    ],
    commands: [
      'curl -v --connect-timeout 5 http://HOST:PORT/',
      'ss -tanpoi   # unacknowledged data and retransmissions: the path; none: a slow server',
    ],
    see: ['connect-timeout', 'retransmission-timeout', 'idle-dropped', 'refused'],
    sources: ['RFC 9293 §3.8.3', 'RFC 6298'],
  },
  {
    id: 'node',
    title: 'How does Node.js tell these apart?',
    aliases: ['how-in-node', 'nodejs', 'node-js', 'in-node', 'how-in-nodejs', 'socket-hang-up-or-econnreset'],
    answer: [
      '`read ECONNRESET` and `write ECONNRESET` have the properties errno and syscall: a real RST. `socket hang up` and `aborted` also have the code ECONNRESET, but no syscall: the connection ended before the answer was whole, by a FIN as a rule. Test for `syscall`, not for `code` alone.',
      'fetch throws `TypeError: fetch failed` or `terminated`; the reason is in `error.cause`. axios gives ECONNABORTED to its own timeout: no RST was involved.',
      'On a server: answer, then close. `response.destroy()` on a request whose body has not been read sends a RST that can destroy the answer on its way. For keep-alive set `server.keepAliveTimeout` above the load balancer’s idle limit and `headersTimeout` above that; in clients retire idle sockets earlier than the server does.',
    ],
    commands: [
      'new Agent({ keepAlive: true, timeout: 4000 })   // http: idle sockets are retired before a server’s 5 s',
      'server.keepAliveTimeout = 65_000; server.headersTimeout = 66_000   // behind a load balancer with 60 s',
      'socket.resetAndDestroy()   // sends a RST on purpose',
      'NODE_DEBUG=http,net node app.js',
    ],
    see: ['stale-reuse', 'payload-rejected', 'linger-zero'],
    sources: ['measured: Node.js 20, 22, 24', 'Node.js http: server.keepAliveTimeout'],
  },
  {
    id: 'half-close',
    title: 'What is half-close?',
    aliases: ['what-is-half-close', 'half-closed', 'shutdown', 'fin', 'fin-or-rst'],
    answer: [
      'A FIN ends one direction only: its sender sends no more, and may still receive. `shutdown(SHUT_WR)` does that. HTTP clients that half-close after the request are legal; some proxies and servers take it for an abort.',
      'A close() that is not a half-close takes both directions: data that arrives later meets no reader, and the kernel answers it with a RST. That RST can overtake and destroy an answer that the other side has not read yet: therefore servers linger, reading on a little after their last answer.',
      'In Node `allowHalfOpen: true` keeps the writing side open after the peer’s FIN; the default ends it at once.',
    ],
    commands: [
      'ss -tan state close-wait   # the peer has closed, this program has not',
      'ss -tan state fin-wait-2   # this side has closed, the peer has not',
    ],
    see: ['data-after-close', 'unread-data', 'payload-rejected'],
    sources: ['RFC 9293 §3.6', 'RFC 9112 §9.6', 'shutdown(2)'],
  },
  {
    id: 'time-wait',
    title: 'TIME_WAIT: is it the problem?',
    aliases: ['timewait', 'time_wait', 'what-is-time-wait'],
    answer: [
      'The side that closes first keeps the address pair for a minute (Linux: 60 s, fixed), so that late segments cannot enter a new connection. Thousands of them are normal on a busy client or proxy and cost little memory.',
      'It hurts only where one client address opens more than some 28,000 connections a minute to one server port: then `EADDRNOTAVAIL` on connect, not ECONNRESET. The cure is to reuse connections, or more addresses. SO_LINGER 0 “against TIME_WAIT” trades it for real resets.',
      'A SYN that meets an old connection of the same pair gets a challenge ACK, a RST from the client, and a second SYN: see tuple-reuse.',
    ],
    commands: ['ss -tan state time-wait | wc -l', 'sysctl net.ipv4.ip_local_port_range net.ipv4.tcp_tw_reuse'],
    see: ['tuple-reuse', 'linger-zero', 'resource-exhaustion'],
    sources: ['RFC 9293 §3.6.1', 'RFC 6191', 'Linux include/net/tcp.h TCP_TIMEWAIT_LEN'],
  },
  {
    id: 'so-linger',
    title: 'SO_LINGER',
    aliases: ['linger', 'so_linger', 'so-linger-0', 'linger-0', 'what-is-so-linger'],
    answer: [
      'With l_onoff 1 and l_linger 0 a close() throws unsent data away and sends a RST instead of a FIN. The peer gets ECONNRESET, even for data that had already arrived there and was not read yet. With a positive time close() blocks until the data is acknowledged.',
      'Off, which is the default, close() returns at once and the kernel delivers what was written, then the FIN; but a close() with received data unread still sends a RST.',
      'Reasons for 0: to end a broken or hostile connection without TIME_WAIT, health checks, tests. nginx `reset_timedout_connection` and HAProxy `option nolinger` use it. Node’s http server does not set it.',
    ],
    commands: ['strace -f -e trace=setsockopt -p PID 2>&1 | grep SO_LINGER'],
    see: ['linger-zero', 'unread-data', 'health-check'],
    sources: ['socket(7)', 'Linux net/ipv4/tcp.c: __tcp_close'],
  },
  {
    id: 'retries',
    title: 'May I retry?',
    aliases: ['retry', 'is-a-retry-safe', 'when-to-retry', 'safe-retry'],
    answer: [
      'Refused, timed out while connecting, unreachable: always; nothing was sent.',
      'Reset or closed on a reused connection before the first byte of an answer: the commonest case is a stale pooled connection, whose request no application has seen; once more, on a fresh connection. For a method that is not idempotent only with an idempotency key, unless evidence shows that the request met a closed connection.',
      'Reset or closed in the middle of an answer: the request was carried out. Repeat only what is idempotent.',
      'Retry at one layer only, with a limit (a budget, such as a tenth of the requests), growing pauses and random spread; else retries of retries finish off a server that is merely slow.',
    ],
    commands: [],
    see: ['stale-reuse', 'shutdown-in-flight'],
    sources: ['RFC 9110 §9.2.2', 'RFC 9112 §9.3.1'],
  },
  {
    id: 'idempotency',
    title: 'What is idempotent, and what is an idempotency key?',
    aliases: ['idempotent', 'idempotency-key', 'idempotency-keys'],
    answer: [
      'GET, HEAD, OPTIONS, TRACE, PUT and DELETE are defined so that twice has the effect of once; POST and PATCH are not.',
      'An idempotency key is a name that the client gives to one operation, sent with every try of it. The server stores the key with the answer and gives the same answer again instead of carrying the operation out twice. The first claim of a key must be atomic, the key must be bound to the request’s content and its owner, and the record must outlive every retry.',
    ],
    commands: ["curl -H 'Idempotency-Key: 8e03978e-40d5-43dd-bc93-6894a57f9324' -d '{}' https://HOST/payments"],
    see: ['stale-reuse'],
    sources: ['RFC 9110 §9.2.2', 'draft-ietf-httpapi-idempotency-key-header'],
  },
  {
    id: 'drain',
    title: 'How to stop a server without resets',
    aliases: ['draining', 'graceful-shutdown', 'zero-downtime', 'deploy', 'how-to-drain'],
    answer: [
      '1. Fail the readiness check and go on serving until every load balancer has noticed: its interval times its threshold, and some seconds for what is on the way. 2. Stop accepting. 3. Answer what is under way, with Connection: close, or GOAWAY in HTTP/2. 4. Close idle connections only after their last answer was read. 5. Leave when none is left or the time is up.',
      'In Kubernetes the endpoint is removed while SIGTERM is sent: without a pause in preStop new connections still arrive at a pod that has stopped listening (refused), or in its accept queue (reset).',
      'Connections in the accept queue of a closed listener are reset by the kernel: close the listener last, or hand it over.',
    ],
    commands: [
      'lifecycle: { preStop: { exec: { command: ["sleep", "10"] } } }',
      'server.close(); server.closeIdleConnections()   // Node.js',
    ],
    see: ['shutdown-in-flight', 'drain-reset', 'backlog-overflow'],
    sources: ['Kubernetes: pod termination', 'RFC 9113 §6.8'],
  },
  {
    id: '502-503-504',
    title: '502, 503, 504: where did it die?',
    aliases: [
      '502',
      '503',
      '504',
      '499',
      '520',
      '522',
      '524',
      'bad-gateway',
      'gateway-timeout',
      'service-unavailable',
      '502-vs-503-vs-504',
      '502-503-or-504',
      '502-vs-504',
      '502-vs-503',
    ],
    answer: [
      '502: the gateway had or tried a connection to its server, and that was refused, reset or closed, or what came was no HTTP. The gateway’s error log says which of the four.',
      '503: the gateway had no server to try, all down or all full; or the server itself said so. 504: the server was silent for as long as the gateway waits: while connecting a matter of the path, while reading a slow server.',
      '499 (nginx), 460 (AWS): the client went away first, often a proxy or library with a shorter timeout. Cloudflare: 520 reset, closed or malformed; 521 refused; 522 no answer to the SYN; 523 no route; 524 connected, but no answer in 100 s; 525 TLS.',
      'In all of them the connection between client and gateway is healthy: it carried the code. Go to the hop behind the one that spoke.',
    ],
    commands: ["curl -sv http://HOST/ 2>&1 | grep -iE '^< (server|via|x-cache|cf-ray)'   # which hop speaks?"],
    see: ['stale-reuse', 'refused', 'process-crash', 'client-abort', 'connect-timeout'],
    sources: ['RFC 9110 §15.6', 'measured: nginx 1.22, HAProxy 2.6, Apache httpd 2.4'],
  },
  {
    id: 'who-sent-it',
    title: 'Who sent it? In ten seconds',
    aliases: ['who', 'who-sent-the-rst', 'who-reset-my-connection', 'who-sent-it-in-ten-seconds', 'find-the-sender'],
    answer: [
      'Record the RSTs on this host while it happens. Direction first: a RST that this host sends is this host’s own doing (its program or kernel), whatever the error said elsewhere.',
      'A RST that arrives has a source address, a TTL and an IP-ID. Compare them with the other packets of the same connection: another TTL means that something else may have sent it, and is never proof by itself. What came before decides: a request after a FIN, a long silence, unread data.',
      'Record on both sides where that is possible: a RST that arrives here and never left there was made in between.',
    ],
    commands: [
      "tcpdump -ni any -s 256 -w rst.pcap 'tcp and port PORT'   # whole connections, not only the RSTs",
      'firsthand read rst.pcap',
      'nstat -az TcpOutRsts TcpExtTCPAbortOnData TcpExtTCPAbortOnClose TcpExtListenOverflows',
    ],
    see: ['injected', 'firewall-reject', 'relayed'],
    sources: ['RFC 9293 §3.5.2', 'Linux net/ipv4/tcp_ipv4.c: tcp_v4_send_reset'],
  },
];

/** The topic that the words name, or null. */
export function findTopic(words: string): Topic | null {
  const asked = toSlug(words);
  return TOPICS.find(({ id, aliases }) => id === asked || aliases.includes(asked)) ?? null;
}

function toSlug(words: string): string {
  return words
    .slice(0, 200)
    .toLowerCase()
    .replace(/\bversus\b/g, 'vs')
    .replace(/[^a-z0-9_]+/g, '-')
    .replace(/^-|-$/g, '');
}
