/**
 * The log of `strace -f`: which process opened, read, shut, and let go of which socket, and how processes ended. Threads
 * share descriptors and forked children copy them, and the log does not say who is what: a descriptor belongs to its
 * opener, or else to the only one that is open; what cannot be told is left out.
 */
import {
  adopt,
  close,
  copy,
  find,
  leave,
  MOST_OPEN,
  newDescriptors,
  open,
  settle,
  use,
  type Descriptors,
  type Draft,
} from './strace-descriptors.ts';
import { MOST_EVENTS, type LineParser, type Understood } from './source.ts';
import {
  firstDescriptor,
  parseStraceLine,
  sockaddrIn,
  type Call,
  type Descriptor,
  type StraceLine,
} from './strace-line.ts';
import type { Moment, ProcessEnd, TracedSocket } from './traced-socket.ts';

export interface SignalSeen extends Moment {
  readonly signal: string;
}

export interface StraceLog extends Understood {
  readonly sockets: readonly TracedSocket[];
  readonly ends: readonly ProcessEnd[];
  /** Requests to end: SIGTERM, SIGINT, SIGQUIT, SIGHUP. */
  readonly asked: readonly SignalSeen[];
}

const READS = new Set(['read', 'readv', 'recv', 'recvfrom', 'recvmsg']);
const WRITES = new Set(['write', 'writev', 'send', 'sendto', 'sendmsg']);

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

interface State extends Descriptors {
  lines: number;
  understood: number;
  readonly begun: Map<number, { readonly call: Call; readonly socket: Draft | null }>;
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
    ...newDescriptors(),
    begun: new Map(),
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
  } else if (line.kind === 'end') {
    const ended: ProcessEnd = { ...moment, signal: line.signal, status: line.status };
    if (state.ends.length < MOST_EVENTS) state.ends.push(ended);
    state.begun.delete(line.pid);
    leave(state, ended);
  }
  if (line.kind === 'call') takeCall(state, line, moment);
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
