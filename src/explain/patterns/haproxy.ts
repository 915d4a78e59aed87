/** HAProxy: every termination state by a table of its two letters (configuration.txt §8.5), and server states. */
import type { Meaning, Pattern } from '../define.ts';
import * as means from '../meanings.ts';
import { says } from '../says.ts';

const MANUAL = ['HAProxy configuration.txt §8.5'];
const RUN = ['run: HAProxy 2.6.12', ...MANUAL];

/** Who ended the session: the first letter. */
const ENDED_BY: Readonly<Record<string, string>> = {
  C: 'The client aborted or closed',
  S: 'The server aborted or refused',
  P: 'HAProxy aborted by a rule or limit',
  L: 'HAProxy answered by itself (a redirect, its statistics page)',
  R: 'HAProxy ran out of a resource',
  I: 'HAProxy met an error of its own',
  D: 'HAProxy cut the session because its server went down',
  U: 'HAProxy cut the session on a backup server because an active one came up',
  K: 'An administrator killed the session',
  c: 'The client-side timeout ran out',
  s: 'The server-side timeout ran out',
};
/** What it was doing: the second letter. */
const WHILE: Readonly<Record<string, string>> = {
  R: 'while HAProxy waited for a whole request: no server was asked',
  Q: 'while the request waited in the queue for a free place: no server was asked',
  C: 'while HAProxy was connecting to the server',
  H: 'while HAProxy waited for the server’s response headers',
  D: 'while data flowed',
  L: 'while the last data went to the client: the server had finished',
  T: 'while the request was held in the tarpit',
};

/** The manual names forgetful equipment and idle sessions first, a slow server hardly: an answer had already begun. */
const QUIET: Meaning = {
  ...means.READ_TIMEOUT,
  what: 'The answer or the tunnel had begun; then the server neither sent nor acknowledged anything for as long as timeout server (timeout tunnel) allows, and HAProxy closed. No RST and no FIN had come.',
  doubt: 'a firewall or NAT between HAProxy and the server, an idle session, then the server',
  causes: [
    {
      id: 'idle-dropped',
      why: 'equipment before the server has a shorter limit and forgot the connection; or the session is simply idle',
    },
    ...means.READ_TIMEOUT.causes,
  ],
};

/** What the pair says about the connection; pairs that cannot occur have no entry. */
const STATES: Readonly<Record<string, Meaning>> = {
  CR: means.CLIENT_GONE_REQUEST,
  CQ: {
    ...means.CLIENT_GONE,
    phase: 'connect',
    cleared: 'the network. Every place on the servers was taken while the client waited: see whether they are slow.',
  },
  CC: {
    ...means.CLIENT_GONE,
    phase: 'connect',
    cleared: 'nobody: the server had not accepted yet, see whether it is down.',
  },
  CH: means.CLIENT_GONE,
  CD: means.CLIENT_GONE,
  CL: means.CLIENT_GONE,
  CT: { ...means.CLIENT_GONE, phase: 'request' },
  cR: means.CLIENT_TIMEOUT,
  cQ: means.CLIENT_TIMEOUT,
  cC: { ...means.CLIENT_TIMEOUT, phase: 'connect' },
  cH: means.CLIENT_TIMEOUT,
  cD: { ...means.CLIENT_TIMEOUT, phase: 'response' },
  cL: { ...means.CLIENT_TIMEOUT, phase: 'response' },
  cT: means.CLIENT_TIMEOUT,
  SR: means.ENDED_UNANSWERED,
  SQ: means.UNAVAILABLE,
  SC: means.REFUSED,
  SH: means.ENDED_UNANSWERED,
  SD: means.ENDED_BODY,
  SL: means.ENDED_BODY,
  sQ: {
    ...means.UNAVAILABLE,
    condition: 'timed-out',
    causes: [{ id: 'resource-exhaustion', why: 'every place on the servers was taken for the whole of timeout queue' }],
  },
  sC: means.CONNECT_TIMEOUT,
  sH: means.READ_TIMEOUT,
  sD: QUIET,
  sL: QUIET,
  PR: means.DENIED,
  PQ: means.DENIED,
  PC: {
    ...means.EXHAUSTION,
    phase: 'connect',
    causes: [
      { id: 'resource-exhaustion', why: 'HAProxy could not open the connection: no port, no descriptor, or a limit' },
      ...means.DENIED.causes,
    ],
  },
  PH: {
    ...means.DENIED,
    phase: 'response',
    condition: 'aborted',
    what: 'HAProxy did not accept the server’s response: malformed, or blocked by a rule.',
    causes: [
      { id: 'protocol-mismatch', why: 'the server’s answer is not valid HTTP, or a response rule blocked it' },
      ...means.DENIED.causes,
    ],
  },
  PD: {
    ...means.DENIED,
    phase: 'response',
    causes: [
      { id: 'protocol-mismatch', why: 'malformed chunks or data while a body was forwarded' },
      ...means.DENIED.causes,
    ],
  },
  PL: { ...means.DENIED, phase: 'response' },
  PT: means.DENIED,
  RR: means.EXHAUSTION,
  RQ: means.EXHAUSTION,
  RC: { ...means.EXHAUSTION, phase: 'connect' },
  RH: { ...means.EXHAUSTION, phase: 'response' },
  RD: { ...means.EXHAUSTION, phase: 'response' },
  RL: { ...means.EXHAUSTION, phase: 'response' },
  IR: {
    ...means.DENIED,
    causes: [{ id: 'unknown', why: 'an internal error of HAProxy: its changelog and a restart' }],
  },
  IQ: {
    ...means.DENIED,
    causes: [{ id: 'unknown', why: 'an internal error of HAProxy: its changelog and a restart' }],
  },
  IC: {
    ...means.DENIED,
    phase: 'connect',
    causes: [{ id: 'unknown', why: 'an internal error of HAProxy: its changelog and a restart' }],
  },
  IH: {
    ...means.DENIED,
    phase: 'response',
    causes: [{ id: 'unknown', why: 'an internal error of HAProxy: its changelog and a restart' }],
  },
  ID: {
    ...means.DENIED,
    phase: 'response',
    causes: [{ id: 'unknown', why: 'an internal error of HAProxy: its changelog and a restart' }],
  },
  IL: {
    ...means.DENIED,
    phase: 'response',
    causes: [{ id: 'unknown', why: 'an internal error of HAProxy: its changelog and a restart' }],
  },
  DC: { ...means.DRAINED, phase: 'connect' },
  DH: means.DRAINED,
  DD: means.DRAINED,
  DL: means.DRAINED,
  UC: { ...means.DRAINED, phase: 'connect' },
  UH: means.DRAINED,
  UD: means.DRAINED,
  UL: means.DRAINED,
  KR: { ...killed(), phase: 'request' },
  KQ: { ...killed(), phase: 'request' },
  KC: { ...killed(), phase: 'connect' },
  KH: killed(),
  KD: killed(),
  KL: killed(),
  KT: { ...killed(), phase: 'request' },
};

/** LR ends well; a line of it is explained only when it is asked for by itself. */
const LOCAL: Meaning = {
  ...means.DENIED,
  condition: 'unknown',
  what: 'HAProxy answered the request itself: a redirect, its statistics page, a static answer. Nothing went wrong.',
  doubt: 'nobody',
  cleared: 'everybody: this is no failure.',
  causes: [{ id: 'benign-close', why: 'no connection failed' }],
  retry: 'not-needed',
};

/** Third and fourth letters, the cookie's: `--` or what a persistence cookie gives. */
const COOKIES = [
  '--',
  'nn',
  'ni',
  'np',
  'nr',
  'vn',
  'vu',
  'vp',
  'vi',
  'vd',
  'vr',
  'di',
  'dn',
  'ei',
  'en',
  'oi',
  'on',
  'in',
  'ii',
  'ip',
  'un',
  'up',
  '-n',
  '-i',
  '-p',
];

export const HAPROXY: readonly Pattern[] = [
  says(means.UNAVAILABLE, {
    id: 'haproxy/no-server',
    program: 'HAProxy',
    literals: ['/<nosrv> '],
    regex:
      /(?<client>[\d.:a-fA-F]{2,45}):(?<clientPort>\d{1,5}) \[[^\]]+\] \S+ \S+\/<NOSRV> [-\d/]+ (?<status>\d+) (?<bytes>\d+) .* (?<code>SC)[-NIDVEOU][-NIUPRD] \d/,
    what: 'HAProxy had no server that was up for this backend, and answered by itself. No connection to a server was tried.',
    example:
      '127.0.0.1:34278 [21/Nov/2026:04:42:03.404] fe b9997/<NOSRV> 0/-1/-1/-1/0 503 217 - - SC-- 1/1/0/0/0 0/0 "GET /9997 HTTP/1.1"',
    sources: RUN,
  }),
  ...Object.entries(STATES).map(([state, meaning]) => ofState(state, meaning)),
  says(LOCAL, {
    id: 'haproxy/LR',
    program: 'HAProxy',
    literals: ['lr--'],
    regex: /^\s*(?<code>LR--)\s*$/,
    example: 'LR--',
    sources: MANUAL,
  }),
  says(means.REFUSED, {
    id: 'haproxy/check-refused',
    program: 'HAProxy',
    literals: ['layer4 connection problem'],
    regex: /Server (?<remote>\S+) is DOWN, reason: Layer4 connection problem/,
    what: 'HAProxy’s health check was refused, so it took the server out.',
    example:
      'Server b9997/s1 is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms.',
    sources: RUN,
  }),
  says(means.CONNECT_TIMEOUT, {
    id: 'haproxy/check-timeout',
    program: 'HAProxy',
    literals: ['layer4 timeout'],
    regex: /Server (?<remote>\S+) is DOWN, reason: Layer4 timeout/,
    example:
      'Server app/s1 is DOWN, reason: Layer4 timeout, check duration: 2001ms. 0 active and 0 backup servers left.',
    sources: ['HAProxy management.txt'],
  }),
  says(means.READ_TIMEOUT, {
    id: 'haproxy/check-no-answer',
    program: 'HAProxy',
    literals: ['layer7 timeout', 'layer6 timeout'],
    regex: /Server (?<remote>\S+) is DOWN, reason: Layer[67] timeout/,
    example: 'Server app/s1 is DOWN, reason: Layer7 timeout, check duration: 2001ms.',
    sources: ['HAProxy management.txt'],
  }),
];

function ofState(state: string, meaning: Meaning): Pattern {
  const [who = '', when = ''] = state;
  const lower = state.toLowerCase();
  return says(meaning, {
    id: `haproxy/${state}`,
    program: 'HAProxy',
    literals: [` ${lower} `, ...COOKIES.map((cookie) => ` ${lower}${cookie} `), `${lower}--`],
    regex: new RegExp(
      `(?:(?<client>[\\d.:a-fA-F]{2,45}):(?<clientPort>\\d{1,5}) \\[(?<time>[^\\]]+)\\] \\S+ \\S+ [-+\\d/]+ (?:(?<status>-?\\d+) )?\\+?(?<bytes>\\d+) [^"]*?\\b(?<code>${state})(?:[-NIDVEOU][-NIUPRD])? \\d+/\\d+/\\d+/\\d+/\\+?\\d+ \\d+/\\d+(?: [^"]*"(?<request>[^"]*)")?|^\\s*(?<code2>${state})[-NIDVEOU][-NIUPRD]\\s*$)`,
    ),
    what: `${ENDED_BY[who] ?? ''} ${WHILE[when] ?? ''}. ${meaning.what}`,
    example: `10.0.0.9:51234 [21/Nov/2026:10:00:00.123] web app/s1 0/0/0/-1/5 502 209 - - ${state}-- 1/1/0/0/0 0/0 "GET / HTTP/1.1"`,
    sources: MANUAL,
  });
}

function killed(): Meaning {
  return {
    ...means.DRAINED,
    causes: [
      { id: 'killed', why: 'an administrator ended the session through HAProxy’s socket' },
      ...means.DRAINED.causes.slice(0, 1),
    ],
  };
}
