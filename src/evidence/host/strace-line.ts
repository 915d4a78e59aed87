/**
 * One line of `strace`: who, when, and a call, a signal or an end. Times of -tt, -ttt or -t; pids of -f, in both the
 * forms `[pid 12]` and `12`; descriptors decorated by -yy or not (strace 4.x to 6.x).
 */
import { toEndpoint } from './endpoint.ts';
import { ofDay, type LogTime } from './log-time.ts';

interface Said {
  /** 0 where strace followed a single process and printed none. */
  readonly pid: number;
  readonly time: LogTime;
}

export interface Call extends Said {
  readonly kind: 'call';
  readonly name: string;
  /** Between the brackets, cut. */
  readonly args: string;
  /** Null while unfinished, or where strace knows none. */
  readonly result: number | null;
  /** Behind the number: a decorated descriptor. */
  readonly resultEnds: Ends | null;
  /** ECONNRESET and so on; empty when it succeeded. */
  readonly errno: string;
  /** `whole` in one line; otherwise its first or its second part. */
  readonly part: 'whole' | 'begun' | 'resumed';
}

export interface Signal extends Said {
  readonly kind: 'signal';
  readonly signal: string;
}

export interface End extends Said {
  readonly kind: 'end';
  /** The signal that killed it, empty when it exited. */
  readonly signal: string;
  readonly status: number;
}

export type StraceLine = Call | Signal | End;

/** Both ends of a socket, empty where unknown. */
export interface Ends {
  readonly local: string;
  readonly remote: string;
}

const PREFIX =
  /^(?:\[pid +(?<bracketed>\d{1,8})\] |(?<plain>\d{1,8}) +)?(?:(?<clock>\d\d:\d\d:\d\d(?:\.\d{1,9})?)|(?<epoch>\d{9,11}\.\d{1,9})) +/;

/** Reads a line; null when it is none of strace. */
export function parseStraceLine(line: string): StraceLine | null {
  const prefix = PREFIX.exec(line.slice(0, 80));
  if (prefix === null) return null;
  const { bracketed, plain, clock, epoch } = prefix.groups!;
  const time = toTime(clock, epoch);
  if (time === null) return null;
  const said: Said = { pid: Number(bracketed ?? plain ?? 0), time };
  const body = line.slice(prefix[0].length);
  if (body.startsWith('--- ')) {
    const signal = /^--- (SIG[A-Z0-9]{2,10}) /.exec(body)?.[1];
    return signal === undefined ? null : { ...said, kind: 'signal', signal };
  }
  if (body.startsWith('+++ ')) return toEnd(said, body);
  return toCall(said, body);
}

function toTime(clock: string | undefined, epoch: string | undefined): LogTime | null {
  if (epoch !== undefined) return { kind: 'epoch', seconds: Number(epoch) };
  const seconds = ofDay(clock ?? '');
  return seconds === null ? null : { kind: 'of-day', ofDay: seconds };
}

function toEnd(said: Said, body: string): End | null {
  const match = /^\+\+\+ (?:killed by (SIG[A-Z0-9]{2,10})(?: \(core dumped\))?|exited with (\d{1,3})) \+\+\+/.exec(
    body,
  );
  return match && { ...said, kind: 'end', signal: match[1] ?? '', status: Number(match[2] ?? 0) };
}

const UNFINISHED = '<unfinished ...>';
const ARGS_LEN = 1024;

function toCall(said: Said, body: string): Call | null {
  const resumed = /^<\.\.\. ([a-z][a-z0-9_]{1,24}) resumed>/.exec(body);
  const name = resumed?.[1] ?? /^([a-z][a-z0-9_]{1,24})\(/.exec(body)?.[1];
  if (name === undefined) return null;
  const start = resumed === null ? name.length + 1 : resumed[0].length;
  const trimmed = body.trimEnd();
  if (resumed === null && trimmed.endsWith(UNFINISHED)) {
    const args = trimmed.slice(start, -UNFINISHED.length).trimEnd().slice(0, ARGS_LEN);
    return { ...said, kind: 'call', name, args, result: null, resultEnds: null, errno: '', part: 'begun' };
  }
  // The last one: data may contain the same signs, the result never does.
  const equals = trimmed.lastIndexOf(' = ');
  const close = trimmed.slice(0, Math.max(0, equals)).trimEnd();
  if (equals < 0 || !close.endsWith(')')) return null;
  const tail = trimmed.slice(equals + 3);
  const value = /^(?:(-?\d{1,19})|\?|0x[0-9a-f]{1,16})/.exec(tail);
  if (value === null) return null;
  const rest = tail.slice(value[0].length);
  return {
    ...said,
    kind: 'call',
    name,
    args: close.slice(start, Math.min(close.length - 1, start + ARGS_LEN)),
    result: value[1] === undefined ? null : Number(value[1]),
    resultEnds: decorationOf(rest),
    errno: /^ (E[A-Z0-9]{2,20})\b/.exec(rest)?.[1] ?? '',
    part: resumed === null ? 'whole' : 'resumed',
  };
}

export interface Descriptor {
  readonly fd: number;
  readonly ends: Ends | null;
}

/** The descriptor that a call's arguments begin with. */
export function firstDescriptor(args: string): Descriptor | null {
  const match = /^(\d{1,9})(?=[<,]|$)/.exec(args);
  return match && { fd: Number(match[1]), ends: decorationOf(args.slice(match[0].length)) };
}

/** `<TCP:[a:1->b:2]>`, `<TCPv6:[[a]:1->[b]:2]>`; a listener has no second end. */
function decorationOf(text: string): Ends | null {
  const match = /^<TCP(?:v6)?:\[([^>]{3,100}?)(?:->([^>]{3,100}?))?\]>/.exec(text);
  if (match === null) return null;
  const local = toEndpoint(match[1]!);
  return local === '' ? null : { local, remote: match[2] === undefined ? '' : toEndpoint(match[2]) };
}

/** The address that a call names: `{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}`. */
export function sockaddrIn(args: string): string {
  const v4 = /\bsin_port=htons\((\d{1,5})\), sin_addr=inet_addr\("([0-9.]{7,15})"\)/.exec(args);
  if (v4 !== null) return toEndpoint(`${v4[2]}:${v4[1]}`);
  const port = /\bsin6_port=htons\((\d{1,5})\)/.exec(args)?.[1];
  const v6 = /\binet_pton\(AF_INET6, "([0-9a-fA-F:.]{2,45})"/.exec(args)?.[1];
  return port === undefined || v6 === undefined ? '' : toEndpoint(`[${v6}]:${port}`);
}
