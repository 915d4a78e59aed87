/** gRPC in any language, by its status texts. */
import type { Pattern } from '../define.ts';
import * as means from '../meanings.ts';
import { says } from '../says.ts';

const GRPC = ['run: grpc-js 1, grpcio 1', 'gRPC: status codes'];
const program = 'gRPC';

export const GRPC_PATTERNS: readonly Pattern[] = [
  says(means.REFUSED, {
    id: 'grpc/refused',
    program,
    literals: ['unavailable'],
    regex: /UNAVAILABLE\b.*(?:ECONNREFUSED|[Cc]onnection refused)/i,
    example: '14 UNAVAILABLE: No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:9999',
    sources: GRPC,
  }),
  says(means.RESET, {
    id: 'grpc/reset',
    program,
    literals: ['unavailable'],
    regex: /UNAVAILABLE\b.*(?:ECONNRESET|[Cc]onnection reset)/i,
    example: '14 UNAVAILABLE: No connection established. Last error: read ECONNRESET',
    sources: GRPC,
  }),
  says(means.HEARTBEAT_LOST, {
    id: 'grpc/keepalive',
    program: program,
    literals: ['keepalive watchdog timeout', 'keepalive failed', 'keepalive ping failed', 'keepalive timeout'],
    regex:
      /[Kk]eepalive watchdog timeout|Keepalive failed\. The connection is likely gone|keepalive ping failed to receive ACK within timeout/,
    example: 'rpc error: code = Unavailable desc = keepalive ping failed to receive ACK within timeout',
    sources: ['gRPC: keepalive'],
  }),
  says(means.MISMATCHED, {
    id: 'grpc/preface',
    program: program,
    literals: ['error reading server preface', 'http2: frame too large'],
    regex:
      /error reading server preface: http2: f(?:rame too large|ailed reading the frame payload: http2: frame too large)|http2: frame too large, note that the frame header looked like an HTTP\/1\.1 header/,
    example: 'connection error: desc = "error reading server preface: http2: frame too large"',
    sources: ['gRPC-Go http2_client.go'],
  }),
  says(means.CLOSED_HANDSHAKE, {
    id: 'grpc/preface-eof',
    program: program,
    literals: [
      'error reading server preface',
      'authentication handshake failed: eof',
      'authentication handshake failed: read',
    ],
    regex: /(?:error reading server preface|authentication handshake failed): EOF/,
    example: 'rpc error: code = Unavailable desc = connection error: desc = "error reading server preface: EOF"',
    sources: ['gRPC-Go http2_client.go'],
  }),
  says(means.ENDED_SESSION, {
    id: 'grpc/java-closed',
    program: 'gRPC Java',
    literals: ['network closed for unknown reason', 'unavailable: io exception'],
    regex: /Network closed for unknown reason|UNAVAILABLE: io exception/,
    wraps: true,
    example: 'io.grpc.StatusRuntimeException: UNAVAILABLE: Network closed for unknown reason',
    sources: ['gRPC Java NettyClientHandler'],
  }),
  says(means.CONNECT_TIMEOUT, {
    id: 'grpc/connect-timeout',
    program,
    literals: ['unavailable'],
    regex: /UNAVAILABLE\b.*(?:i\/o timeout|[Cc]onnect(?:ion)? timed out|ETIMEDOUT|tcp handshaker shutdown)/i,
    example:
      'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing dial tcp 10.0.0.5:443: i/o timeout"',
    sources: GRPC,
  }),
  says(means.GOING_AWAY, {
    id: 'grpc/too-many-pings',
    program: 'gRPC, HTTP/2',
    literals: ['enhance_your_calm', 'too_many_pings'],
    regex: /ENHANCE_YOUR_CALM|too_many_pings/,
    condition: 'closed',
    what: 'The HTTP/2 server closed the connection with GOAWAY because this client did something too often: as a rule keep-alive PINGs, more than the server’s policy allows.',
    doubt: 'this client’s keep-alive interval against the server’s limit (five minutes in gRPC by default)',
    causes: [{ id: 'policy-abort', why: 'the server’s limit on PINGs, resets or empty frames' }],
    example:
      'http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=ENHANCE_YOUR_CALM, debug="too_many_pings"',
    sources: ['RFC 9113 §7; gRPC: keepalive'],
  }),
  says(means.GOING_AWAY, {
    id: 'grpc/goaway',
    program,
    literals: ['goaway', 'too_many_pings', 'graceful_stop', 'max_age'],
    regex: /(?:UNAVAILABLE|Unavailable|grpc|closing transport).*(?:GOAWAY|too_many_pings|graceful_stop|max_age)/,
    example:
      'rpc error: code = Unavailable desc = closing transport due to: connection error: desc = "error reading from server: EOF", received prior goaway: code: NO_ERROR, debug data: "max_age"',
    sources: GRPC,
  }),
  says(means.CLOSED_SESSION, {
    id: 'grpc/closed',
    program,
    literals: ['unavailable'],
    regex:
      /UNAVAILABLE\b.*(?:Socket closed|transport is closing|error reading from server: EOF|Connection dropped|connection closed)/i,
    phase: 'unknown',
    example:
      'details = "failed to connect to all addresses; last error: UNAVAILABLE: ipv4:127.0.0.1:9003: Socket closed"',
    sources: GRPC,
  }),
  says(means.REFUSED, {
    id: 'grpc/refused-detail',
    program: 'gRPC C core',
    literals: ['failed to connect to remote host: connection refused'],
    regex: /Failed to connect to remote host: Connection refused/,
    example:
      'details = "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:9999: Failed to connect to remote host: Connection refused"',
    sources: GRPC,
  }),
  says(means.CONNECT_TIMEOUT, {
    id: 'grpc/deadline-connecting',
    program: program,
    literals: ['waiting for lb pick', 'waiting_for_connection', 'last connection error', 'connection_attempts'],
    regex:
      /DEADLINE_EXCEEDED.*Waiting for LB pick|[Dd]eadline [Ee]xceeded.*(?:waiting_for_connection|latest balancer error|last connection error)/,
    what: 'The deadline was up before the channel had any working connection: the SYN was not answered, or something accepted and never spoke HTTP/2. The call was not sent.',
    example: '4 DEADLINE_EXCEEDED: Deadline exceeded after 0.701s,Waiting for LB pick',
    sources: ['run: grpc-js 1'],
  }),
  says(means.READ_TIMEOUT, {
    id: 'grpc/deadline',
    program,
    literals: ['deadline_exceeded', 'code = deadlineexceeded', 'deadline exceeded after'],
    regex: /DEADLINE_EXCEEDED|code = DeadlineExceeded|Deadline exceeded after/,
    example: 'rpc error: code = DeadlineExceeded desc = context deadline exceeded',
    sources: GRPC,
  }),
  says(means.STREAM_RESET, {
    id: 'grpc/rst-stream',
    program,
    literals: ['rst_stream'],
    regex: /(?:Received RST_STREAM with (?:error )?code|RST_STREAM closed stream)/,
    example: '13 INTERNAL: Received RST_STREAM with code 2 (Internal server error)',
    sources: GRPC,
  }),
  says(means.CANCELLED, {
    id: 'grpc/cancelled',
    program,
    literals: ['1 cancelled:', 'code = canceled', 'statuscode.cancelled'],
    regex: /\b1 CANCELLED: |code = Canceled|StatusCode\.CANCELLED/,
    example: '1 CANCELLED: Cancelled on client',
    sources: GRPC,
  }),
];
