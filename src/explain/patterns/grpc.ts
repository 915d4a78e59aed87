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
  says(means.READ_TIMEOUT, {
    id: 'grpc/deadline',
    program,
    literals: ['deadline_exceeded', 'code = deadlineexceeded', 'deadline exceeded after'],
    regex: /DEADLINE_EXCEEDED|code = DeadlineExceeded|Deadline exceeded after/,
    example: '4 DEADLINE_EXCEEDED: Deadline exceeded after 0.701s,Waiting for LB pick',
    sources: GRPC,
  }),
  says(
    {
      ...means.RESET_RESPONSE,
      what: 'The peer ended the HTTP/2 stream with RST_STREAM; the TCP connection below may well live on.',
    },
    {
      id: 'grpc/rst-stream',
      program,
      literals: ['rst_stream'],
      regex: /(?:Received RST_STREAM with (?:error )?code|RST_STREAM closed stream)/,
      example: '13 INTERNAL: Received RST_STREAM with code 2 (Internal server error)',
      sources: GRPC,
    },
  ),
  says(means.CANCELLED, {
    id: 'grpc/cancelled',
    program,
    literals: ['1 cancelled:', 'code = canceled', 'statuscode.cancelled'],
    regex: /\b1 CANCELLED: |code = Canceled|StatusCode\.CANCELLED/,
    example: '1 CANCELLED: Cancelled on client',
    sources: GRPC,
  }),
];
