/** What a line tells beside its wording: who was at the other end, which connection, how long it waited, how much it carried. */
import type { LineMatch } from '../define.ts';
import type { PeerSide } from './define.ts';

/** The first characters of a line are searched. */
const SEARCHED_CHARS = 2048;
/** From here on a port is taken for one that a kernel chose (Linux: net.ipv4.ip_local_port_range starts at 32768). */
const EPHEMERAL_FROM = 32_768;
const MAX_TOKENS = 12;

/** The facts of one line; strings in it may be slices of the line: copy what is kept. */
export interface Facts {
  /** `address:port` as written, brackets of IPv6 included, or an address alone. */
  readonly tokens: readonly Token[];
  /** Name the connection; empty when the line does not. */
  readonly connections: readonly string[];
  readonly waitMs: number | null;
  /** The wait is said to have been idle time. */
  readonly isIdle: boolean;
  /** From the time that the line bears, which is that of a beginning, to the failure; 0 as a rule. */
  readonly endsAfterMs: number;
  /** A size that the line states. */
  readonly bytes: number | null;
  /** It is said to be the request's. */
  readonly isRequestSize: boolean;
  /** Method and path without query and numbers. */
  readonly request: string | null;
}

export interface Token {
  readonly address: string;
  /** 0: none. */
  readonly port: number;
}

/** Reads a line, recognised or not. */
export function readFacts(line: string): Facts {
  const head = line.length > SEARCHED_CHARS ? line.slice(0, SEARCHED_CHARS) : line;
  const tokens = readTokens(head);
  return {
    tokens,
    connections: readConnections(head, tokens),
    ...readWait(head),
    endsAfterMs: readDuration(head),
    ...readSize(head),
    request: readRequest(head),
  };
}

/** Who was at the other end of the connection that a recognised line tells of. */
export function readPeer(line: string, { pattern, fields }: LineMatch, tokens: readonly Token[]): Peer {
  const head = line.length > SEARCHED_CHARS ? line.slice(0, SEARCHED_CHARS) : line;
  const haproxy = HAPROXY_LINE.exec(head)?.groups;
  const client = fields.client ?? haproxy?.['client'] ?? CLIENT.exec(head)?.[1] ?? ACCESS.exec(head)?.[1];
  const envoy = pattern.id.startsWith('envoy/') ? ENVOY_UPSTREAM.exec(head)?.[1] : undefined;
  const upstream = fields.upstream ?? haproxy?.['server'] ?? envoy ?? UPSTREAM.exec(head)?.[1];
  if (client !== undefined && isAboutClient(pattern.id, fields.code)) return { side: 'client', address: client };
  if (upstream !== undefined && upstream !== '-') return { side: 'upstream', address: toHostPort(upstream) };
  if (fields.remote !== undefined) return { side: 'remote', address: toRemote(fields) };
  if (client !== undefined) return { side: 'client', address: client };
  const arrow = ARROW.exec(head)?.[1];
  if (arrow !== undefined) return { side: 'remote', address: withoutEphemeralPort(arrow) };
  const [first] = tokens;
  return first ? { side: 'remote', address: toText(first) } : { side: 'none', address: '' };
}

export interface Peer {
  readonly side: PeerSide;
  readonly address: string;
}

/** `address:port`, without a port that a kernel chose. */
function toText({ address, port }: Token): string {
  return port === 0 || port >= EPHEMERAL_FROM ? address : `${address}:${port}`;
}

const HAPROXY_LINE =
  /(?<client>[0-9a-fA-F.:]+):\d{1,5} \[\d\d\/\w{3}\/\d{4}:[\d:.]+\] \S+ (?<server>[^\s/]+\/[^\s/]+) [\d/+-]+ /;
const CLIENT = /\bclient:? ?[=:]? ?"?((?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]*:[0-9a-f:]+)\b/;
const UPSTREAM = /\b(?:upstream|upstream_addr|upstream_host|backend)["']?(?:: ?|=)["']?([^"'\s,]{1,200})/;
/** Envoy's default format ends with the upstream. */
const ENVOY_UPSTREAM = /"([^"\s]{1,200}:\d{1,5})"\s*$/;
/** Access logs begin with the client. */
const ACCESS = /(?:^|[\s"])([0-9a-fA-F.:]{3,45}) \S{1,80} \S{1,80} \[\d\d\/\w{3}\/\d{4}:/;
/** Go: `read tcp local->remote:`. */
const ARROW = /->(\[?[0-9a-fA-F.:]+\]?:\d{1,5})\b/;

/** HAProxy's first letter C or c: the client; others say it in the pattern's name. */
function isAboutClient(id: string, code: string | undefined): boolean {
  return /client|499/.test(id) || (id.startsWith('haproxy/') && /^[Cc]/.test(code ?? id.split('/')[1] ?? ''));
}

function toRemote({ remote = '', remotePort, localPort }: LineMatch['fields']): string {
  if (remotePort === undefined) return toHostPort(remote);
  const isClient = Number(remotePort) >= EPHEMERAL_FROM && Number(localPort ?? 0) < EPHEMERAL_FROM;
  return isClient && localPort !== undefined ? remote : `${remote}:${remotePort}`;
}

/** `http://10.0.0.5:80/x` is `10.0.0.5:80`. */
function toHostPort(text: string): string {
  return /^[a-z+]+:\/\/([^/\s"]+)/i.exec(text)?.[1] ?? text;
}

function withoutEphemeralPort(text: string): string {
  const match = /^(.*):(\d+)$/.exec(text);
  return match && Number(match[2]) >= EPHEMERAL_FROM ? match[1]! : text;
}

const TOKEN =
  /(?<![\d.])((?:\d{1,3}\.){3}\d{1,3})(?![\d.])(?::(\d{1,5})(?![\d.:]))?|\[([0-9a-fA-F:]*::?[0-9a-fA-F:.]+)\](?::(\d{1,5}))?/g;

function readTokens(head: string): Token[] {
  const tokens: Token[] = [];
  for (const [, v4, port4, v6, port6] of head.matchAll(TOKEN)) {
    if (v6 !== undefined && v6.split(':').length < 3) continue;
    if (tokens.length === MAX_TOKENS) break;
    const address = v4 ?? v6;
    if (address !== undefined) tokens.push({ address, port: Number(port4 ?? port6 ?? 0) });
  }
  return tokens;
}

const NGINX_CONNECTION = /\b(\d+)#\d+: (\*\d+) /;
const NAMED_CONNECTION = /\bconn(?:ection)?[_-]?(?:id)?["']?(?:[=:#] ?|\s#?(?=\d))["']?([\w-]{1,40})|\[(conn\d+)\]/i;

function readConnections(head: string, tokens: readonly Token[]): string[] {
  const nginx = NGINX_CONNECTION.exec(head);
  if (nginx) return [`${nginx[1]}${nginx[2]}`];
  const named = NAMED_CONNECTION.exec(head);
  if (named) return [`conn ${named[1] ?? named[2]}`];
  return tokens.filter(({ port }) => port >= EPHEMERAL_FROM).map(({ address, port }) => `${address}:${port}`);
}

/** HAProxy's HTTP and TCP timers: the last is the whole time of the request or session, ms. */
const HAPROXY_TIMERS = / (?:-?\d+\/){2,4}\+?(?<total>\d+) /;
/** Envoy's default format: bytes received, bytes sent, duration in ms, behind status and flags. */
const ENVOY_NUMBERS =
  /" \d{3} (?:[A-Z][A-Za-z,]*|-) (?:[^"]{0,80}"[^"]{0,200}" )?(?<received>\d+) \d+ (?<duration>\d+) /;
const NAMED_WAIT =
  /\b(?<key>(?:idle|duration|elapsed|took|latency|wait(?:ed)?|rt|urt|request_?time|upstream_response_time|response_?time|time_taken|inactive)(?:_?m?s|_seconds)?)["']?(?:\s*[=:]\s*|\s+for\s+|\s+)["']?(?<value>\d{1,9}(?:\.\d{1,6})?)\s?(?<unit>ms|milliseconds?|s\b|secs?\b|seconds?\b)?/i;
const AFTER =
  /\b(?<key>after|idle for|inactivity of|timeout of|within)\s+(?<value>\d{1,9}(?:\.\d{1,6})?)\s?(?<unit>ms|milliseconds?|s\b|secs?\b|seconds?\b)/i;
/** nginx formats with `$request_time` behind the quoted user agent. */
const TRAILING_SECONDS = /" (?<value>\d{1,6}\.\d{3})(?= |$)/;

/** HAProxy and Envoy write a line in the end and date it from the beginning; a syslog in front has the time of the end. */
function readDuration(head: string): number {
  const duration = RAW_HAPROXY.test(head)
    ? HAPROXY_TIMERS.exec(head)?.groups?.['total']
    : head.startsWith('[')
      ? ENVOY_NUMBERS.exec(head)?.groups?.['duration']
      : undefined;
  return Number(duration ?? 0);
}

const RAW_HAPROXY = /^[0-9a-fA-F.:]+:\d{1,5} \[/;

function readWait(head: string): { waitMs: number | null; isIdle: boolean } {
  const fixed = HAPROXY_TIMERS.exec(head)?.groups?.['total'] ?? ENVOY_NUMBERS.exec(head)?.groups?.['duration'];
  if (fixed !== undefined) return { waitMs: Number(fixed), isIdle: false };
  const { key = '', value, unit } = (NAMED_WAIT.exec(head) ?? AFTER.exec(head))?.groups ?? {};
  if (value !== undefined) return { waitMs: toWaitMs(key, value, unit), isIdle: /^(?:idle|inactiv)/i.test(key) };
  const seconds = TRAILING_SECONDS.exec(head)?.groups?.['value'];
  return { waitMs: seconds === undefined ? null : Math.round(Number(seconds) * 1000), isIdle: false };
}

/** Without a unit a fraction means seconds, and a large whole number milliseconds; between them it is not guessed. */
function toWaitMs(key: string, value: string, unit: string | undefined): number | null {
  const number = Number(value);
  if (/^m/i.test(unit ?? '') || (unit === undefined && /ms$/i.test(key))) return number;
  if (unit !== undefined || /(?:_s|seconds)$/i.test(key)) return Math.round(number * 1000);
  if (value.includes('.') || /^(?:u?rt|request_time|upstream_response_time)$/i.test(key))
    return Math.round(number * 1000);
  return number >= 1000 ? number : null;
}

const REQUEST_SIZE =
  /\b(?:request_length|request_size|request_bytes|req_bytes|bytes_in|bytes_received)["']?\s*[=:]\s*["']?(?<named>\d{1,15})\b|too large body: (?<body>\d{1,15}) bytes/i;
const SIZE =
  /\b(?:content[_-]?length|body_?size|payload_?(?:size|bytes|len)|size|length|len|bytes)["']?\s*[=:]\s*["']?(?<size>\d{1,15})\b/i;

function readSize(head: string): { bytes: number | null; isRequestSize: boolean } {
  const { named, body } = REQUEST_SIZE.exec(head)?.groups ?? {};
  const ofRequest = named ?? body ?? ENVOY_NUMBERS.exec(head)?.groups?.['received'];
  if (ofRequest !== undefined) return { bytes: Number(ofRequest), isRequestSize: true };
  const size = SIZE.exec(head)?.groups?.['size'];
  return { bytes: size === undefined ? null : Number(size), isRequestSize: false };
}

const METHOD = 'GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT';
const REQUEST = new RegExp(String.raw`"(?<method>${METHOD}) (?<path>[^\s"]{1,200})`);
const NAMED_REQUEST = new RegExp(
  String.raw`\bmethod["']?\s?[=:]\s?["']?(?<method>${METHOD})\b.{0,80}?\b(?:url|path|uri)["']?\s?[=:]\s?["']?(?<path>[^\s"',]{1,200})|\b(?<method2>${METHOD}) (?<path2>/[^\s"',]{0,200})`,
);

function readRequest(head: string): string | null {
  const groups = (REQUEST.exec(head) ?? NAMED_REQUEST.exec(head))?.groups;
  if (!groups) return null;
  const path = groups['path'] ?? groups['path2'] ?? '';
  const plain = path.replace(/[?#].*$/, '').replace(/\/(?:\d+|[0-9a-f]{8,}(?:-[0-9a-f]+)*)(?=\/|$)/gi, '/:id');
  return `${groups['method'] ?? groups['method2']} ${plain}`;
}
