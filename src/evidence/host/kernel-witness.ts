/** What a kernel trace says of a reset: that this kernel sent it, why, and who ran. */
import type { Side } from '../../terms/actors.ts';
import type { RstRecord } from '../../flow/rst-record.ts';
import type { Evidence } from '../evidence.ts';
import type { ResetFacts } from '../facts.ts';
import type { KernelTrace, ReceiveReset, SendReset, Task, TaskExit } from './kernel-trace.ts';
import { hostEvidence, isActiveForm, secondsOf, type Ends } from './reset-ends.ts';
import { alignTrace, resetKey, type Anchor, type TraceClock } from './trace-clock.ts';
import type { Death, Source, Testimony } from './witness.ts';

export interface SentByKernel {
  /** False where only the addresses match: then the trace may be of another time. */
  readonly sure: boolean;
  readonly active: boolean;
  /** `TCP_ABORT_ON_CLOSE` and so on; empty or NOT_SPECIFIED where the kernel does not say. */
  readonly reason: string;
  readonly state: string;
  readonly task: Task | null;
  /**
   * The task went on after it: its end comes later, or is not in a trace that is whole and has the ends of others. Null
   * when the trace does not tell.
   */
  readonly wentOn: boolean | null;
}

export interface KernelTestimony extends Testimony {
  readonly sent: SentByKernel | null;
  readonly death: Death | null;
}

export interface KernelWitness {
  of(ends: Ends): KernelTestimony;
  notes(): readonly string[];
}

/** What the kernel means (include/net/rstreason.h), as the end of "because". */
const REASONS: Readonly<Record<string, string>> = {
  TCP_ABORT_ON_CLOSE: 'the socket was closed with data unread',
  TCP_STATE: 'the socket was aborted (SO_LINGER 0, a disconnect or SOCK_DESTROY)',
  TCP_ABORT_ON_MEMORY: 'the kernel was short of TCP memory or had too many orphaned sockets',
  TCP_KEEPALIVE_TIMEOUT: 'the peer left its keep-alive probes unanswered',
  TCP_ABORT_ON_LINGER: 'TCP_LINGER2 ended the wait for the peer’s FIN',
  TCP_ABORT_ON_DATA: 'data arrived after the socket was closed',
  TCP_DISCONNECT_WITH_DATA: 'the socket was disconnected with data unsent',
  TCP_TIMEWAIT_SOCKET: 'a segment arrived for a socket in TIME_WAIT',
  NO_SOCKET: 'no socket has these addresses',
  TCP_INVALID_ACK_SEQUENCE: 'the segment acknowledged what was never sent',
  TCP_FLAGS: 'the segment’s flags fit no state of the socket',
  INVALID_SYN: 'a SYN arrived inside an existing connection',
};

export function createKernelWitness({ file, log }: Source<KernelTrace>, all: readonly Ends[]): KernelWitness {
  const clock = alignTrace(log, all.flatMap(anchorsOf), Math.max(0, ...all.map(slackOf)));
  const sends = new Map<string, SendReset[]>();
  const exits = new Map<number, TaskExit[]>();
  const victims = new Map<number, number>();
  const arrivals = new Map<string, ReceiveReset[]>();
  let exitsTraced = false;
  for (const event of log.events) {
    if (event.kind === 'send-reset') push(sends, resetKey(event.from, event.to), event);
    else if (event.kind === 'exit') {
      exitsTraced = true;
      push(exits, event.pid, event);
    } else if (event.kind === 'oom') victims.set(event.pid, event.at);
    else if (event.kind === 'receive-reset') push(arrivals, resetKey(event.from, event.to), event);
  }
  let named = 0;
  /** The trace of the receiver's host shows that the RST arrived; that it does not show it being sent means nothing. */
  const received = (ends: Ends): KernelTestimony => {
    const near = arrivals
      .get(resetKey(ends.sender, ends.receiver))
      ?.find(({ at }) => clock !== null && Math.abs(at + clock.offset - ends.at) <= clock.tolerance);
    if (near === undefined) return NOTHING;
    named++;
    const text = `the kernel of ${ends.receiver} accepted the RST; who sent it is in the trace of the sender’s host`;
    return { ...NOTHING, evidence: [hostEvidence(ends, 'kernel-accepted-it', file, near.line, text)] };
  };
  const of = (ends: Ends): KernelTestimony => {
    const events = sends.get(resetKey(ends.sender, ends.receiver)) ?? [];
    if (events.length === 0) return received(ends);
    named++;
    if (clock === null) {
      return doubt(
        `${file} shows RSTs of these addresses at another time than the capture’s, or too many alike: it was not used.`,
      );
    }
    const event = pairOf(ends, events, clock);
    if (event === null) {
      return doubt(
        `${file} shows ${events.length === 1 ? 'a RST' : `${events.length} RSTs`} from ${ends.sender} to ${ends.receiver}, but which of them is this one cannot be told.`,
      );
    }
    const active = event.active ?? isActiveForm(ends.facts);
    if (active !== isActiveForm(ends.facts)) {
      return doubt(
        `${file}:${event.line} and the packet disagree: one is an abort, the other an answer. The trace was not used.`,
      );
    }
    const task = active ? event.task : null;
    const exit = task === null ? null : endOf(exits.get(task.pid) ?? [], event.at);
    const died = exit !== null && exit.at <= event.at;
    const sent: SentByKernel = {
      sure: clock.how !== 'single',
      active,
      reason: event.reason,
      state: event.state,
      task,
      wentOn: task === null ? null : exit === null ? (exitsTraced && log.whole ? true : null) : !died,
    };
    const evidence = [sentEvidence(ends, file, event, sent, clock)];
    if (died) {
      const text = `${exit.command} (pid ${exit.pid}) had ended ${ms(event.at - exit.at)} before: the RST is from the end of the process`;
      evidence.push(hostEvidence(ends, 'process-ended', file, exit.line, text));
    }
    const memory = task !== null && victims.has(task.pid) && event.at - victims.get(task.pid)! < OOM_SECONDS;
    const death: Death | null = died
      ? { pid: exit.pid, how: memory ? 'memory' : 'unknown', asked: null, sure: true }
      : null;
    return { sent, death, evidence, doubts: sent.sure ? [] : [SINGLE(file)] };
  };
  const notes = (): string[] => {
    if (log.events.length === 0) return [];
    return named > 0 ? [] : [`${file}: none of its events has the addresses of a reset of this capture`];
  };
  return { of, notes };
}

const NOTHING: KernelTestimony = { sent: null, death: null, evidence: [], doubts: [] };
/** A process with much memory takes its time to end. */
const OOM_SECONDS = 60;
const EXIT_SECONDS = 60;

const SINGLE = (file: string): string =>
  `Whether ${file} is of the same moment: only one of its events fits the capture, and its clock counts from boot. ` +
  'Write the time into the trace: echo "firsthand-clock $(date +%s.%N)" > trace_marker, or record sock:inet_sock_set_state too.';

function doubt(text: string): KernelTestimony {
  return { ...NOTHING, doubts: [text] };
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function slackOf({ facts }: Ends): number {
  return Math.min(1, ((facts.rttMs.client ?? 0) + (facts.rttMs.server ?? 0)) / 1000);
}

/** Packets that a trace of either host would show too. */
function anchorsOf(ends: Ends): Anchor[] {
  const { facts } = ends;
  const anchors: Anchor[] = [];
  for (const rst of ownRsts(facts, facts.sender)) {
    anchors.push({ key: resetKey(ends.sender, ends.receiver), at: secondsOf(facts, rst.packet.tNs) });
  }
  for (const rst of ownRsts(facts, facts.receiver)) {
    anchors.push({ key: resetKey(ends.receiver, ends.sender), at: secondsOf(facts, rst.packet.tNs) });
  }
  const openedNs = facts.half.server.synAckNs;
  if (openedNs >= 0) {
    const at = secondsOf(facts, openedNs);
    anchors.push({ key: `opened ${ends.sender} ${ends.receiver}`, at });
    anchors.push({ key: `opened ${ends.receiver} ${ends.sender}`, at });
  }
  for (const side of ['sender', 'receiver'] as const) {
    const { finNs } = facts.half[facts[side]];
    const [local, remote] = side === 'sender' ? [ends.sender, ends.receiver] : [ends.receiver, ends.sender];
    if (finNs >= 0) anchors.push({ key: `fin ${local} ${remote}`, at: secondsOf(facts, finNs) });
  }
  return anchors;
}

function ownRsts(facts: ResetFacts, side: Side): RstRecord[] {
  const number = side === 'client' ? facts.clientSide : 1 - facts.clientSide;
  return facts.rsts.filter(({ packet, duplicateOf }) => duplicateOf === null && packet.side === number);
}

/** Nothing else may be so near that it could be meant instead. */
const NEAR_SECONDS = 0.002;

/** The event of the decisive RST: the same in order where as many were sent as seen; else the only one that is near. */
function pairOf({ facts }: Ends, events: readonly SendReset[], { offset, tolerance }: TraceClock): SendReset | null {
  const seen = ownRsts(facts, facts.sender);
  const times = seen.map(({ packet }) => secondsOf(facts, packet.tNs));
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const meant = events.filter(({ at }) => at + offset >= first - tolerance && at + offset <= last + tolerance);
  const index = seen.indexOf(facts.rst);
  const at = secondsOf(facts, facts.atNs);
  const isNear = (seconds: number, limit: number): boolean => Math.abs(seconds - at) <= limit;
  if (meant.length === seen.length && facts.moreRsts[facts.sender] === 0) {
    const event = meant[index];
    return event !== undefined && isNear(event.at + offset, tolerance) ? event : null;
  }
  const near = meant.filter((event) => isNear(event.at + offset, NEAR_SECONDS));
  const rivals = meant.filter((event) => isNear(event.at + offset, tolerance)).length;
  const others = times.filter((time) => isNear(time, tolerance)).length;
  return near.length === 1 && rivals === 1 && others === 1 ? near[0]! : null;
}

/** sched_process_exit comes before the files are closed (kernel/exit.c, do_exit). */
function endOf(exits: readonly TaskExit[], at: number): TaskExit | null {
  const before = exits.findLast((exit) => exit.at <= at && at - exit.at <= EXIT_SECONDS);
  return before ?? exits.find((exit) => exit.at > at) ?? null;
}

function sentEvidence(ends: Ends, file: string, event: SendReset, sent: SentByKernel, clock: TraceClock): Evidence {
  const why = REASONS[event.reason];
  const reason = event.reason === '' ? '' : `, reason ${event.reason}${why === undefined ? '' : `: ${why}`}`;
  const state = event.state === '' || event.state === 'UNKNOWN' ? '' : `, socket in state ${event.state}`;
  const by = sent.task === null ? '' : `, in ${sent.task.command} (pid ${sent.task.pid})`;
  const text = `the kernel of ${ends.sender} sent this RST itself, ${sent.active ? 'an abort' : 'an answer to a segment'}${by}${state}${reason} (${clockWords(clock)})`;
  return hostEvidence(ends, sent.sure ? 'kernel-sent-it' : 'kernel-sent-one-like-it', file, event.line, text);
}

function clockWords({ how, events, tolerance }: TraceClock): string {
  const fits = `${events} ${events === 1 ? 'event fits' : 'events fit'} the capture within ${ms(tolerance)}`;
  if (how === 'marked') return `its clock is tied to wall time by its firsthand-clock line; ${fits}`;
  if (how === 'wall') return `its clock is wall time; ${fits}`;
  if (how === 'matched') return `its clock was found by addresses and order: ${fits}`;
  return 'its clock rests on this event alone';
}

function ms(seconds: number): string {
  return `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
}
