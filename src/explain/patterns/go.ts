/** Go: net, net/http, crypto/tls, http2. */
import type { Pattern } from '../define.ts';
import * as means from '../meanings.ts';
import { says } from '../says.ts';

const RUN = ['run: Go 1.19'];
const program = 'Go';

export const GO: readonly Pattern[] = [
  says(means.RESET, {
    id: 'go/read-reset',
    program,
    literals: ['read: connection reset by peer'],
    regex:
      /read tcp[46]? (?:(?<local>\S+?):(?<localPort>\d+)->)?(?<remote>\S+):(?<remotePort>\d+): read: connection reset by peer/,
    example: 'Get "http://127.0.0.1:9002/": read tcp 127.0.0.1:33536->127.0.0.1:9002: read: connection reset by peer',
    sources: RUN,
  }),
  says(means.RESET_WRITE, {
    id: 'go/write-reset',
    program,
    literals: ['write: connection reset by peer'],
    regex:
      /write tcp[46]? (?:(?<local>\S+?):(?<localPort>\d+)->)?(?<remote>\S+):(?<remotePort>\d+): write: connection reset by peer/,
    example: 'write tcp 10.0.0.9:51234->10.0.0.5:443: write: connection reset by peer',
    sources: ['Go net/net.go'],
  }),
  says(means.BROKEN_PIPE, {
    id: 'go/write-broken-pipe',
    program,
    literals: ['write: broken pipe'],
    regex: /write: broken pipe/,
    example: 'write tcp 127.0.0.1:33542->127.0.0.1:9002: write: broken pipe',
    sources: RUN,
  }),
  says(means.OWN_CLOSE, {
    id: 'go/closed-connection',
    program,
    literals: ['use of closed network connection'],
    regex: /use of closed network connection/,
    what: 'This program used a connection that it had closed itself (net.ErrClosed). The peer did nothing; a peer’s close gives EOF, ECONNRESET or EPIPE.',
    example: 'write tcp 127.0.0.1:43502->127.0.0.1:9007: use of closed network connection',
    sources: RUN,
  }),
  says(means.CLOSED_IDLE, {
    id: 'go/server-closed-idle',
    program: 'Go net/http',
    literals: ['server closed idle connection'],
    regex: /http: server closed idle connection/,
    example: 'Post "http://10.0.0.5/": http: server closed idle connection',
    sources: ['Go net/http/transport.go'],
  }),
  says(means.GOING_AWAY, {
    id: 'go/http2-goaway',
    program: 'Go http2',
    literals: ['goaway'],
    regex: /http2: .*GOAWAY|server sent GOAWAY and closed the connection/,
    example: 'http2: server sent GOAWAY and closed the connection; LastStreamID=1999, ErrCode=NO_ERROR, debug=""',
    sources: ['Go http2/transport.go'],
  }),
  says(
    {
      ...means.RESET_RESPONSE,
      what: 'The HTTP/2 peer ended the stream with RST_STREAM; the TCP connection below may well live on.',
    },
    {
      id: 'go/http2-stream-error',
      program: 'Go http2',
      literals: ['stream error: stream id'],
      regex: /stream error: stream ID (?<code>\d+); /,
      example: 'stream error: stream ID 3; INTERNAL_ERROR; received from peer',
      sources: ['Go http2/errors.go'],
    },
  ),
  says(means.REFUSED, {
    id: 'go/dial-refused',
    program,
    literals: ['connect: connection refused'],
    regex: /dial tcp[46]? (?<remote>\S+):(?<remotePort>\d+): connect: connection refused/,
    example: 'Get "http://127.0.0.1:9999/": dial tcp 127.0.0.1:9999: connect: connection refused',
    sources: RUN,
  }),
  says(means.CONNECT_TIMEOUT, {
    id: 'go/dial-timeout',
    program,
    literals: ['i/o timeout', 'connect: connection timed out', 'operation timed out'],
    regex:
      /dial tcp[46]? (?<remote>\S+):(?<remotePort>\d+): (?:i\/o timeout|connect: (?:connection|operation) timed out)/,
    example: 'dial tcp 127.0.0.1:9998: i/o timeout',
    sources: RUN,
  }),
  says(means.UNREACHABLE, {
    id: 'go/dial-unreachable',
    program,
    literals: ['connect: network is unreachable', 'connect: no route to host'],
    regex: /dial tcp[46]? (?<remote>\S+):(?<remotePort>\d+): connect: (?:network is unreachable|no route to host)/,
    example: 'dial tcp 10.1.2.3:80: connect: network is unreachable',
    sources: RUN,
  }),
  says(means.READ_TIMEOUT, {
    id: 'go/read-timeout',
    program,
    literals: ['i/o timeout', 'client.timeout exceeded', 'net/http: timeout awaiting response headers'],
    regex:
      /(?:read|write) tcp[46]? \S+: i\/o timeout|Client\.Timeout (?:or context cancellation )?(?:exceeded )?while|net\/http: timeout awaiting response headers/,
    example: 'Get "http://127.0.0.1:9006/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
    sources: RUN,
  }),
  says(means.READ_TIMEOUT, {
    id: 'go/deadline',
    program,
    literals: ['context deadline exceeded'],
    regex: /"https?:\/\/[^"]*": context deadline exceeded/,
    example: 'Get "http://127.0.0.1:9006/": context deadline exceeded',
    sources: RUN,
  }),
  says(means.CONNECT_TIMEOUT, {
    id: 'go/tls-timeout',
    program,
    literals: ['tls handshake timeout'],
    regex: /net\/http: TLS handshake timeout/,
    phase: 'handshake',
    what: 'The TCP handshake worked; the TLS handshake was not through when the time was up.',
    causes: [
      {
        id: 'backlog-overflow',
        why: 'the server’s kernel accepted, but its program does not get round to the connection',
      },
      { id: 'idle-dropped', why: 'large TLS segments are lost on the way: an MTU or filter problem' },
    ],
    example: 'net/http: TLS handshake timeout',
    sources: ['Go net/http/transport.go'],
  }),
  says(means.CANCELLED, {
    id: 'go/cancelled',
    program,
    literals: ['context canceled', 'request canceled'],
    regex: /"https?:\/\/[^"]*": (?:context canceled|net\/http: request canceled)|http: proxy error: context canceled/,
    example: 'Get "http://127.0.0.1:9006/": context canceled',
    sources: RUN,
  }),
  says(means.MISMATCHED, {
    id: 'go/tls-mismatch',
    program,
    literals: [
      'first record does not look like a tls handshake',
      'server gave http response to https client',
      'malformed http response',
    ],
    regex:
      /first record does not look like a TLS handshake|server gave HTTP response to HTTPS client|malformed HTTP response/,
    example: 'tls: first record does not look like a TLS handshake',
    sources: RUN,
  }),
  says(means.CLOSED_BODY, {
    id: 'go/unexpected-eof',
    program,
    literals: ['unexpected eof'],
    regex: /(?:^|: )unexpected EOF\s*$/,
    example: 'unexpected EOF',
    sources: RUN,
  }),
  says(means.CLOSED_UNANSWERED, {
    id: 'go/eof',
    program,
    literals: [': eof', 'desc = eof'],
    regex: /(?:(?:"https?:\/\/[^"]*"|proxy error|^|read|error): |desc = )EOF\s*$/,
    example: 'Get "http://127.0.0.1:9003/": EOF',
    sources: RUN,
  }),
];
