/** AWS load balancers by the fields of their access log, Kubernetes events and kubelet lines, Cloudflare's own codes. */
import type { Meaning, Pattern } from '../define.ts';
import * as means from '../meanings.ts';
import { says } from '../says.ts';

const ALB_MANUAL = ['AWS: Access logs for your Application Load Balancer; troubleshooting'];
const CLOUDFLARE_MANUAL = ['Cloudflare: 5xx errors'];
const KUBERNETES_MANUAL = ['Kubernetes: debug pods, events'];

export const CLOUD: readonly Pattern[] = [
  alb(
    '502-connect',
    {
      ...means.REFUSED,
      condition: 'unknown',
      what: 'The load balancer could not connect to its target or was reset while connecting; no answer came.',
    },
    '-1 -1 -1 502 -',
    String.raw`(?:-1) -1 -1 502 -`,
  ),
  alb('502-no-answer', means.ENDED_UNANSWERED, '0.001 -1 -1 502 -', String.raw`[\d.]+ [-\d.]+ -1 502 -`),
  alb(
    '502-answered',
    {
      ...means.MISMATCHED,
      phase: 'response',
      what: 'The target did answer, but what it sent is not acceptable HTTP, so the load balancer answered 502 in its place.',
      doubt: 'the target’s answer: malformed or too large headers, a content length that does not fit',
      causes: [{ id: 'protocol-mismatch', why: 'the target’s answer is malformed' }],
    },
    '0.001 0.003 0.000 502 -',
    String.raw`[\d.]+ [\d.]+ [\d.]+ 502 -`,
  ),
  alb('503', means.UNAVAILABLE, '-1 -1 -1 503 -', String.raw`[-\d.]+ [-\d.]+ [-\d.]+ 503 -`),
  alb('504-connect', means.CONNECT_TIMEOUT, '-1 -1 -1 504 -', String.raw`-1 -1 -1 504 -`),
  alb('504', means.GATEWAY_TIMEOUT, '0.001 60.000 -1 504 -', String.raw`[\d.]+ [-\d.]+ [-\d.]+ 504 -`),
  alb('460', means.CLIENT_GONE, '0.001 5.000 -1 460 -', String.raw`[-\d.]+ [-\d.]+ [-\d.]+ 460 `),
  alb('408', means.CLIENT_TIMEOUT, '-1 -1 -1 408 -', String.raw`[-\d.]+ [-\d.]+ [-\d.]+ 408 -`),
  cloudflare(
    '520',
    {
      ...means.ENDED_UNANSWERED,
      what: 'Cloudflare reached the origin, and got a RST, an early close or an answer that is not HTTP.',
    },
    'Web server (?:is )?return(?:s|ing|ed) an unknown error',
    'Error 520: Web server is returning an unknown error',
  ),
  cloudflare('521', means.REFUSED, 'Web server is down', 'Error 521: Web server is down'),
  cloudflare('522', means.CONNECT_TIMEOUT, 'Connection timed out', 'Error 522: Connection timed out'),
  cloudflare('523', means.UNREACHABLE, 'Origin is unreachable', 'Error 523: Origin is unreachable'),
  cloudflare('524', means.GATEWAY_TIMEOUT, 'A timeout occurred', 'Error 524: A timeout occurred'),
  cloudflare(
    '525',
    {
      ...means.CLOSED_HANDSHAKE,
      condition: 'unknown',
      what: 'Cloudflare connected to the origin, but TLS with it failed: closed, reset or refused by an alert, which the code does not tell.',
    },
    'SSL handshake failed',
    'Error 525: SSL handshake failed',
  ),
  says(means.REFUSED, {
    id: 'kubernetes/probe-refused',
    program: 'Kubernetes',
    literals: ['probe failed'],
    regex: /probe failed: .*dial tcp (?<remote>[^\s:]+|\[[^\]]+\]):(?<remotePort>\d+): connect: connection refused/,
    what: 'The kubelet’s probe was refused: in the pod nothing listens on that port yet, or any more.',
    causes: [
      {
        id: 'refused',
        why: 'the program in the pod is starting, has crashed, or listens on another port or on 127.0.0.1 only',
      },
      { id: 'process-crash', why: 'it listened before and is gone' },
    ],
    example:
      'Readiness probe failed: Get "http://10.1.0.7:8080/healthz": dial tcp 10.1.0.7:8080: connect: connection refused',
    sources: KUBERNETES_MANUAL,
  }),
  says(means.RESET_RESPONSE, {
    id: 'kubernetes/probe-reset',
    program: 'Kubernetes',
    literals: ['probe failed'],
    regex: /probe failed: .*->(?<remote>[^\s:]+|\[[^\]]+\]):(?<remotePort>\d+): read: connection reset by peer/,
    causes: [
      { id: 'process-crash', why: 'the program in the pod died or restarts while it is probed' },
      ...means.RESET_HANDSHAKE.causes.slice(0, 2),
    ],
    example:
      'Liveness probe failed: Get "http://10.1.0.7:8080/healthz": read tcp 10.1.0.1:40000->10.1.0.7:8080: read: connection reset by peer',
    sources: KUBERNETES_MANUAL,
  }),
  says(means.READ_TIMEOUT, {
    id: 'kubernetes/probe-timeout',
    program: 'Kubernetes',
    literals: ['probe failed'],
    regex: /probe failed: .*(?:context deadline exceeded|Client\.Timeout exceeded)/,
    example:
      'Liveness probe failed: Get "http://10.1.0.7:8080/healthz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
    sources: KUBERNETES_MANUAL,
  }),
  says(means.KILLED_PROCESS, {
    id: 'kubernetes/oom-killed',
    program: 'Kubernetes',
    literals: ['oomkilled', 'oomkilling', 'out of memory: killed process', 'memory cgroup out of memory'],
    regex: /\bOOMKill(?:ed|ing)\b|[Oo]ut of memory: Killed process (?<code>\d+)/,
    example: 'Memory cgroup out of memory: Killed process 4242 (node) total-vm:1000000kB, anon-rss:500000kB',
    sources: ['Linux mm/oom_kill.c', ...KUBERNETES_MANUAL],
  }),
  says(means.KILLED_PROCESS, {
    id: 'kubernetes/unhealthy-restart',
    program: 'Kubernetes',
    literals: ['will be restarted', 'back-off restarting failed container'],
    regex: /(?:failed (?:liveness|startup) probe, will be restarted|Back-off restarting failed container)/,
    example: 'Normal  Killing  Container app failed liveness probe, will be restarted',
    sources: KUBERNETES_MANUAL,
  }),
  says(means.DRAINED, {
    id: 'kubernetes/stopping',
    program: 'Kubernetes',
    literals: ['stopping container '],
    regex: /\bKilling\b.*Stopping container (?<remote>\S+)/,
    what: 'The kubelet stops a container: it gets SIGTERM, and SIGKILL when the grace period ends. Requests in flight end with it.',
    causes: [
      { id: 'shutdown-in-flight', why: 'a rollout, a scale-down or an eviction' },
      { id: 'drain-reset', why: 'traffic still arrives until every proxy has heard of it' },
    ],
    example: 'Normal  Killing  3s  kubelet  Stopping container app',
    sources: KUBERNETES_MANUAL,
  }),
];

function alb(name: string, meaning: Meaning, sample: string, times: string): Pattern {
  return says(meaning, {
    id: `cloud/alb-${name}`,
    program: 'AWS ALB',
    literals: [' app/'],
    regex: new RegExp(
      String.raw`^(?:https?|h2|grpcs|wss?) (?<time>\S+) app/\S+ (?<client>\S+):(?<clientPort>\d+) (?:(?<remote>\S+):(?<remotePort>\d+)|-) (?<code>${times})(?:.*?"(?<request>[^"]*)")?`,
    ),
    example: `http 2026-11-21T10:00:00.123456Z app/web/50dc6c495c0c9188 192.0.2.1:2817 10.0.0.5:80 ${sample} 34 366 "GET http://example.com:80/ HTTP/1.1" "curl/7.88.1" - -`,
    sources: ALB_MANUAL,
  });
}

function cloudflare(code: string, meaning: Meaning, words: string, example: string): Pattern {
  return says(meaning, {
    id: `cloud/cloudflare-${code}`,
    program: 'Cloudflare',
    literals: [`error ${code}`, `${code} `, `" ${code}`],
    regex: new RegExp(
      String.raw`\b(?:[Ee]rror (?:code )?${code}\b|HTTP/[\d.]+ ${code}\b|${code}:? (?:${words})|"(?:GET|POST|PUT|HEAD|DELETE|PATCH) [^"]*" ${code} \d)`,
    ),
    example,
    sources: CLOUDFLARE_MANUAL,
  });
}
