/**
 * The text of a tracefs log: `trace`, `trace_pipe`, `trace-cmd report` or `perf script`. Formats: include/trace/events/
 * tcp.h, sock.h, sched.h and oom.h of Linux 4.16 to 6.18; `reason` is there from 6.10 on, and for aborts from 6.12 on.
 */
import { endpointOf, toEndpoint } from './endpoint.ts';
import { MOST_EVENTS, type LineParser, type Understood } from './source.ts';

export interface Task {
  readonly pid: number;
  readonly command: string;
}

interface Base {
  readonly line: number;
  /** Seconds of the trace's own clock. */
  readonly at: number;
  /** Who ran when it happened; null in an interrupt, which hits anybody. */
  readonly task: Task | null;
}

export interface SendReset extends Base {
  readonly kind: 'send-reset';
  readonly from: string;
  readonly to: string;
  /** Not in answer to a segment; null where the trace does not say. */
  readonly active: boolean | null;
  /** TCP_CLOSE and so on; UNKNOWN without a socket. */
  readonly state: string;
  /** Empty before Linux 6.10. */
  readonly reason: string;
}

export interface ReceiveReset extends Base {
  readonly kind: 'receive-reset';
  /** The RST's source and destination. */
  readonly from: string;
  readonly to: string;
}

export interface StateChange extends Base {
  readonly kind: 'state';
  readonly local: string;
  readonly remote: string;
  readonly before: string;
  readonly after: string;
}

export interface TaskExit extends Base {
  readonly kind: 'exit';
  readonly pid: number;
  readonly command: string;
}

export interface OomVictim extends Base {
  readonly kind: 'oom';
  readonly pid: number;
  readonly command: string;
}

export type TraceEvent = SendReset | ReceiveReset | StateChange | TaskExit | OomVictim;

/** The wall clock, written into the trace through `trace_marker`. */
export interface ClockMark {
  readonly at: number;
  readonly wallSeconds: number;
}

export interface KernelTrace extends Understood {
  readonly events: readonly TraceEvent[];
  readonly marks: readonly ClockMark[];
  /** The kernel says that it lost events. */
  readonly lossy: boolean;
  /** As many events as its heading says were written: none was lost, and no line was taken out since. */
  readonly whole: boolean;
}

const NAMES = [
  'tcp_send_reset',
  'tcp_receive_reset',
  'tcp_destroy_sock',
  'inet_sock_set_state',
  'sched_process_exit',
  'mark_victim',
  'tracing_mark_write',
] as const;

type Name = (typeof NAMES)[number];

/** Task, pid, flags and clock stand before the event's name, which they never reach. */
const HEAD_LEN = 160;
const HEAD =
  /^\s*(?<command>\S.{0,40}?)[\s-]+(?<pid>\d{1,8})\s+(?:\(\s*[\d-]+\)\s+)?\[\d{3,4}\]\s+(?:(?<flags>\S{4,7})\s+)?(?<at>\d{1,12}\.\d{1,9}):\s+(?:[a-z_]+:)?$/;

export function createKernelTraceParser(): LineParser<KernelTrace> {
  const events: TraceEvent[] = [];
  const marks: ClockMark[] = [];
  let lines = 0;
  let understood = 0;
  let dropped = 0;
  let lossy = false;
  let hasHeading = false;
  let eventLines = 0;
  let written = -1;
  return {
    line(text) {
      lines++;
      if (/^CPU:\d+ \[LOST \d+ EVENTS\]/.test(text)) lossy = true;
      else if (text !== '' && !text.startsWith('#')) eventLines++;
      const entries = /^# entries-in-buffer\/entries-written: (\d{1,15})\/(\d{1,15})/.exec(text);
      if (entries !== null) {
        written = Number(entries[2]);
        if (Number(entries[1]) < written) lossy = true;
      }
      if (text.startsWith('# tracer:')) hasHeading = true;
      if (hasHeading && text.startsWith('#')) understood++;
      const found = nameIn(text);
      if (found === null) return;
      const head = HEAD.exec(text.slice(0, found.at))?.groups;
      if (head === undefined) return;
      const base: Base = { line: lines, at: Number(head['at']), task: taskOf(head) };
      const rest = text.slice(found.end);
      if (found.name === 'tracing_mark_write') {
        const wall = /^\s*firsthand-clock (\d{9,11}(?:\.\d{1,9})?)\s*$/.exec(rest)?.[1];
        if (wall === undefined) return;
        understood++;
        if (marks.length < MOST_EVENTS) marks.push({ at: base.at, wallSeconds: Number(wall) });
        return;
      }
      const event = toEvent(found.name, base, rest);
      if (event !== null || isOfNoUse(found.name, rest)) understood++;
      if (event === null) return;
      if (events.length < MOST_EVENTS) events.push(event);
      else dropped++;
    },
    end: () => ({
      events,
      marks,
      lossy,
      whole: !lossy && dropped === 0 && written === eventLines,
      lines,
      understood,
      dropped,
    }),
  };
}

function nameIn(text: string): { readonly name: Name; readonly at: number; readonly end: number } | null {
  for (const name of NAMES) {
    const at = text.indexOf(`${name}: `);
    if (at > 0 && at <= HEAD_LEN) return { name, at, end: at + name.length + 2 };
  }
  return null;
}

/** Threads of the kernel finish the work of others. */
const OF_KERNEL = /^(?:kworker|ksoftirqd|swapper|iou-|rcu|<idle>|<\.\.\.>)/;

/** The third flag is h, s or H in an interrupt; there the task is whoever was interrupted. */
function taskOf({ command, pid, flags }: Readonly<Record<string, string | undefined>>): Task | null {
  if (flags === undefined || /[hHsZz]/.test(flags[2] ?? '') || OF_KERNEL.test(command ?? '')) return null;
  return { pid: Number(pid), command: command! };
}

/** A socket that ends has said more by its last state; one without both ports has no connection yet. */
function isOfNoUse(name: Name, text: string): boolean {
  return (
    name === 'tcp_destroy_sock' ||
    (name === 'inet_sock_set_state' && / [sd]port=0 | protocol=IPPROTO_(?!TCP )/.test(text))
  );
}

function toEvent(name: Name, base: Base, text: string): TraceEvent | null {
  if (name === 'tcp_destroy_sock') return null;
  if (name === 'sched_process_exit') {
    const match = /^comm=(.{0,64}?) pid=(\d{1,8}) prio=/.exec(text);
    return match && { ...base, kind: 'exit', command: match[1]!, pid: Number(match[2]) };
  }
  if (name === 'mark_victim') {
    const match = /^pid=(\d{1,8})(?: comm=(.{0,64}?) total-vm)?/.exec(text);
    return match && { ...base, kind: 'oom', pid: Number(match[1]), command: match[2] ?? '' };
  }
  const field = fieldsOf(text);
  if (name === 'tcp_send_reset') return sendReset(base, field);
  const protocol = field.get('protocol');
  if (protocol !== undefined && protocol !== 'IPPROTO_TCP') return null;
  const { local, remote } = endsOf(field);
  if (local === '') return null;
  if (name === 'tcp_receive_reset') return { ...base, kind: 'receive-reset', from: remote, to: local };
  return {
    ...base,
    kind: 'state',
    local,
    remote,
    before: field.get('oldstate') ?? '',
    after: field.get('newstate') ?? '',
  };
}

function sendReset(base: Base, field: ReadonlyMap<string, string>): SendReset | null {
  const socket = field.get('skbaddr');
  const written = { from: toEndpoint(field.get('src') ?? ''), to: toEndpoint(field.get('dest') ?? '') };
  const older = endsOf(field);
  const from = written.from || older.local;
  const to = written.to || older.remote;
  if (from === '' || to === '') return null;
  return {
    ...base,
    kind: 'send-reset',
    from,
    to,
    active: socket === undefined ? null : /^(?:0x)?0+$|^\(null\)$/.test(socket),
    state: field.get('state') ?? '',
    reason: field.get('reason') ?? '',
  };
}

function endsOf(field: ReadonlyMap<string, string>): { readonly local: string; readonly remote: string } {
  const v6 = field.get('family') === 'AF_INET6';
  const address = (side: string): string => {
    const first = field.get(`${side}addr`) ?? '';
    // Before the family was printed an IPv6 socket had the IPv4 address 0.0.0.0.
    return v6 || first === '0.0.0.0' ? (field.get(`${side}addrv6`) ?? '') : first;
  };
  return {
    local: endpointOf(address('s'), Number(field.get('sport'))),
    remote: endpointOf(address('d'), Number(field.get('dport'))),
  };
}

const MOST_FIELDS = 24;

function fieldsOf(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const word of text.split(' ', MOST_FIELDS)) {
    const equals = word.indexOf('=');
    if (equals > 0) fields.set(word.slice(0, equals), word.slice(equals + 1));
  }
  return fields;
}
