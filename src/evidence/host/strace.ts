/**
 * The log of `strace -f`: which process opened, read, shut, and let go of which socket, and how processes ended. Threads
 * share descriptors and forked children copy them, and the log does not say who is what: a descriptor belongs to its
 * opener, or else to the only one that is open; what cannot be told is left out.
 */
import { portOfEndpoint } from './endpoint.ts';
import type { LogTime } from './log-time.ts';
import { MOST_EVENTS, type LineParser, type Understood } from './source.ts';
import {
  firstDescriptor,
  parseStraceLine,
  sockaddrIn,
  type Call,
  type Descriptor,
  type Ends,
  type StraceLine,
} from './strace-line.ts';

/** Something that happened, with its line. */
export interface Moment {
  readonly line: number;
  readonly time: LogTime;
  readonly pid: number;
}

export interface FailedCall extends Moment {
  readonly call: string;
  readonly errno: string;
}

export interface Release extends Moment {
  /** `close`, or `exit` when the process ended with it open. */
  readonly by: 'close' | 'exit';
}

export interface TracedSocket {
  /** Either may be empty, and the local address 0.0.0.0 or ::. */
  readonly local: string;
  readonly remote: string;
  /** The log shows how it came to be; otherwise what was read before is unknown. */
  readonly opened: (Moment & { readonly by: 'accept' | 'connect' }) | null;
  readonly pids: ReadonlySet<number>;
  /** Bytes that the application took. */
  readonly received: number;
  /** Every call that can take bytes is in the log, so that `received` is all of them. */
  readonly counted: boolean;
  /** SO_LINGER {1, 0}, its own or its listener's; null when never set or taken back. */
  readonly lingerZero: Moment | null;
  readonly shutdown: Moment | null;
  /** The first write behind its own shutdown. */
  readonly writeAfterShutdown: Moment | null;
  /** The first call that failed. */
  readonly failed: FailedCall | null;
  /** The last descriptor was let go. */
  readonly release: Release | null;
  /** It was closed while another thread was inside a read. */
  readonly closedUnderReader: { readonly reader: Moment; readonly closer: Moment } | null;
}

export interface ProcessEnd extends Moment {
  readonly signal: string;
  readonly status: number;
}

export interface SignalSeen extends Moment {
  readonly signal: string;
}

export interface StraceLog extends Understood {
  readonly sockets: readonly TracedSocket[];
  readonly ends: readonly ProcessEnd[];
  /** Requests to end: SIGTERM, SIGINT, SIGQUIT, SIGHUP. */
  readonly asked: readonly SignalSeen[];
}

type Draft = { -readonly [Key in keyof TracedSocket]: TracedSocket[Key] } & {
  readonly pids: Set<number>;
  references: number;
  recvCalls: number;
  uncounted: boolean;
  /** Threads inside a read of it. */
  readonly readers: Map<number, Moment>;
  /** Reads under way when it was closed. */
  pending: number;
};

interface Entry {
  readonly pid: number;
  readonly socket: Draft;
}

const READS = new Set(['read', 'readv', 'recv', 'recvfrom', 'recvmsg']);
const WRITES = new Set(['write', 'writev', 'send', 'sendto', 'sendmsg']);
const MOST_OPEN = 100_000;

export function createStraceParser(): LineParser<StraceLog> {
  const state = newState();
  return {
    line(text) {
      state.lines++;
      const line = parseStraceLine(text);
      if (line !== null) state.understood++;
      // Of which process a thread is part is told when it is attached, not what it shares.
      else if (/^strace: (?:Process|\[)/.test(text)) state.understood++;
      if (line !== null) take(state, line);
    },
    end: () => finish(state),
  };
}

interface State {
  lines: number;
  understood: number;
  dropped: number;
  readonly sockets: Draft[];
  readonly open: Map<number, Entry[]>;
  /** Let go last under this number. */
  readonly gone: Map<number, Entry>;
  readonly begun: Map<number, { readonly call: Call; readonly socket: Draft | null }>;
  /** Descriptors that a thread opened or used. */
  readonly used: Map<number, Set<number>>;
  readonly ends: ProcessEnd[];
  readonly asked: SignalSeen[];
  /** The log holds read(2) or readv(2), so that they were traced. */
  readsTraced: boolean;
  /** Rings take bytes without a call. */
  ring: boolean;
}

function newState(): State {
  return {
    lines: 0,
    understood: 0,
    dropped: 0,
    sockets: [],
    open: new Map(),
    gone: new Map(),
    begun: new Map(),
    used: new Map(),
    ends: [],
    asked: [],
    readsTraced: false,
    ring: false,
  };
}

function finish({ sockets, ends, asked, lines, understood, dropped, readsTraced, ring }: State): StraceLog {
  return {
    sockets: sockets.map((socket) => ({
      ...socket,
      counted:
        socket.opened !== null && !socket.uncounted && !ring && dropped === 0 && (readsTraced || socket.recvCalls > 0),
    })),
    ends,
    asked,
    lines,
    understood,
    dropped,
  };
}

function take(state: State, line: StraceLine): void {
  const moment: Moment = { line: state.lines, time: line.time, pid: line.pid };
  if (line.kind === 'signal') {
    if (/^SIG(?:TERM|INT|QUIT|HUP)$/.test(line.signal) && state.asked.length < MOST_EVENTS) {
      state.asked.push({ ...moment, signal: line.signal });
    }
  } else if (line.kind === 'end') end(state, { ...moment, signal: line.signal, status: line.status });
  else takeCall(state, line, moment);
}

function takeCall(state: State, call: Call, moment: Moment): void {
  if (call.name === 'read' || call.name === 'readv') state.readsTraced = true;
  if (call.name.startsWith('io_uring')) state.ring = true;
  if (call.part === 'begun') {
    const descriptor = firstDescriptor(call.args);
    const socket = descriptor === null ? null : (find(state, call.pid, descriptor)?.socket ?? null);
    if (state.begun.size < MOST_OPEN) state.begun.set(call.pid, { call, socket });
    if (socket !== null && descriptor !== null) use(state, call.pid, descriptor.fd, socket);
    if (socket !== null && READS.has(call.name)) socket.readers.set(call.pid, moment);
    // Its effect is there from now on: another thread may get the number before this line's second part.
    if (call.name === 'close' && descriptor !== null) close(state, call.pid, descriptor, moment);
    return;
  }
  let args = call.args;
  if (call.part === 'resumed') {
    const first = state.begun.get(call.pid);
    if (first === undefined || first.call.name !== call.name) return;
    state.begun.delete(call.pid);
    args = `${first.call.args}${args}`;
    if (call.name === 'close') return;
    if (READS.has(call.name)) {
      settle(first.socket, moment);
      if (first.socket !== null) read(first.socket, call, args, moment);
      return;
    }
  }
  apply(state, call, args, moment);
}

function apply(state: State, call: Call, args: string, moment: Moment): void {
  const descriptor = firstDescriptor(args);
  if (descriptor === null) {
    return;
  }
  const { name, pid, result } = call;
  if (name === 'accept' || name === 'accept4') return accept(state, call, args, descriptor, moment);
  if (name === 'socket') return;
  if (name === 'close') return call.errno === '' ? close(state, pid, descriptor, moment) : undefined;
  if (name === 'connect') return connect(state, call, args, descriptor, moment);
  if (name === 'bind' || name === 'listen') return listen(state, pid, args, descriptor, moment);
  const entry = find(state, pid, descriptor) ?? adopt(state, pid, descriptor);
  if (entry === null) return;
  const { socket } = entry;
  use(state, pid, descriptor.fd, socket);
  if (READS.has(name)) read(socket, call, args, moment);
  else if (WRITES.has(name)) write(socket, call, moment);
  else if (name === 'recvmmsg' || name === 'splice' || name === 'sendfile') socket.uncounted = true;
  else if (name === 'shutdown' && result === 0 && /SHUT_(?:WR|RDWR)/.test(args)) socket.shutdown ??= moment;
  else if (name === 'setsockopt' && result === 0 && args.includes('SO_LINGER')) {
    if (/l_onoff=1, l_linger=0\}/.test(args)) socket.lingerZero = moment;
    else socket.lingerZero = null;
  } else if (name === 'getsockname' && result === 0) socket.local = sockaddrIn(args) || socket.local;
  else if (name === 'getpeername' && result === 0) socket.remote = sockaddrIn(args) || socket.remote;
  else if (/^dup[23]?$/.test(name) || (name === 'fcntl' && args.includes('F_DUPFD'))) copy(state, call, socket, moment);
}

function read(socket: Draft, call: Call, args: string, moment: Moment): void {
  if (call.errno !== '') return fail(socket, call, moment);
  if (/\bMSG_PEEK\b/.test(args)) return;
  if (call.name.startsWith('recv')) socket.recvCalls++;
  if (call.result === null) socket.uncounted = true;
  else socket.received += call.result;
}

function write(socket: Draft, call: Call, moment: Moment): void {
  if (socket.shutdown !== null) socket.writeAfterShutdown ??= moment;
  if (call.errno !== '') fail(socket, call, moment);
}

const HARMLESS = new Set(['EAGAIN', 'EWOULDBLOCK', 'EINTR', 'EINPROGRESS', 'ERESTARTSYS', 'EALREADY']);

function fail(socket: Draft, call: Call, moment: Moment): void {
  if (!HARMLESS.has(call.errno)) socket.failed ??= { ...moment, call: call.name, errno: call.errno };
}

function accept(state: State, call: Call, args: string, listener: Descriptor, moment: Moment): void {
  if (call.result === null || call.result < 0) return;
  const parent = find(state, call.pid, listener)?.socket;
  const ends = call.resultEnds ?? { local: '', remote: '' };
  const socket = open(state, call.pid, call.result, {
    local: ends.local || listener.ends?.local || parent?.local || '',
    remote: ends.remote || sockaddrIn(args),
  });
  if (socket === null) return;
  socket.opened = { ...moment, by: 'accept' };
  // A child inherits it (sk_clone).
  socket.lingerZero = parent?.lingerZero ?? null;
}

function connect(state: State, call: Call, args: string, descriptor: Descriptor, moment: Moment): void {
  const remote = sockaddrIn(args);
  if (remote === '') return;
  const known = find(state, call.pid, descriptor)?.socket;
  const socket = known ?? open(state, call.pid, descriptor.fd, descriptor.ends ?? { local: '', remote: '' });
  if (socket === null || (call.errno !== '' && call.errno !== 'EINPROGRESS')) return;
  socket.remote = remote;
  socket.opened ??= { ...moment, by: 'connect' };
}

/** A socket before its connect or accept matters for its address and its SO_LINGER. */
function listen(state: State, pid: number, args: string, descriptor: Descriptor, moment: Moment): void {
  const local = sockaddrIn(args) || descriptor.ends?.local || '';
  if (local === '') return;
  const socket = find(state, pid, descriptor)?.socket ?? open(state, pid, descriptor.fd, { local, remote: '' });
  if (socket === null) return;
  socket.local = local;
  use(state, moment.pid, descriptor.fd, socket);
}

function open(state: State, pid: number, fd: number, ends: Ends): Draft | null {
  if (state.sockets.length >= MOST_OPEN) {
    state.dropped++;
    return null;
  }
  const socket: Draft = {
    local: ends.local,
    remote: ends.remote,
    opened: null,
    pids: new Set([pid]),
    received: 0,
    counted: false,
    lingerZero: null,
    shutdown: null,
    writeAfterShutdown: null,
    failed: null,
    release: null,
    closedUnderReader: null,
    references: 1,
    recvCalls: 0,
    uncounted: false,
    readers: new Map(),
    pending: 0,
  };
  state.sockets.push(socket);
  enter(state, pid, fd, socket);
  return socket;
}

function enter(state: State, pid: number, fd: number, socket: Draft): void {
  // The number was given out again: its close was not seen.
  const others = (state.open.get(fd) ?? []).filter((entry) => entry.pid !== pid);
  state.open.set(fd, [...others.slice(-MOST_SHARERS), { pid, socket }]);
  state.gone.delete(fd);
  use(state, pid, fd, socket);
}

function use(state: State, pid: number, fd: number, socket: Draft): void {
  socket.pids.add(pid);
  const fds = state.used.get(pid);
  if (fds !== undefined) fds.add(fd);
  else if (state.used.size < MOST_OPEN) state.used.set(pid, new Set([fd]));
}

const MOST_SHARERS = 256;

/** What is behind a descriptor: its own, by its address, or the only one. */
function find(state: State, pid: number, { fd, ends }: Descriptor): Entry | null {
  const entries = state.open.get(fd) ?? [];
  if (ends !== null && ends.remote !== '') {
    return entries.findLast(({ socket }) => isSame(socket, ends)) ?? null;
  }
  return entries.find((entry) => entry.pid === pid) ?? (entries.length === 1 ? entries[0]! : null);
}

function isSame(socket: Draft, ends: Ends): boolean {
  if (socket.remote !== ends.remote) return false;
  return socket.local === ends.local || portOfEndpoint(socket.local) === portOfEndpoint(ends.local);
}

/** One that was opened before the log began; or that another process closed, but this one still has. */
function adopt(state: State, pid: number, descriptor: Descriptor): Entry | null {
  const gone = state.gone.get(descriptor.fd);
  const { ends } = descriptor;
  if (gone !== undefined && gone.pid !== pid && (ends === null || ends.remote === '' || isSame(gone.socket, ends))) {
    gone.socket.release = null;
    gone.socket.references = 1;
    enter(state, pid, descriptor.fd, gone.socket);
    return { pid, socket: gone.socket };
  }
  if (ends === null || ends.remote === '') return null;
  const socket = open(state, pid, descriptor.fd, ends);
  return socket && { pid, socket };
}

function close(state: State, pid: number, descriptor: Descriptor, moment: Moment): void {
  const entry = find(state, pid, descriptor) ?? adopt(state, pid, descriptor);
  if (entry === null) return;
  const { socket } = entry;
  const left = (state.open.get(descriptor.fd) ?? []).filter((one) => one.socket !== socket);
  if (left.length > 0) state.open.set(descriptor.fd, left);
  else state.open.delete(descriptor.fd);
  socket.pids.add(pid);
  if (--socket.references > 0) return;
  if (state.gone.size < MOST_OPEN) state.gone.set(descriptor.fd, { pid, socket });
  socket.release = { ...moment, by: 'close' };
  for (const [reader, began] of socket.readers) {
    if (reader === pid) continue;
    socket.pending++;
    socket.closedUnderReader ??= { reader: began, closer: moment };
  }
}

/** A read keeps the file open (fs/file.c, fdget): the socket is let go when the last one returns. */
function settle(socket: Draft | null, moment: Moment): void {
  if (socket === null) return;
  socket.readers.delete(moment.pid);
  if (socket.pending === 0 || socket.release === null) return;
  socket.pending--;
  socket.release = { ...socket.release, time: moment.time };
}

function copy(state: State, call: Call, socket: Draft, moment: Moment): void {
  if (call.result === null || call.result < 0) return;
  const before = find(state, call.pid, { fd: call.result, ends: null });
  if (before?.socket === socket) return;
  if (before !== null && before.pid === call.pid) close(state, call.pid, { fd: call.result, ends: null }, moment);
  socket.references++;
  enter(state, call.pid, call.result, socket);
}

function end(state: State, ended: ProcessEnd): void {
  if (state.ends.length < MOST_EVENTS) state.ends.push(ended);
  state.begun.delete(ended.pid);
  for (const fd of state.used.get(ended.pid) ?? []) {
    const left = (state.open.get(fd) ?? []).filter(({ socket }) => !outlived(socket, ended));
    if (left.length > 0) state.open.set(fd, left);
    else state.open.delete(fd);
  }
  state.used.delete(ended.pid);
}

/** A thread that returns leaves the descriptors to the others; a signal ends them all. */
function outlived(socket: Draft, ended: ProcessEnd): boolean {
  if (!socket.pids.has(ended.pid)) return false;
  socket.readers.delete(ended.pid);
  if (ended.signal === '' && socket.pids.size > 1) {
    socket.pids.delete(ended.pid);
    return false;
  }
  socket.release ??= { line: ended.line, time: ended.time, pid: ended.pid, by: 'exit' };
  return true;
}
