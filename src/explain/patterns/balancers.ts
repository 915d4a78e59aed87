/** Load balancers and platforms that log a code for the end: Google Cloud, Azure Front Door, CloudFront, AWS CLB, Heroku, Fly.io. */
import type { Meaning, Pattern } from '../define.ts';
import * as means from '../meanings.ts';
import { says } from '../says.ts';

export const BALANCERS: readonly Pattern[] = [
  gcp(means.ENDED_UNANSWERED, 'backend_connection_closed_before_data_sent_to_client'),
  gcp(means.ENDED_BODY, 'backend_connection_closed_after_partial_response_sent'),
  gcp(means.UNCONNECTED, 'failed_to_connect_to_backend'),
  gcp(means.UNAVAILABLE, 'failed_to_pick_backend'),
  gcp(means.GATEWAY_TIMEOUT, 'backend_timeout'),
  gcp(means.CLIENT_GONE, 'client_disconnected_before_any_response'),
  gcp(means.CLIENT_GONE, 'client_disconnected_after_partial_response'),
  gcp(means.CLIENT_TIMEOUT, 'client_timed_out'),
  gcp(means.ANSWERED, 'denied_by_security_policy'),
  gcp({ ...means.MISMATCHED, phase: 'response' }, 'backend_response_corrupted'),
  azure(means.UNCONNECTED, 'OriginConnectionRefused'),
  azure(means.ENDED_UNANSWERED, 'OriginConnectionAborted'),
  azure(means.UNCONNECTED, 'OriginConnectionError'),
  azure(means.GATEWAY_TIMEOUT, 'OriginTimeout'),
  azure({ ...means.MISMATCHED, phase: 'response' }, 'OriginInvalidResponse'),
  azure(means.CLIENT_GONE, 'ClientDisconnected'),
  cloudfront(means.UNCONNECTED, 'OriginConnectError'),
  cloudfront(
    {
      ...means.ENDED_UNANSWERED,
      what: 'CloudFront’s exchange with the origin broke off or took too long: closed, reset or silent, which the code does not tell.',
    },
    'OriginCommError',
  ),
  cloudfront(means.CLIENT_GONE, 'ClientCommError'),
  cloudfront(means.CLIENT_GONE, 'ClientHungUpRequest'),
  heroku(
    { ...means.UNAVAILABLE, causes: [{ id: 'process-crash', why: 'the dyno’s process ended and is not up' }] },
    'H10',
    'App crashed',
  ),
  heroku(
    { ...means.UNAVAILABLE, causes: [{ id: 'resource-exhaustion', why: 'the router’s queue for the dynos is full' }] },
    'H11',
    'Backlog too deep',
  ),
  heroku(means.GATEWAY_TIMEOUT, 'H12', 'Request timeout'),
  heroku(
    {
      ...means.CLOSED_UNANSWERED,
      causes: [
        { id: 'process-crash', why: 'the process ended while it worked on the request' },
        ...means.CLOSED_UNANSWERED.causes.filter(({ id }) => id !== 'process-crash'),
      ],
    },
    'H13',
    'Connection closed without response',
  ),
  heroku(means.IDLE_CUT, 'H15', 'Idle connection'),
  heroku(means.ENDED_BODY, 'H18', 'Server Request Interrupted'),
  heroku(means.CONNECT_TIMEOUT, 'H19', 'Backend connection timeout'),
  heroku(means.REFUSED, 'H21', 'Backend connection refused'),
  heroku(means.CLIENT_GONE, 'H27', 'Client Request Interrupted'),
  heroku(means.CLIENT_TIMEOUT, 'H28', 'Client Connection Idle'),
  classic(means.GATEWAY_TIMEOUT, '504', '0.00005 -1 -1 504 0', String.raw`[-\d.]+ [-\d.]+ [-\d.]+ 504 0`),
  classic(means.UNAVAILABLE, '503', '-1 -1 -1 503 0', String.raw`[-\d.]+ [-\d.]+ [-\d.]+ 503 0`),
  classic(means.ENDED_UNANSWERED, '502', '0.00005 -1 -1 502 0', String.raw`[-\d.]+ [-\d.]+ -1 502 0`),
  classic(means.CLIENT_TIMEOUT, '408', '-1 -1 -1 408 0', String.raw`[-\d.]+ [-\d.]+ [-\d.]+ 408 0`),
  says(means.GATEWAY_TIMEOUT, {
    id: 'balancer/api-gateway-timeout',
    program: 'AWS API Gateway',
    literals: ['endpoint request timed out'],
    regex: /Endpoint request timed out/,
    example: '{"message": "Endpoint request timed out"}',
    sources: ['AWS: API Gateway gateway responses'],
  }),
  says(means.UNCONNECTED, {
    id: 'balancer/cloudfront-page',
    program: 'AWS CloudFront',
    literals: ["cloudfront wasn't able to connect to the origin"],
    regex: /CloudFront wasn't able to connect to the origin/,
    example: "CloudFront wasn't able to connect to the origin.",
    sources: ['AWS: CloudFront HTTP 502, 504'],
  }),
  says(means.BAD_GATEWAY, {
    id: 'balancer/app-gateway',
    program: 'Azure Application Gateway',
    literals: ['invalid response while acting as a gateway'],
    regex: /Web server received an invalid response while acting as a gateway/,
    example: 'Server Error. 502 - Web server received an invalid response while acting as a gateway or proxy server.',
    sources: ['Microsoft: Application Gateway 502'],
  }),
  says(means.REFUSED, {
    id: 'balancer/fly-refused',
    program: 'Fly.io',
    literals: ['instance refused connection'],
    regex: /instance refused connection/,
    example:
      '[PC01] instance refused connection. is your app listening on 0.0.0.0:8080? make sure it is not only listening on 127.0.0.1',
    sources: ['Fly.io: error codes'],
  }),
  says(means.EXHAUSTION, {
    id: 'balancer/azure-snat',
    program: 'Azure',
    literals: ['snat port exhaustion'],
    regex: /SNAT [Pp]ort [Ee]xhaustion/,
    phase: 'connect',
    what: 'The address translation in front of this host has no port left for another connection to that destination, so new connections get no answer.',
    example: 'SNAT port exhaustion detected',
    sources: ['Microsoft: SNAT'],
  }),
];

function gcp(meaning: Meaning, code: string): Pattern {
  return says(meaning, {
    id: `balancer/gcp-${code}`,
    program: 'Google Cloud load balancer',
    literals: [code],
    // A short name is a word of settings too: `backend_timeout = 30`.
    regex: new RegExp(
      code.length > 20 ? String.raw`\b${code}\b` : String.raw`(?:statusDetails"?(?::|=) ?"?|^\s*)${code}(?:"|\s*$)`,
    ),
    example: `"statusDetails": "${code}"`,
    sources: ['Google Cloud: HTTP(S) load balancing logs, statusDetails'],
  });
}

function azure(meaning: Meaning, code: string): Pattern {
  return says(meaning, {
    id: `balancer/azure-${code}`,
    program: 'Azure Front Door',
    literals: [code.toLowerCase()],
    regex: new RegExp(String.raw`[Ee]rrorInfo"?(?::|=) ?"?${code}\b`),
    example: `"errorInfo": "${code}"`,
    sources: ['Microsoft: Azure Front Door access log, errorInfo'],
  });
}

function cloudfront(meaning: Meaning, code: string): Pattern {
  return says(meaning, {
    id: `balancer/cloudfront-${code}`,
    program: 'AWS CloudFront',
    literals: [code.toLowerCase()],
    regex: new RegExp(String.raw`(?:^|[\t "=])${code}(?:[\t "]|$)`),
    example: `x-edge-detailed-result-type=${code}`,
    sources: ['AWS: CloudFront standard logs, x-edge-detailed-result-type'],
  });
}

function heroku(meaning: Meaning, code: string, words: string): Pattern {
  return says(meaning, {
    id: `balancer/heroku-${code}`,
    program: 'Heroku router',
    literals: [`code=${code.toLowerCase()}`],
    regex: new RegExp(String.raw`\bat=(?:error|warning) code=(?<code>${code})\b`),
    example: `heroku[router]: at=error code=${code} desc="${words}" method=GET path="/" host=app.example.com status=503`,
    sources: ['Heroku: error codes'],
  });
}

function classic(meaning: Meaning, name: string, sample: string, times: string): Pattern {
  return says(meaning, {
    id: `balancer/clb-${name}`,
    program: 'AWS CLB',
    literals: [sample.slice(-6)],
    regex: new RegExp(
      String.raw`^(?<time>\d{4}-\S+Z) [\w-]+ (?<client>\S+):(?<clientPort>\d+) (?:(?<remote>\S+):(?<remotePort>\d+)|-) (?<code>${times}) .*?"(?<request>[^"]*)"`,
    ),
    example: `2026-11-21T10:00:00.123456Z my-elb 192.0.2.1:2817 10.0.0.5:80 ${sample} 0 0 "GET http://example.com:80/ HTTP/1.1" "curl/7.88.1" - -`,
    sources: ['AWS: Access logs for your Classic Load Balancer'],
  });
}
