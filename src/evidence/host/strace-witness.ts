/** What strace says of a reset: who let go of the sender's socket at that moment, with what unread, and how. */
import type { Evidence } from '../evidence.ts';
import { portOfEndpoint } from './endpoint.ts';
import { resolveTime, zoneLike, type LogTime } from './log-time.ts';
import { hostEvidence, isActiveForm, isOnlyRst, takenByKernel, type Ends } from './reset-ends.ts';
import type { StraceLog } from './strace.ts';
import type { Moment, TracedSocket } from './traced-socket.ts';
import type { Death, Source, Testimony } from './witness.ts';

/** The sender's socket was let go when the RST was sent. */
export interface LetGo {
  readonly by: 'close' | 'exit';
  readonly pids: ReadonlySet<number>;
  /** Bytes that the kernel had taken and the application had not; null when they cannot be counted. */
  readonly unread: number | null;
  readonly lingerZero: boolean;
  /** A call on another connection of the process failed just before: it may have passed on what happened there. */
  readonly otherLegFailed: boolean;
}

export interface StraceTestimony extends Testimony {
  readonly letGo: LetGo | null;
  readonly death: Death | null;
}

export interface StraceWitness {
  of(ends: Ends): StraceTestimony;
  notes(): readonly string[];
}

/** Clocks of two hosts, and the time that a RST takes. */
const TOLERANCE = 1;
/** What causes a RST comes before it; strace stamps a call where it begins, but a resumed one where it ends. */
const BEFORE = 0.005;
/** A stop that was asked for ends, at the latest, when its grace period does. */
const GRACE_SECONDS = 120;
/** A proxy passes an end on at once. */
const PASSED_ON = 0.25;
const MOST_FAILURES = 1000;
/** strace under load prints late; another end so near cannot be told from the one that is meant. */
const SAME_MOMENT = 0.05;

export function createStraceWitness({ file, log }: Source<StraceLog>, zoneMin: number): StraceWitness {
  const byRemote = new Map<string, TracedSocket[]>();
  for (const socket of log.sockets) {
    if (socket.remote === '') continue;
    const list = byRemote.get(socket.remote);
    if (list === undefined) byRemote.set(socket.remote, [socket]);
    else list.push(socket);
  }
  /** Of each process, the connections on which a call failed. */
  const failures = new Map<number, TracedSocket[]>();
  for (const socket of log.sockets) {
    if (socket.failed === null) continue;
    const list = failures.get(socket.failed.pid);
    if (list === undefined) failures.set(socket.failed.pid, [socket]);
    else if (list.length < MOST_FAILURES) list.push(socket);
  }
  let zone: string | null = null;
  const secondsAt = (time: LogTime, near: number): number => resolveTime(time, near, zoneMin);

  const of = (ends: Ends): StraceTestimony => {
    const evidence: Evidence[] = receiverEvidence(ends);
    const own = (byRemote.get(ends.receiver) ?? []).filter((socket) => isOwn(socket, ends.sender));
    const socket = closest(own, ends);
    if (socket === null || socket.release === null) return { letGo: null, death: null, evidence, doubts: [] };
    const { release } = socket;
    const late = secondsAt(release.time, ends.at) - ends.at;
    if (Math.abs(late) > TOLERANCE) {
      zone ??= zoneLike(late, TOLERANCE);
      return { letGo: null, death: null, evidence, doubts: [] };
    }
    if (release.by === 'close' && late > (socket.closedUnderReader === null ? BEFORE : SAME_MOMENT)) {
      const text = `Whether the close in ${file}:${release.line} caused the RST: by these clocks the close came ${(late * 1000).toFixed(1)} ms after the RST.`;
      return { letGo: null, death: null, evidence, doubts: [text] };
    }
    // An error that the application met before is news of an end that came earlier.
    if (socket.failed !== null && socket.failed.line < release.line) {
      evidence.push(failureEvidence(ends, socket));
      return { letGo: null, death: null, evidence, doubts: [] };
    }
    if (!isActiveForm(ends.facts) || !isOnlyRst(ends)) return { letGo: null, death: null, evidence, doubts: [] };
    const taken = takenByKernel(ends.facts);
    const left = socket.counted && taken !== null ? taken - socket.received : null;
    const unread = left !== null && left >= 0 ? left : null;
    evidence.push(...releaseEvidence(ends, socket, taken, unread));
    const death = release.by === 'exit' ? deathOf(ends, release) : null;
    if (death !== null) evidence.push(deathEvidence(ends, release, death));
    const other = otherLeg(socket, release, ends);
    if (other !== null) evidence.push(other);
    const others = release.by === 'close' && endsNear(release, ends);
    if (others)
      return {
        letGo: null,
        death: null,
        evidence,
        doubts: [
          `Whether the close in ${file}:${release.line} or a process that ended at the same moment caused the RST.`,
        ],
      };
    return {
      letGo: {
        by: release.by,
        pids: socket.pids,
        unread,
        lingerZero: socket.lingerZero !== null,
        otherLegFailed: other !== null,
      },
      death,
      evidence,
      doubts: unread === null && release.by === 'close' ? [uncounted(ends)] : [],
    };
  };

  const closest = (sockets: readonly TracedSocket[], ends: Ends): TracedSocket | null => {
    let best: TracedSocket | null = null;
    let bestOff = Infinity;
    for (const socket of sockets) {
      if (socket.release === null) continue;
      const off = Math.abs(secondsAt(socket.release.time, ends.at) - ends.at);
      if (off < bestOff) [best, bestOff] = [socket, off];
    }
    return best;
  };

  const releaseEvidence = (
    ends: Ends,
    socket: TracedSocket,
    taken: number | null,
    unread: number | null,
  ): Evidence[] => {
    const { release, lingerZero, closedUnderReader } = socket;
    const found: Evidence[] = [];
    const say = (fact: string, line: number, text: string): void =>
      void found.push(hostEvidence(ends, fact, file, line, text));
    if (lingerZero !== null)
      say('linger-zero-set', lingerZero.line, `${who(lingerZero)} set SO_LINGER to on, 0 seconds: close() will abort`);
    if (closedUnderReader !== null) {
      const { reader, closer } = closedUnderReader;
      say(
        'closed-under-reader',
        closer.line,
        `${who(closer)} closed the socket while ${who(reader)} was reading from it (line ${reader.line}): the socket was let go when that read returned`,
      );
    }
    const rest =
      unread === null
        ? ''
        : ` with ${unread === 0 ? 'nothing' : `${unread} bytes`} unread: ${taken} bytes had arrived by the capture, ${socket.received} were read`;
    const how = release!.by === 'close' ? 'let go of the socket' : 'ended with the socket open,';
    say(unread !== null && unread > 0 ? 'closed-unread' : 'closed', release!.line, `${who(release!)} ${how}${rest}`);
    if (socket.writeAfterShutdown !== null)
      say(
        'write-after-shutdown',
        socket.writeAfterShutdown.line,
        `${who(socket.writeAfterShutdown)} wrote after its own shutdown`,
      );
    return found;
  };

  const otherLeg = (socket: TracedSocket, release: Moment, ends: Ends): Evidence | null => {
    const at = secondsAt(release.time, ends.at);
    for (const { remote, failed } of failures.get(release.pid) ?? []) {
      const before = at - secondsAt(failed!.time, at);
      if (remote === socket.remote || before < 0 || before > PASSED_ON) continue;
      const text = `${failed!.call} of ${who(failed!)} on its connection with ${remote} had failed with ${failed!.errno} just before`;
      return hostEvidence(ends, 'other-leg-failed', file, failed!.line, text);
    }
    return null;
  };

  const failureEvidence = (ends: Ends, { failed }: TracedSocket): Evidence =>
    hostEvidence(
      ends,
      'call-failed',
      file,
      failed!.line,
      `${failed!.call} of ${who(failed!)} failed with ${failed!.errno}${failed!.errno === 'ECONNABORTED' ? ', which Linux says when somebody else destroyed the socket' : ''}, before the process closed anything`,
    );

  /** The other end's own view: it corroborates that the RST arrived, and says nothing of its cause. */
  const receiverEvidence = (ends: Ends): Evidence[] => {
    const peers = (byRemote.get(ends.sender) ?? []).filter((socket) => isOwn(socket, ends.receiver));
    for (const { failed } of peers) {
      if (failed === null || Math.abs(secondsAt(failed.time, ends.at) - ends.at) > TOLERANCE) continue;
      if (!/^E(?:CONNRESET|PIPE|CONNREFUSED)$/.test(failed.errno)) continue;
      return [
        hostEvidence(
          ends,
          'receiver-noticed',
          file,
          failed.line,
          `${failed.call} of ${who(failed)} at ${ends.receiver} failed with ${failed.errno}`,
        ),
      ];
    }
    return [];
  };

  const deathOf = (ends: Ends, release: Moment): Death => {
    const end = log.ends.find(({ line }) => line === release.line);
    const at = secondsAt(release.time, ends.at);
    const request = log.asked.findLast(
      ({ line, time }) => line < release.line && at - secondsAt(time, at) < GRACE_SECONDS,
    );
    const asked =
      request !== undefined
        ? `${request.signal} (${file}:${request.line})`
        : ASKING.test(end?.signal ?? '')
          ? end!.signal
          : null;
    if (end === undefined) return { pid: release.pid, how: 'unknown', asked, sure: true };
    return { pid: release.pid, how: end.signal === '' ? 'status' : 'fault', asked, sure: true };
  };

  const deathEvidence = (ends: Ends, release: Moment, death: Death): Evidence => {
    const end = log.ends.find(({ line }) => line === release.line);
    const how =
      end === undefined ? 'ended' : end.signal === '' ? `exited with ${end.status}` : `was killed by ${end.signal}`;
    const asked = death.asked === null ? '' : `, as ${death.asked} had asked`;
    return hostEvidence(ends, 'process-ended', file, release.line, `${who(release)} ${how}${asked}`);
  };

  /** A process of the log that ended between the close and the RST may be the one that held the socket last. */
  const endsNear = (release: Moment, ends: Ends): boolean => {
    const from = secondsAt(release.time, ends.at);
    return log.ends.some(({ line, time, signal }) => {
      const at = secondsAt(time, ends.at);
      return line !== release.line && signal !== '' && at > from && at < ends.at + SAME_MOMENT;
    });
  };

  const notes = (): string[] =>
    zone === null ? [] : [`${file}: its times are ${zone} from the capture’s; give --zone ${zone} if that is its zone`];
  return { of, notes };
}

/** Signals that ask a process to end. */
const ASKING = /^SIG(?:TERM|INT|QUIT|HUP)$/;

function who({ pid }: Moment): string {
  return pid === 0 ? 'the process' : `pid ${pid}`;
}

function isOwn({ local, opened }: TracedSocket, end: string): boolean {
  if (local === end) return true;
  // The peer's port is the client's own choice and tells its connection; the server's port is everybody's.
  if (local === '') return opened?.by === 'accept';
  return /^(?:0\.0\.0\.0|\[::\]):/.test(local) && portOfEndpoint(local) === portOfEndpoint(end);
}

function uncounted(ends: Ends): string {
  return `How much of what ${ends.sender} received was unread: strace from the start of the connection, with read and readv among the traced calls.`;
}
