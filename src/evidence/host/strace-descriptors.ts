/**
 * Which socket is behind which descriptor. Threads share descriptors and forked children copy them, and a log does not
 * say who is what: a descriptor belongs to its opener, or else to the only one that is open under its number.
 */
import { portOfEndpoint } from './endpoint.ts';
import type { Call, Descriptor, Ends } from './strace-line.ts';
import type { Moment, ProcessEnd, TracedSocket } from './traced-socket.ts';

/** A socket while the log is read. */
export type Draft = { -readonly [Key in keyof TracedSocket]: TracedSocket[Key] } & {
  readonly pids: Set<number>;
  references: number;
  recvCalls: number;
  uncounted: boolean;
  /** Threads inside a read of it. */
  readonly readers: Map<number, Moment>;
  /** Reads under way when it was closed. */
  pending: number;
};

export interface Entry {
  readonly pid: number;
  readonly socket: Draft;
}

export interface Descriptors {
  readonly sockets: Draft[];
  readonly open: Map<number, Entry[]>;
  /** Let go last under this number. */
  readonly gone: Map<number, Entry>;
  /** Descriptors that a thread opened or used. */
  readonly used: Map<number, Set<number>>;
  /** Sockets beyond those that are kept. */
  dropped: number;
}

/** Sockets that are kept; the rest is counted. */
export const MOST_OPEN = 100_000;

export function newDescriptors(): Descriptors {
  return { sockets: [], open: new Map(), gone: new Map(), used: new Map(), dropped: 0 };
}

/** A new socket behind a descriptor; null where there are too many. */
export function open(state: Descriptors, pid: number, fd: number, ends: Ends): Draft | null {
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

function enter(state: Descriptors, pid: number, fd: number, socket: Draft): void {
  // The number was given out again: its close was not seen.
  const others = (state.open.get(fd) ?? []).filter((entry) => entry.pid !== pid);
  state.open.set(fd, [...others.slice(-MOST_SHARERS), { pid, socket }]);
  state.gone.delete(fd);
  use(state, pid, fd, socket);
}

/** A thread has to do with the socket. */
export function use(state: Descriptors, pid: number, fd: number, socket: Draft): void {
  socket.pids.add(pid);
  const fds = state.used.get(pid);
  if (fds !== undefined) fds.add(fd);
  else if (state.used.size < MOST_OPEN) state.used.set(pid, new Set([fd]));
}

const MOST_SHARERS = 256;

/** What is behind a descriptor: its own, by its address, or the only one. */
export function find(state: Descriptors, pid: number, { fd, ends }: Descriptor): Entry | null {
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
export function adopt(state: Descriptors, pid: number, descriptor: Descriptor): Entry | null {
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

/** A descriptor is given back, and with the last one the socket. */
export function close(state: Descriptors, pid: number, descriptor: Descriptor, moment: Moment): void {
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
export function settle(socket: Draft | null, moment: Moment): void {
  if (socket === null) return;
  socket.readers.delete(moment.pid);
  if (socket.pending === 0 || socket.release === null) return;
  socket.pending--;
  socket.release = { ...socket.release, time: moment.time };
}

/** dup and its kin: one socket more behind the number that the call gave. */
export function copy(state: Descriptors, call: Call, socket: Draft, moment: Moment): void {
  if (call.result === null || call.result < 0) return;
  const before = find(state, call.pid, { fd: call.result, ends: null });
  if (before?.socket === socket) return;
  if (before !== null && before.pid === call.pid) close(state, call.pid, { fd: call.result, ends: null }, moment);
  socket.references++;
  enter(state, call.pid, call.result, socket);
}

/** A process or a thread has ended. */
export function leave(state: Descriptors, ended: ProcessEnd): void {
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
