/** Envoy and Istio: response flags, response code details, and the text of local replies. */
import type { Meaning, Pattern } from '../define.ts';
import * as means from '../meanings.ts';
import { says } from '../says.ts';

const FLAGS_MANUAL = ['Envoy: access log usage, %RESPONSE_FLAGS%'];
const DETAILS_MANUAL = ['Envoy: response code details'];

const NO_ROUTE: Meaning = {
  ...means.ANSWERED,
  causes: [{ id: 'policy-abort', why: 'Envoy’s configuration has no place for this request' }],
};
const PROTOCOL: Meaning = { ...means.MISMATCHED, phase: 'request' };

/** Every flag with its long name and what it says about the connection. */
const FLAGS: readonly (readonly [flag: string, name: string, meaning: Meaning])[] = [
  ['UC', 'UpstreamConnectionTermination', means.ENDED_UNANSWERED],
  [
    'UF',
    'UpstreamConnectionFailure',
    {
      ...means.REFUSED,
      condition: 'unknown',
      what: 'Envoy could not connect to the server: refused, timed out, or TLS failed. Its transport failure reason tells which.',
    },
  ],
  [
    'UR',
    'UpstreamRemoteReset',
    {
      ...means.STREAM_RESET,
      what: 'The server reset the stream (RST_STREAM of HTTP/2) or its connection while Envoy waited.',
    },
  ],
  [
    'URX',
    'UpstreamRetryLimitExceeded',
    {
      ...means.BAD_GATEWAY,
      what: 'Envoy had tried as often as its retry or connect limit allows; the flag beside it names the failure.',
    },
  ],
  ['UH', 'NoHealthyUpstream', means.UNAVAILABLE],
  [
    'UO',
    'UpstreamOverflow',
    {
      ...means.UNAVAILABLE,
      causes: [
        {
          id: 'resource-exhaustion',
          why: 'the circuit breaker’s limit of connections or pending requests was reached',
        },
      ],
    },
  ],
  ['UT', 'UpstreamRequestTimeout', means.GATEWAY_TIMEOUT],
  ['UPE', 'UpstreamProtocolError', { ...means.MISMATCHED, phase: 'response' }],
  ['UMSDR', 'UpstreamMaxStreamDurationReached', means.GATEWAY_TIMEOUT],
  ['UAEX', 'UnauthorizedExternalService', means.ANSWERED],
  ['UDO', 'UnconditionalDropOverload', means.ANSWERED],
  ['DC', 'DownstreamConnectionTermination', means.CLIENT_GONE],
  [
    'DR',
    'DownstreamRemoteReset',
    {
      ...means.CLIENT_RESET,
      what: 'The client gave this one request up with RST_STREAM of HTTP/2. It is not a TCP RST: its connection may well live on.',
    },
  ],
  [
    'DT',
    'DurationTimeout',
    { ...means.DENIED, causes: [{ id: 'policy-abort', why: 'the stream or connection reached its greatest age' }] },
  ],
  ['DPE', 'DownstreamProtocolError', PROTOCOL],
  [
    'DI',
    'DelayInjected',
    {
      ...means.ANSWERED,
      what: 'The fault filter delayed the request on purpose; nothing ended because of that.',
      causes: [{ id: 'benign-close', why: 'fault injection, as configured' }],
      retry: 'not-needed',
    },
  ],
  [
    'DF',
    'DnsResolutionFailed',
    {
      ...means.UNAVAILABLE,
      what: 'The server’s name could not be resolved; no connection was tried.',
      causes: [{ id: 'unknown', why: 'name resolution, not TCP' }],
    },
  ],
  ['DO', 'DropOverload', means.ANSWERED],
  [
    'LH',
    'FailedLocalHealthCheck',
    {
      ...means.UNAVAILABLE,
      what: 'The service beside this Envoy fails its health check, so Envoy answers checks with 503 to be taken out.',
      causes: [
        { id: 'refused', why: 'the local service is stopped, starting or broken' },
        { id: 'shutdown-in-flight', why: '/healthcheck/fail was called to drain it' },
      ],
    },
  ],
  [
    'LR',
    'LocalReset',
    {
      ...means.DRAINED,
      what: 'Envoy reset the stream or the connection itself: a timeout, a drain, or an error of its own.',
    },
  ],
  ['FI', 'FaultInjected', means.ANSWERED],
  ['RL', 'RateLimited', means.ANSWERED],
  ['RLSE', 'RateLimitServiceError', means.ANSWERED],
  [
    'RFCF',
    'ResponseFromCacheFilter',
    {
      ...means.ANSWERED,
      causes: [{ id: 'benign-close', why: 'the answer came out of a cache' }],
      retry: 'not-needed',
      what: 'The answer came out of Envoy’s cache; nothing went wrong.',
    },
  ],
  [
    'SI',
    'StreamIdleTimeout',
    {
      ...means.CLIENT_TIMEOUT,
      phase: 'idle',
      what: 'Nothing flowed on the stream for as long as Envoy’s stream_idle_timeout allows.',
      doubt: 'whichever side was to send next: the client with status 408, the server with 504',
      cleared: 'the TCP connection: it was not the stream’s limit that closed it.',
      causes: [{ id: 'idle-timeout', why: 'stream_idle_timeout, five minutes by default, ran out' }],
    },
  ],
  ['IH', 'InvalidEnvoyRequestHeaders', means.ANSWERED],
  ['NR', 'NoRouteFound', NO_ROUTE],
  ['NC', 'NoClusterFound', NO_ROUTE],
  ['NFCF', 'NoFilterConfigFound', NO_ROUTE],
  ['OM', 'OverloadManagerTerminated', means.EXHAUSTION],
];

/** Codes that go with flags. */
const STATUSES = [
  '0',
  '200',
  '400',
  '401',
  '403',
  '404',
  '408',
  '413',
  '426',
  '429',
  '431',
  '499',
  '500',
  '502',
  '503',
  '504',
  '-',
];
const FLAG_WORDS = FLAGS.map(([flag]) => flag).join('|');

export const ENVOY: readonly Pattern[] = [
  detail(
    'connect-refused',
    means.REFUSED,
    [
      'delayed connect error: 111',
      'delayed_connect_error:_111',
      'connect_error:_connection_refused',
      'delayed connect error: connection refused',
    ],
    /delayed[ _]connect[ _]error:[ _](?:111|Connection[ _]refused)|connect_error:_Connection_refused/i,
    'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: delayed connect error: 111',
  ),
  detail(
    'connect-timeout',
    means.CONNECT_TIMEOUT,
    ['reset reason: connection timeout', 'before_response_started{connection_timeout'],
    /(?:reset reason: connection timeout|upstream_reset_before_response_started\{connection_timeout)/,
    'upstream connect error or disconnect/reset before headers. reset reason: connection timeout',
  ),
  detail(
    'tls-reset',
    means.RESET_HANDSHAKE,
    ['tls_error', 'tls error:'],
    /(?:TLS_error|TLS error):.*Connection[ _]reset[ _]by[ _]peer/,
    'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: TLS_error:|33554536:system library:OPENSSL_internal:Connection reset by peer:TLS_error_end',
  ),
  detail(
    'tls-certificate',
    {
      ...means.MISMATCHED,
      what: 'The TCP connection stood; Envoy ended the TLS handshake because it does not accept the certificate that the server showed, or the server asked for one.',
      doubt: 'the certificate, the trusted CA, or the name that was checked',
      causes: [{ id: 'policy-abort', why: 'the certificate was not accepted: CA, name, or expiry' }],
    },
    ['tls_error', 'tls error:'],
    /(?:TLS_error|TLS error):.*(?:CERTIFICATE_VERIFY_FAILED|CERTIFICATE_REQUIRED|UNKNOWN_CA)/,
    'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:TLS_error_end',
  ),
  detail(
    'tls-failure',
    means.MISMATCHED,
    ['tls_error', 'tls error:'],
    /(?:TLS_error|transport failure reason: TLS error)/,
    'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: TLS error: 268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER',
  ),
  detail(
    'reset-before-headers',
    means.ENDED_UNANSWERED,
    ['reset reason: connection termination', 'before_response_started{connection_termination'],
    /(?:reset reason: connection termination|upstream_reset_before_response_started\{connection_termination)/,
    'upstream connect error or disconnect/reset before headers. reset reason: connection termination',
  ),
  detail(
    'connect-unreachable',
    means.UNREACHABLE,
    ['delayed connect error: 113', 'delayed connect error: no route to host', 'delayed_connect_error:_113'],
    /delayed[ _]connect[ _]error:[ _](?:113|101|No[ _]route[ _]to[ _]host)/i,
    'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: delayed connect error: 113',
  ),
  detail(
    'connection-failure',
    {
      ...means.REFUSED,
      condition: 'unknown',
      what: 'Envoy could not connect to the server: refused, timed out, or TLS failed; the transport failure reason tells which.',
    },
    [
      'reset reason: connection failure',
      'reset reason: remote connection failure',
      'reset reason: local connection failure',
      'before_response_started{remote_connection_failure',
      'before_response_started{connection_failure',
      'before_response_started{local_connection_failure',
    ],
    /(?:reset reason: (?:remote |local )?connection failure|upstream_reset_before_response_started\{(?:remote_|local_)?connection_failure)/,
    'upstream connect error or disconnect/reset before headers. reset reason: connection failure',
  ),
  detail(
    'remote-reset',
    means.STREAM_RESET,
    [
      'reset reason: remote reset',
      'reset reason: remote refused',
      'before_response_started{remote_reset',
      'before_response_started{remote_refused',
    ],
    /(?:reset reason: remote (?:reset|refused)|upstream_reset_before_response_started\{remote_(?:reset|refused))/,
    'upstream connect error or disconnect/reset before headers. reset reason: remote reset',
  ),
  detail(
    'overflow',
    { ...means.UNAVAILABLE, causes: [{ id: 'resource-exhaustion', why: 'the circuit breaker’s limit was reached' }] },
    ['reset reason: overflow', 'before_response_started{overflow'],
    /(?:reset reason: overflow|upstream_reset_before_response_started\{overflow)/,
    'upstream connect error or disconnect/reset before headers. reset reason: overflow',
  ),
  detail(
    'protocol-error',
    { ...means.MISMATCHED, phase: 'response' },
    ['reset reason: protocol error', 'before_response_started{protocol_error'],
    /(?:reset reason: protocol error|upstream_reset_before_response_started\{protocol_error)/,
    'upstream connect error or disconnect/reset before headers. reset reason: protocol error',
  ),
  detail(
    'reset-after-headers',
    means.ENDED_BODY,
    ['upstream_reset_after_response_started'],
    /upstream_reset_after_response_started/,
    'response_code_details=upstream_reset_after_response_started{connection_termination}',
  ),
  detail(
    'reset-before-headers-other',
    means.RESET_RESPONSE,
    ['disconnect/reset before headers', 'upstream_reset_before_response_started'],
    /(?:disconnect\/reset before headers|upstream_reset_before_response_started)/,
    'upstream connect error or disconnect/reset before headers',
  ),
  detail(
    'downstream-remote-disconnect',
    means.CLIENT_GONE,
    ['downstream_remote_disconnect'],
    /downstream_remote_disconnect/,
    'response_code_details=downstream_remote_disconnect',
  ),
  detail(
    'downstream-local-disconnect',
    { ...means.DRAINED, what: 'Envoy closed the client’s connection itself.' },
    ['downstream_local_disconnect'],
    /downstream_local_disconnect/,
    'response_code_details=downstream_local_disconnect(drain_timeout)',
  ),
  detail(
    'response-timeout',
    means.GATEWAY_TIMEOUT,
    ['response_timeout', 'upstream request timeout', 'upstream_per_try_timeout', 'upstream_max_stream_duration'],
    /\b(?:upstream_)?response_timeout\b|^upstream request timeout$|upstream_per_try_timeout|upstream_max_stream_duration_reached/,
    'response_code_details=response_timeout',
  ),
  detail(
    'idle-timeout',
    {
      ...means.CLIENT_TIMEOUT,
      phase: 'idle',
      causes: [{ id: 'idle-timeout', why: 'a stream or per-try idle limit of Envoy ran out' }],
    },
    ['stream_idle_timeout', 'per_try_idle_timeout'],
    /\b(?:stream|upstream_per_try|per_try)_idle_timeout\b/,
    'response_code_details=stream_idle_timeout',
  ),
  detail(
    'request-timeout',
    means.CLIENT_TIMEOUT,
    ['request_overall_timeout', 'request_header_timeout'],
    /\brequest_(?:overall|header)_timeout\b/,
    'response_code_details=request_overall_timeout',
  ),
  detail(
    'no-healthy-upstream',
    means.UNAVAILABLE,
    ['no_healthy_upstream', 'no healthy upstream'],
    /no[_ ]healthy[_ ]upstream/,
    'no healthy upstream',
  ),
  detail(
    'maintenance',
    means.ANSWERED,
    ['maintenance_mode', 'overload_manager', 'request_payload_too_large', 'rbac_access_denied'],
    /\b(?:maintenance_mode|overload_manager|request_payload_too_large|rbac_access_denied)/,
    'response_code_details=maintenance_mode',
  ),
  ...FLAGS.map(([flag, name, meaning]) => ofFlag(flag, name, meaning)),
];

function detail(id: string, meaning: Meaning, literals: readonly string[], regex: RegExp, example: string): Pattern {
  return says(meaning, { id: `envoy/${id}`, program: 'Envoy', literals, regex, example, sources: DETAILS_MANUAL });
}

/** Behind the status in the default formats of Envoy and Istio, or as a JSON or logfmt field; the first flag of a list counts. */
function ofFlag(flag: string, name: string, meaning: Meaning): Pattern {
  const low = flag.toLowerCase();
  return says(meaning, {
    id: `envoy/${flag}`,
    program: 'Envoy',
    literals: [
      ...STATUSES.map((status) => `" ${status} ${low}`),
      `response_flags":"${low}`,
      `response_flags": "${low}`,
      `response_flags=${low}`,
    ],
    regex: new RegExp(
      `(?:" (?<status>\\d{1,3}|-) (?<code>${flag})(?:,(?:${FLAG_WORDS}))* |response_flags(?:=|": ?")(?<code2>${flag})(?:[,"\\s]|$))`,
    ),
    what: `${flag}, ${name}. ${meaning.what}`,
    example: `[2026-11-21T10:00:00.000Z] "GET / HTTP/1.1" 503 ${flag} 0 95 1 - "-" "curl/7.88.1" "1f0f" "app" "10.0.0.5:8080"`,
    sources: FLAGS_MANUAL,
  });
}
